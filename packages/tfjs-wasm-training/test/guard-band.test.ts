import { beforeAll, describe, expect, it } from 'vitest';
import { noiseTensor, prepareBackends, tf } from './backends.ts';

beforeAll(async () => {
  await prepareBackends();
  await tf.setBackend('wasm');
});

const band = 64;
const sentinel = -123456.75;

interface Heap {
  readonly wasm: {
    _malloc: (bytes: number) => number;
    _free: (at: number) => void;
    HEAPU8: Uint8Array;
    /** The functions themselves: what stands under `_malloc` and `_free` puts these in its place when first called. */
    readonly asm: {
      readonly malloc: (bytes: number) => number;
      readonly free: (at: number) => void;
    };
  };
}

/** Numbers around every block that the allocator gives out: sentinels that a write outside would change, NaN that a read would bring in. */
class Guards {
  readonly #module: Heap['wasm'];
  readonly #original: Heap['wasm']['asm'];
  readonly #blocks = new Map<number, { readonly start: number; readonly bytes: number }>();
  /** Blocks whose surroundings were found changed. */
  broken = 0;

  constructor(fill: number) {
    this.#module = (tf.backend() as unknown as Heap).wasm;
    this.#original = this.#module.asm;
    this.#module._malloc = (bytes) => {
      const rounded = Math.ceil(bytes / 4) * 4;
      const start = this.#original.malloc(rounded + 2 * band * 4);
      const whole = new Float32Array(this.#module.HEAPU8.buffer, start, rounded / 4 + 2 * band);
      whole.fill(fill);
      const at = start + band * 4;
      this.#blocks.set(at, { start, bytes: rounded });
      return at;
    };
    this.#module._free = (at) => {
      const block = this.#blocks.get(at);
      if (block === undefined) {
        this.#original.free(at);
        return;
      }
      this.#check(block, fill);
      this.#blocks.delete(at);
      this.#original.free(block.start);
    };
  }

  #check({ start, bytes }: { readonly start: number; readonly bytes: number }, fill: number): void {
    const bands = [start, start + band * 4 + bytes].map(
      (from) => new Float32Array(this.#module.HEAPU8.buffer, from, band),
    );
    if (bands.some((numbers) => numbers.some((number) => !Object.is(number, fill)))) this.broken++;
  }

  /** Checks what is still allocated and gives the allocator back. */
  release(): void {
    for (const block of this.#blocks.values()) this.#check(block, Math.fround(sentinel));
    this.#module._malloc = (bytes) => this.#original.malloc(bytes);
    this.#module._free = (at) => {
      const block = this.#blocks.get(at);
      this.#blocks.delete(at);
      this.#original.free(block?.start ?? at);
    };
  }
}

type Run = () => tf.Tensor | tf.Tensor[];
const gradients =
  (f: (...xs: tf.Tensor[]) => tf.Tensor, ...shapes: number[][]): Run =>
  () => {
    const xs = shapes.map((shape, i) => noiseTensor(shape, i + 1));
    return [...tf.grads(f)(xs, noiseTensor(f(...xs).shape, 9)), f(...xs)];
  };
const four = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;
const five = (x: tf.Tensor): tf.Tensor5D => x as tf.Tensor5D;

