import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../errors.ts';
import { parseInferJson, type Numbers } from './parse.ts';

const limits = { maxDepth: 100, maxValues: 1e6 };
const parse = (text: string): unknown => parseInferJson(Buffer.from(text), limits);

/** As JSON.parse has it, and with prototypes: what is compared is what was read. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function dataOf(text: string, datatype = 'INT64'): Numbers['list'] {
  const body = parse(`{"inputs":[{"datatype":"${datatype}","data":${text}}]}`);
  return (body as { inputs: { data: Numbers }[] }).inputs[0]!.data.list;
}

describe('parseInferJson', () => {
  test.prop([fc.jsonValue()])('reads what JSON.parse reads', (value) => {
    expect(plain(parse(JSON.stringify(value)))).toEqual(plain(value));
    expect(plain(parse(JSON.stringify(value, undefined, 1)))).toEqual(plain(value));
  });

  test.prop([
    fc.string({
      unit: fc.constantFrom(...Array.from('{}[]",:\\ue0-+.trlfansd19 \n')),
      maxLength: 12,
    }),
  ])('refuses what JSON.parse refuses', (text) => {
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      expect(() => parse(text)).toThrow(ServerError);
      return;
    }
    expect(plain(parse(text))).toEqual(expected);
  });

  test.prop([fc.string({ unit: fc.constantFrom('[', '{', ',', '"', '\\', 'ü'), maxLength: 50 })])(
    'counts nothing inside strings',
    (text) => {
      const bytes = Buffer.from(JSON.stringify({ id: text }));
      expect(plain(parseInferJson(bytes, { maxDepth: 1, maxValues: 2 }))).toEqual({ id: text });
    },
  );

  test.prop([fc.jsonValue({ maxDepth: 9 })])('refuses exactly what is too deep', (value) => {
    const depth = (item: unknown): number =>
      typeof item === 'object' && item !== null
        ? 1 + Math.max(0, ...Object.values(item).map(depth))
        : 0;
    const act = (): unknown =>
      parseInferJson(Buffer.from(JSON.stringify(value)), { maxDepth: 3, maxValues: 1e6 });
    if (depth(value) > 3) expect(act).toThrow('nested deeper than 3');
    else expect(plain(act())).toEqual(plain(value));
  });
});

describe('numbers of an input', () => {
  const nested = fc.letrec((tie) => ({
    list: fc.array(fc.oneof({ depthSize: 'small' }, tie('number'), tie('list')), { maxLength: 6 }),
    number: fc.double({ noNaN: true, noDefaultInfinity: true }),
  })).list;

  test.prop([nested])('are those of JSON.parse, whatever their nesting', (value) => {
    const flat = value.flat(Infinity) as number[];
    const text = JSON.stringify(value);
    expect([...dataOf(text).values]).toEqual(flat.map((number) => (number === 0 ? 0 : number)));
    expect([...dataOf(text, 'FP32').values].map(Math.fround)).toEqual(
      flat.map((number) => Math.fround(number === 0 ? 0 : number)),
    );
  });

  test.prop([fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,25})?([eE][+-]?\d{1,3})?$/)])(
    'are exact in any notation',
    (text) => {
      const exact = Number(text);
      expect(dataOf(`[${text}]`).values[0]).toBe(exact);
      expect(Math.fround(dataOf(`[${text}]`, 'FP32').values[0]!)).toBe(Math.fround(exact));
    },
  );

  // Halfway between two float32 values: a digit at the end decides.
  it.each(['1.00000005960464477539062', '1.000000059604644775390625', '1.00000005960464477539063'])(
    'round %s as the whole number does',
    (text) => {
      expect(Math.fround(dataOf(`[${text}]`, 'FP32').values[0]!)).toBe(Math.fround(Number(text)));
    },
  );

  it('take true and false, and say how many', () => {
    const { values, booleans } = dataOf('[true, [false], 7]');
    expect([[...values], booleans]).toEqual([[1, 0, 7], 2]);
  });

  it.each([
    ['[1,]', 'element 1 of inputs[0].data is ]'],
    ['[1 2]', 'inputs[0].data after element 0 is 2'],
    ['[01]', 'element 0 of inputs[0].data is 01'],
    ['[1.]', 'element 0 of inputs[0].data is 1.'],
    ['[.5]', 'element 0 of inputs[0].data is .5'],
    ['[+1]', 'element 0 of inputs[0].data is +1'],
    ['[1e]', 'element 0 of inputs[0].data is 1e'],
    ['[-]', 'element 0 of inputs[0].data is -'],
    ['[NaN]', 'NaN and Infinity are not JSON'],
    ['[-Infinity]', 'NaN and Infinity are not JSON'],
    ['["1"]', 'element 0 of inputs[0].data is "1"'],
    ['[null]', 'element 0 of inputs[0].data is null'],
    ['[{}]', 'element 0 of inputs[0].data is {'],
    ['[truth]', 'element 0 of inputs[0].data is truth'],
  ])('refuse %s', (text, message) => {
    expect(() => dataOf(text)).toThrow(message);
  });

  it('are counted against the limit', () => {
    const text = `{"inputs":[{"data":[${'1,'.repeat(5000)}1]}]}`;
    expect(() => parseInferJson(Buffer.from(text), { maxDepth: 9, maxValues: 2000 })).toThrow(
      'holds more than 2000 values',
    );
  });
});
