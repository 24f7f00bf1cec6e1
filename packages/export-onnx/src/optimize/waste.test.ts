import { expect, it } from 'vitest';
import { graphOf, node, noise } from '../../test/small-onnx.ts';
import { wasteIn } from '../../test/waste.ts';

it('waste is found where it is', () => {
  const body = graphOf([6], [node('Neg', ['c'], 'y')], {});
  const graph = graphOf(
    [6],
    [
      node('Relu', ['x'], 'a'),
      node('Relu', ['x'], 'b'),
      node('Add', ['a', 'b'], 'y'),
      node('Tanh', ['y'], 'dead'),
      node('Exp', ['c'], 'late'),
      node('Scan', ['late', 'd'], 'y2', { body: { type: 'graph', value: body } }),
    ],
    { c: noise(6), d: noise(6), unread: noise(5) },
  );
  const outputs = [...graph.outputs, { name: 'y2', dtype: 1, shape: undefined }];
  expect(wasteIn({ ...graph, outputs })).toEqual([
    'nobody reads unread',
    'nobody reads dead',
    'd is c again',
    'b_node is a_node again',
    'late_node is known before the run',
    'y_node is known before the run',
  ]);
});
