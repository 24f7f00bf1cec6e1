import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { attr, graphModel, placeholder } from '../../test/graph-def.ts';
import { float, func, held, int, shareOfGate } from '../../test/small-graphs.ts';
import { readOnnx } from '../index.ts';

describe('control flow of TensorFlow 2', () => {
  it.each(['If', 'StatelessIf'])('%s runs the branch that the run decides', async (op) => {
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [-1, 3]),
        { name: 'sum', op: 'Sum', input: ['x', 'axes'], attr: { keep_dims: attr.bool(false) } },
        { name: 'more', op: 'Greater', input: ['sum', 'zero'] },
        {
          name: 'y',
          op,
          input: ['more', 'x', 'scale'],
          attr: { then_branch: attr.func('yes'), else_branch: attr.func('no') },
        },
      ],
      [
        held('axes', 'int32', [2], 0, 1),
        held('zero', 'float32', [], 0),
        held('scale', 'float32', [3], 2, 3, 4),
        held('no/shift', 'float32', [], -1),
      ],
      { y: 'y:0' },
      [
        func('yes', ['a', 'b'], ['out'], [{ name: 'mul', op: 'Mul', input: ['a', 'b'] }], {
          out: 'mul:z:0',
        }),
        func(
          'no',
          ['a', 'b'],
          ['out'],
          [
            { name: 'no/shift', op: 'Const', attr: { dtype: attr.type('float32') } },
            { name: 'add', op: 'AddV2', input: ['a', 'no/shift:output:0'] },
          ],
          { out: 'add:z:0' },
        ),
      ],
    );
    const sets = [{ x: float([1, 3], 1, 2, 3) }, { x: float([2, 3], -1, -2, -3, 0, 1, 2) }];
    expect(await shareOfGate(artifacts, sets)).toBeLessThan(1);
    expect(readOnnx(exportOnnx(artifacts).bytes).nodes.map(({ opType }) => opType)).toContain('If');
  });

  it('a condition that is known takes its branch alone', () => {
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [2]),
        {
          name: 'y',
          op: 'StatelessIf',
          input: ['yes_flag', 'x'],
          attr: { then_branch: attr.func('yes'), else_branch: attr.func('no') },
        },
      ],
      [held('yes_flag', 'bool', [], 1)],
      { y: 'y:0' },
      [
        func('yes', ['a'], ['out'], [{ name: 'abs', op: 'Abs', input: ['a'] }], { out: 'abs:y:0' }),
        func('no', ['a'], ['out'], [{ name: 'neg', op: 'Neg', input: ['a'] }], { out: 'neg:y:0' }),
      ],
    );
    expect(readOnnx(exportOnnx(artifacts).bytes).nodes.map(({ opType }) => opType)).toEqual([
      'Abs',
    ]);
  });

  it.each(['While', 'StatelessWhile'])('%s repeats until its condition is false', async (op) => {
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [-1, 2]),
        placeholder('count', 'int32', []),
        {
          name: 'y',
          op,
          input: ['zero', 'x', 'count'],
          attr: { cond: attr.func('going'), body: attr.func('round') },
        },
        { name: 'last', op: 'Identity', input: ['y:1'] },
        { name: 'steps', op: 'Identity', input: ['y'] },
      ],
      [
        held('zero', 'int32', [], 0),
        held('round/one', 'int32', [], 1),
        held('round/half', 'float32', [], 0.5),
      ],
      { y: 'last:0', steps: 'steps:0' },
      [
        func('going', ['i', 'v', 'n'], ['out'], [{ name: 'less', op: 'Less', input: ['i', 'n'] }], {
          out: 'less:z:0',
        }),
        func(
          'round',
          ['i', 'v', 'n'],
          ['a', 'b', 'c'],
          [
            { name: 'round/one', op: 'Const', attr: { dtype: attr.type('int32') } },
            { name: 'round/half', op: 'Const', attr: { dtype: attr.type('float32') } },
            { name: 'next', op: 'AddV2', input: ['i', 'round/one:output:0'] },
            { name: 'scaled', op: 'Mul', input: ['v', 'round/half:output:0'] },
            { name: 'float', op: 'Cast', input: ['i'], attr: { DstT: attr.type('float32') } },
            { name: 'sum', op: 'AddV2', input: ['scaled:z:0', 'float:y:0'] },
            { name: 'same', op: 'Identity', input: ['n'] },
          ],
          { a: 'next:z:0', b: 'sum:z:0', c: 'same:output:0' },
        ),
      ],
    );
    const sets = [0, 1, 5].map((count) => ({
      x: float([2, 2], 1, -2, 3, 4),
      count: int([], count),
    }));
    expect(await shareOfGate(artifacts, sets)).toBeLessThan(1);
  });
});
