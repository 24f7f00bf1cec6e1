import { invalidTopology } from '../artifacts/json.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { Refusal } from '../graph/refusal.ts';
import { BATCH } from '../graph/shapes.ts';
import type { Value } from '../graph/value.ts';
import { readConfig, type Config } from '../keras/config.ts';
import type { ModelSpec } from '../keras/topology.ts';
import type { Dim } from '../onnx/model.ts';

/** One graph input per input of the model, under the names given. */
export function graphInputs(
  graph: GraphBuilder,
  model: ModelSpec,
  names: readonly string[],
  inputLayout: 'nhwc' | 'nchw',
): readonly Value[] {
  return model.inputs.map(({ layer }, index) => {
    const spec = model.layers.get(layer)!;
    const name = names[index]!;
    const config = readConfig(spec.config);
    if (spec.className !== 'InputLayer')
      throw invalidTopology(
        spec.name,
        `is an input of class ${spec.className}, must be an InputLayer`,
      );
    if (config.raw('sparse') === true)
      throw invalidTopology(
        spec.name,
        'is a sparse input, which ONNX does not have; make it dense',
      );
    const shape = readShape(config.raw('batchInputShape'), name, spec.name);
    const dtype = readDtype(config, spec.name);
    const isSpatial = inputLayout === 'nchw' && shape.length >= 4;
    return graph.input(name, dtype, shape, isSpatial ? 'channelsFirst' : 'plain');
  });
}

function readDtype(config: Config, layer: string): 'float32' | 'int32' | 'bool' {
  try {
    return config.choice('dtype', ['float32', 'int32', 'bool'], 'float32');
  } catch (error) {
    if (error instanceof Refusal)
      throw invalidTopology(layer, `is an input whose ${error.message}`);
    throw error;
  }
}

function readShape(json: unknown, name: string, layer: string): readonly Dim[] {
  if (!Array.isArray(json) || json.length === 0)
    throw invalidTopology(
      layer,
      `has batch_input_shape ${JSON.stringify(json)}, must be a list that starts with the batch`,
    );
  return json.map((dim: unknown, axis): Dim => {
    if (dim === null || dim === -1) return axis === 0 ? BATCH : `${name}_dim${axis}`;
    if (Number.isSafeInteger(dim) && (dim as number) > 0) return dim as number;
    throw invalidTopology(
      layer,
      `has the dimension ${JSON.stringify(dim)} in its batch_input_shape`,
    );
  });
}
