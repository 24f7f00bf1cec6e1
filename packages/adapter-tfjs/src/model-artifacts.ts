import type { ModelArtifacts, WeightSpec } from '@snapshot-ensemble/snapshot-core';

import type { LayersModel } from './tf.ts';

/** Returns a model as data: topology and weights, without its optimizer. What `export-onnx` takes. */
export async function modelArtifacts(model: LayersModel): Promise<ModelArtifacts> {
  let artifacts: ModelArtifacts | undefined;
  await model.save({
    save({ modelTopology, weightSpecs, weightData }) {
      artifacts = {
        modelTopology: modelTopology as object,
        weightSpecs: weightSpecs as readonly WeightSpec[],
        weightData: weightData!,
      };
      const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: 'JSON' as const };
      return Promise.resolve({ modelArtifactsInfo });
    },
  });
  return artifacts!;
}
