import { beforeAll, describe, expect, it } from 'vitest';
import { graphOf, kinds, node, noise, run } from '../../test/small-onnx.ts';
import { int, type Graph, type Node } from '../onnx/model.ts';
import { float32, tensorData } from '../onnx/tensor-data.ts';
import { optimize } from './index.ts';

describe('optimize leaves graphs inside nodes alone:', () => {
  /** `if (sum(x) > 0) then captured · 2 else twin + named`, which read values of the graph around. */
  const branch = (name: string, ...nodes: Node[]): Graph => ({
    name,
    inputs: [],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, dtype: 1, shape: undefined }],
    nodes,
    initializers: [],
    valueInfo: [],
  });
  const graph = graphOf(
    [2, 3],
    [
      node('Relu', ['x'], 'only_captured'),
      node('Relu', ['x'], 'twin'),
      node('Neg', ['x'], 'y_before'),
      node('Identity', ['unused'], 'dead'),
      node('Identity', ['y_before'], 'renamed'),
      node('ReduceSum', ['x'], 'sum', { keepdims: int(0) }),
      node('Greater', ['sum', 'zero'], 'is_positive'),
      node('If', ['is_positive'], 'chosen', {
        then_branch: {
          type: 'graph',
          value: branch('then', node('Mul', ['only_captured', 'two'], 'then_out')),
        },
        else_branch: {
          type: 'graph',
          value: branch(
            'else',
            node('Add', ['twin', 'deuce'], 'inner'),
            node('Sub', ['inner', 'renamed'], 'else_out'),
          ),
        },
      }),
      node('Add', ['chosen', 'renamed'], 'sum_of_both'),
      node('Identity', ['sum_of_both'], 'y'),
    ],
    {
      zero: float32([], [0]),
      two: float32([], [2]),
      deuce: float32([], [2]),
      unused: float32([], [9]),
    },
  );
  let short: Graph;
  beforeAll(() => {
    short = optimize(graph);
  });

  it('what they read stays, under the name they get', async () => {
    expect(kinds(short)).toEqual(['Relu', 'Neg', 'ReduceSum', 'Greater', 'If', 'Add']);
    expect(short.initializers.map(({ name }) => name)).toEqual(['zero', 'two']);
    for (const sign of [1, -1]) {
      const signed = (given: Graph): Graph => ({
        ...given,
        nodes: [
          node('Mul', ['x', 'sign'], 'signed'),
          ...given.nodes.map((each) => ({
            ...each,
            inputs: each.inputs.map((name) => (name === 'x' ? 'signed' : name)),
          })),
        ],
        initializers: [...given.initializers, { name: 'sign', data: float32([], [sign]) }],
      });
      expect(await run(signed(short))).toEqual(await run(signed(graph)));
    }
  });

  it('a random node is not merged with its twin', () => {
    const draws = ['a', 'b'].map((name) => node('RandomNormalLike', ['x'], name));
    const given = graphOf([2, 3], [...draws, node('Sub', ['a', 'b'], 'y')], {});
    expect(kinds(optimize(given))).toEqual(['RandomNormalLike', 'RandomNormalLike', 'Sub']);
  });

  it('a constant that an input can set is none', () => {
    const given = graphOf([2, 4], [node('Gemm', ['x', 'k'], 'h'), node('Mul', ['h', 's'], 'y')], {
      k: noise(4, 4),
      s: tensorData('float32', [], Float32Array.of(2)),
    });
    const inputs = [...given.inputs, { name: 's', dtype: 1, shape: [] }];
    expect(kinds(optimize({ ...given, inputs }))).toEqual(['Gemm', 'Mul']);
    expect(kinds(optimize(given))).toEqual(['Gemm']);
  });
});
