// @ts-check
import { describe, expect, it } from 'vitest';
import { firstMissing } from './demo-check.mjs';

const printed = [
  'epoch 1  loss 0.5',
  'epoch 2  loss 0.4',
  '',
  'error 1.99 %',
  'differ by at most 7.5e-7',
  'Serving it on http://127.0.0.1:40001; asking',
  '  image 6572: a 7,  33.6 % sure',
].join('\n');

describe('firstMissing', () => {
  it.each([
    ['the same', printed],
    ['a beginning', 'epoch 1  loss 0.5'],
    ['lines left out', 'epoch 1  loss 0.5\n…\nerror 1.99 %'],
    [
      'another machine',
      printed.replace('40001', '40002').replace('7.5e-7', '6e-7').replace('33.6', '33.5'),
    ],
  ])('is satisfied by %s', (_, block) => {
    expect(firstMissing(block, printed)).toBeUndefined();
  });

  it.each([
    ['another number', 'epoch 1  loss 0.6', 'epoch 1  loss 0.6'],
    ['a line left out in silence', 'epoch 1  loss 0.5\nerror 1.99 %', 'error 1.99 %'],
    ['another order', '…\nepoch 2  loss 0.4\n…\nepoch 1  loss 0.5', 'epoch 1  loss 0.5'],
    ['another answer', '…\n  image 6572: a 1,  33.6 % sure', '  image 6572: a 1,  33.6 % sure'],
    ['more than was printed', `${printed}\ndone`, 'done'],
  ])('finds %s', (_, block, line) => {
    expect(firstMissing(block, printed)).toBe(line);
  });
});
