import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import type { ModelArtifacts, NamedTensor, SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { mean } from '../../test/bundles.ts';
import { exportEnsemble } from '../../test/checked-export.ts';
import { artifactsOf, tf } from '../../test/tfjs.ts';

const { layers } = tf;

describe('memory', () => {
  /** Three members that share their first layer, as a store that counts who is read and how often. */
  async function countingStore(): Promise<{
    store: SnapshotStore;
    reads: string[];
    all: readonly ModelArtifacts[];
  }> {
    const [shared] = tf
      .sequential({ layers: [layers.dense({ units: 64, inputShape: [64] })] })
      .getWeights();
    const all = await Promise.all(
      [0, 1, 2].map((seed) => {
        const model = tf.sequential({
          layers: [
            layers.dense({ units: 64, inputShape: [64], name: 'x' }),
            layers.dense({
              units: 64,
              kernelInitializer: tf.initializers.glorotUniform({ seed }),
              name: 'y',
            }),
          ],
        });
        model.layers[0]!.setWeights([shared!, tf.zeros([64])]);
        return artifactsOf(model);
      }),
    );
    const reads: string[] = [];
    const member = (index: number) => ({
      id: `m${index}`,
      cycle: index,
      step: index,
      learningRate: 0,
      metrics: {},
      key: '',
      sha256: '',
      bytes: 0,
    });
    const store = {
      readManifest: () =>
        Promise.resolve({ run: 'r', createdAt: '', versions: {}, members: [0, 1, 2].map(member) }),
      readModel: () =>
        Promise.resolve({
          format: 'tfjs-layers-model',
          topology: all[0]!.modelTopology,
          weights: [],
        }),
      async *readMember(id: string): AsyncGenerator<NamedTensor> {
        reads.push(id);
        const { weightSpecs, weightData } = all[Number(id.slice(1))]!;
        let offset = 0;
        for (const { name, shape } of all[0]!.weightSpecs) {
          const length = shape.reduce((product, side) => product * side, 1);
          yield await Promise.resolve({
            name,
            shape,
            dtype: 'float32' as const,
            data: new Float32Array(weightData as ArrayBuffer, offset, length),
          });
          offset += 4 * length;
        }
        expect(weightSpecs.length).toBe(4);
      },
    };
    return { store: store as unknown as SnapshotStore, reads, all };
  }

  it('reads each member of a store twice, one after the other, and writes what it would with all at hand', async () => {
    const { store, reads, all } = await countingStore();
    const [streamed, held] = [memoryBundle(), memoryBundle()];
    await exportEnsemble(store, streamed, { policy: mean('regression', 3) });
    expect(reads).toEqual(['m0', 'm1', 'm2', 'm0', 'm1', 'm2']);
    const { modelTopology, weightSpecs } = all[0]!;
    await exportEnsemble(
      all.map((artifacts) => ({ ...artifacts, modelTopology, weightSpecs })),
      held,
      { policy: mean('regression', 3) },
    );
    expect(streamed.files.get('ensemble.onnx')).toEqual(held.files.get('ensemble.onnx'));
    // The layer that all share is stored once: one member's two layers and two more.
    expect(streamed.files.get('ensemble.onnx')!.length).toBeLessThan(4 * 4 * 64 * 65 + 6000);
  });

  it('puts weights into a file of their own where asked to', async () => {
    const { store } = await countingStore();
    const bundle = memoryBundle();
    const { manifest } = await exportEnsemble(store, bundle, {
      policy: mean('regression', 3),
      externalData: true,
    });
    expect(Object.keys(manifest.files)).toEqual(['ensemble.onnx.data', 'ensemble.onnx', 'CARD.md']);
    const session = await ort.InferenceSession.create(bundle.files.get('ensemble.onnx')!, {
      externalData: [{ path: 'ensemble.onnx.data', data: bundle.files.get('ensemble.onnx.data')! }],
    });
    expect(session.outputNames).toContain('y');
    await session.release();
  });
});
