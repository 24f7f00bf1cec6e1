import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../test/checked-export.ts';
import { artifactsOf, predictor, randomizeWeights, tf } from '../test/tfjs.ts';
import { anyLayout, binary, concat, int, unary, type LayerConverter } from './converter.ts';
import { checkParity, layerConverters, parityInputs } from './index.ts';

/** Softmax over rows of an image, x · sigmoid(x) and a running sum: what each axis means decides the result. */
class Odd extends tf.layers.Layer {
  static readonly className = 'Odd';
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return tf.tidy(() => x.cumsum(1).sub(x.sigmoid()).concat(x, 1));
  }
  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return [shape[0]!, shape[1]! * 2, ...shape.slice(2)];
  }
}

const natural: LayerConverter = (_, [x], graph) => {
  const axis = graph.constant('axis', {
    dtype: 'int32',
    shape: [],
    sources: [Int32Array.of(1)],
    recipe: '',
    read: () => Int32Array.of(1),
  });
  const sum = graph.op('CumSum', [x, axis], x!);
  return concat(graph, [binary(graph, 'Sub', sum, unary(graph, 'Sigmoid', x!)), x!], 1);
};

/** The same by converters of this package in between, whose values may lie in any layout. */
const composed: LayerConverter = (layer, [x], graph) => {
  const one = { class_name: 'Conv2D', config: { filters: 3, kernel_size: 1, use_bias: false } };
  const [image] = layer.inner(one, 'inner').convert([x!], graph, undefined);
  const axis = int(1);
  const shape = [image!.shape[0]!, 16, ...image!.shape.slice(2)];
  return graph.op('Concat', [image, x], { dtype: 'float32', shape }, { axis });
};

async function parityOf(
  layers: readonly tf.layers.Layer[],
  converters: Readonly<Record<string, LayerConverter>>,
): Promise<number> {
  const model = tf.sequential({ layers: [...layers] });
  randomizeWeights(model, 3);
  const artifacts = await artifactsOf(model);
  const { bytes, inputs, outputs } = exportOnnx(artifacts, {
    converters: { ...layerConverters, ...converters },
  });
  const predict = predictor(
    model,
    outputs.map(({ name }) => name),
  );
  const sets = parityInputs(artifacts, inputs).slice(0, 2);
  const [result] = await checkParity({ bytes, ort, inputs: sets, predict });
  return result!.largestDifference;
}

const options = { filters: 3, kernelSize: 1, activation: 'tanh' } as const;
const first = (): tf.layers.Layer => tf.layers.conv2d({ ...options, inputShape: [8, 5, 2] });
const conv = (): tf.layers.Layer => tf.layers.conv2d(options);

describe('a converter of the user', () => {
  it.each([
    ['in between convolutions', (): tf.layers.Layer[] => [first(), new Odd({}), conv()]],
    ['after Flatten', (): tf.layers.Layer[] => [first(), tf.layers.flatten(), new Odd({})]],
  ])('gets plain values %s', async (_, layers) => {
    expect(await parityOf(layers(), { Odd: natural })).toBeLessThan(1e-5);
  });

  it('that takes values as they lie finds out that axes move', async () => {
    const layers = [first(), new Odd({}), conv()];
    const raw = anyLayout((layer, inputs, graph) => natural(layer, inputs, graph));
    expect(await parityOf(layers, { Odd: raw })).toBeGreaterThan(0.1);
  });

  it('uses converters of this package', async () => {
    class Branch extends tf.layers.Layer {
      static readonly className = 'Branch';
      kernel!: tf.LayerVariable;
      override build(shape: tf.Shape): void {
        this.kernel = this.addWeight(
          'inner/kernel',
          [1, 1, 3, 3],
          'float32',
          tf.initializers.ones(),
        );
        super.build(shape);
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
        return tf.tidy(() =>
          tf.conv2d(x, this.kernel.read() as tf.Tensor4D, 1, 'valid').concat(x, 1),
        );
      }
      override computeOutputShape(shape: tf.Shape): tf.Shape {
        return [shape[0]!, shape[1]! * 2, ...shape.slice(2)];
      }
    }
    const layers = [first(), new Branch({}), conv()];
    expect(await parityOf(layers, { Branch: composed })).toBeLessThan(1e-5);
  });

  it('sees its inputs without masks, and is told of them', async () => {
    const seen: unknown[] = [];
    const look: LayerConverter = (layer, [x]) => {
      seen.push(x!.mask, layer.inputMasks.length, layer.inputMasks[0]?.dtype);
      return x!;
    };
    const model = tf.sequential({
      layers: [
        tf.layers.masking({ inputShape: [4, 2] }),
        tf.layers.dropout({ rate: 0.5, name: 'drop' }),
      ],
    });
    exportOnnx(await artifactsOf(model), { converters: { ...layerConverters, Dropout: look } });
    expect(seen.slice(0, 3)).toEqual([undefined, 1, 'bool']);
  });
});