const runs: Record<string, Run> = {
  'conv2d 3 → 5': gradients(
    (x, w) => tf.conv2d(four(x), four(w), 1, 'same'),
    [2, 5, 6, 3],
    [3, 3, 3, 5],
  ),
  'conv2d 1 → 9, stride 2': gradients(
    (x, w) => tf.conv2d(four(x), four(w), 2, 'valid'),
    [2, 7, 6, 1],
    [3, 2, 1, 9],
  ),
  'conv2d 8 → 16 in tiles': gradients(
    (x, w) => tf.conv2d(four(x), four(w), 1, 'same'),
    [2, 5, 7, 8],
    [3, 3, 8, 16],
  ),
  'conv2d 8 → 8 in many tiles': gradients(
    (x, w) => tf.conv2d(four(x), four(w), 1, 'valid'),
    [3, 22, 19, 8],
    [3, 3, 8, 8],
  ),
  'fused conv2d with bias in tiles': gradients(
    (x, filter, bias) =>
      tf.fused.conv2d({ x: four(x), filter: four(filter), bias, strides: 1, pad: 'same' }),
    ...[[2, 5, 5, 8], [3, 3, 8, 8], [8]],
  ),
  'prelu with alpha repeated': gradients((x, alpha) => tf.prelu(x, alpha), [2, 3, 5], [3, 1]),
  'conv2d 2 → 3, dilation 2': gradients(
    (x, w) => tf.conv2d(four(x), four(w), 1, 'same', 'NHWC', 2),
    [1, 6, 5, 2],
    [3, 3, 2, 3],
  ),
  'conv2d with wide padding': gradients(
    (x, w) => tf.conv2d(four(x), four(w), 2, 3, 'NHWC', 1, 'floor'),
    [1, 5, 5, 2],
    [2, 2, 2, 3],
  ),
  conv3d: gradients(
    (x, w) => tf.conv3d(five(x), five(w), 2, 'same'),
    [2, 3, 4, 5, 3],
    [2, 3, 2, 3, 5],
  ),
  'depthwise, multiplier 2': gradients(
    (x, w) => tf.depthwiseConv2d(four(x), four(w), 2, 'same'),
    [2, 5, 6, 3],
    [3, 3, 3, 2],
  ),
  depthwise: gradients(
    (x, w) => tf.depthwiseConv2d(four(x), four(w), 1, 'same'),
    [2, 5, 6, 9],
    [3, 3, 9, 1],
  ),
  maxPool: gradients((x) => tf.maxPool(four(x), 3, 2, 'same'), [2, 5, 6, 7]),
  avgPool: gradients((x) => tf.avgPool(four(x), 3, 2, 'same'), [2, 5, 6, 7]),
  maxPool3d: gradients((x) => tf.maxPool3d(five(x), 2, 2, 'same'), [1, 3, 4, 5, 3]),
  avgPool3d: gradients((x) => tf.avgPool3d(five(x), 2, 2, 'same'), [1, 3, 4, 5, 3]),
  resizeNearest: gradients((x) => tf.image.resizeNearestNeighbor(four(x), [7, 5]), [2, 3, 4, 3]),
  resizeBilinear: gradients(
    (x) => tf.image.resizeBilinear(four(x), [7, 5], false, true),
    [2, 3, 4, 3],
  ),
  batchNorm: gradients(
    (x, m, v, o, s) =>
      tf.batchNorm(
        four(x),
        m as tf.Tensor1D,
        v.abs() as tf.Tensor1D,
        o as tf.Tensor1D,
        s as tf.Tensor1D,
      ),
    ...[[2, 3, 4, 5], [5], [5], [5], [5]],
  ),
  matMul: gradients((a, b) => tf.matMul(a, b), [5, 7], [7, 9]),
  'matMul in batches': gradients((a, b) => tf.matMul(a, b, true, true), [2, 3, 5], [2, 7, 3]),
  sum: gradients((x) => tf.sum(x, [0, 1]), [3, 5, 7]),
  mean: gradients((x) => tf.mean(x, 1), [3, 5, 7]),
  relu: gradients((x) => tf.relu6(tf.relu(x)).square(), [3, 5]),
  clip: gradients((x) => tf.clipByValue(x, -0.4, 0.6), [3, 5]),
  tile: gradients((x) => tf.tile(x, [2, 3]), [3, 5]),
  gather: gradients((x) => tf.gather(x, tf.tensor1d([0, 4, 4], 'int32')), [5, 3]),
  dilation2d: gradients(
    (x, w) => tf.dilation2d(four(x), w as tf.Tensor3D, 1, 'same', 1, 'NHWC'),
    [2, 4, 5, 3],
    [2, 3, 3],
  ),
};

function guarded(fill: number, run: Run): { readonly values: number[]; readonly broken: number } {
  const guards = new Guards(fill);
  try {
    const values = tf.tidy(() => [run()].flat().flatMap((t) => [...t.dataSync()]));
    return { values, broken: guards.broken };
  } finally {
    guards.release();
  }
}

describe('no kernel touches what lies around its tensors and its scratch memory', () => {
  it.each(Object.entries(runs))('%s', (_, run) => {
    expect(guarded(Math.fround(sentinel), run).broken).toBe(0);
    expect(guarded(NaN, run).values.some(Number.isNaN)).toBe(false);
  });

  it('sees a write one number too far', () => {
    const spill: Run = () => {
      const tensor = tf.zeros([3]);
      const backend = tf.backend() as unknown as Heap & {
        dataIdMap: { get: (id: object) => { memoryOffset: number } };
      };
      const at = backend.dataIdMap.get(tensor.dataId).memoryOffset;
      new Float32Array(backend.wasm.HEAPU8.buffer, at, 4)[3] = 1;
      return tensor.clone();
    };
    expect(guarded(Math.fround(sentinel), spill).broken).toBeGreaterThan(0);
  });
});
