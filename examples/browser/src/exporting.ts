import * as tf from '@tensorflow/tfjs';
import { loadMembers } from '@snapshot-ensemble/adapter-tfjs';
import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime/web';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';
import * as ort from 'onnxruntime-web/wasm';

export interface Exported {
  /** The graph: all members and their mean. */
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** Probability of class 1 at each point, computed by onnxruntime-web. */
  readonly probabilities: Float32Array;
  /** How far the members disagree at each point, in nats. */
  readonly disagreement: Float32Array;
  /** The largest difference between onnxruntime-web and TensorFlow.js. */
  readonly difference: number;
}

/** Exports the members of a store, runs the graph on `points` (`[n, 2]`), and compares it with TensorFlow.js. */
export async function exportAndRun(store: string, points: Float32Array): Promise<Exported> {
  ort.env.wasm.numThreads = 1; // more need a page that is cross-origin isolated
  const loaded = await loadMembers(tf, store);
  const bundle = memoryBundle();
  await exportEnsemble(defaultStore(store), bundle, {
    policy: meanPolicy(
      'probabilities',
      loaded.members.map((_, index) => index),
    ),
  });
  const inputs = tf.tensor2d(points, [points.length / 2, 2]);
  const expected = await loaded.predict(inputs);
  const ensemble = await loadEnsemble(bundle, { executor: { ort } });
  const { outputs } = await ensemble.predict(points);
  await ensemble.close();

  const both = outputs['arm']!.data as Float32Array;
  const byTfjs = await expected.data<'float32'>();
  tf.dispose([inputs, expected]);
  loaded.dispose();
  const [, onnx] = [...bundle.files].find(([path]) => path.endsWith('ensemble.onnx'))!;
  return {
    onnx: new Uint8Array(onnx),
    probabilities: both.filter((_, index) => index % 2 === 1),
    disagreement: outputs['arm.mutual_information']!.data as Float32Array,
    difference: both.reduce((most, value, i) => Math.max(most, Math.abs(value - byTfjs[i]!)), 0),
  };
}
