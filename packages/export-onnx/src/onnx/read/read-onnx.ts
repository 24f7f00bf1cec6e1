import type { ValueInfo } from '../model.ts';
import { byteLengthOf } from '../tensor-data.ts';
import { decodeModel } from './decode.ts';

/** An input or output as a file declares it; undefined where it says nothing. */
export interface DeclaredTensor {
  readonly name: string;
  /** ONNX's number for the element type. */
  readonly dtype: number | undefined;
  readonly shape: readonly (number | string)[] | undefined;
}

/** What an ONNX file declares, without its weights. */
export interface OnnxSummary {
  readonly irVersion: number;
  readonly producerName: string;
  /** Version by domain; the standard operators have domain ''. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graphName: string;
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /** Names and kinds of nodes, and of the values that they take and give, in the order of the file. */
  readonly nodes: readonly {
    readonly name: string;
    readonly opType: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  }[];
  readonly initializers: readonly string[];
  /** Bytes of each constant in the file itself, or in one beside it. */
  readonly weights: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Reads what `onnxruntime-node` does not expose: metadata, producer, operators. Fields that it does not know are left
 * alone. Throws `ExportError`: `invalid-onnx` for bytes that are not an ONNX model or contradict themselves,
 * `too-large` for more nodes and names than any model has.
 */
export function readOnnx(bytes: Uint8Array): OnnxSummary {
  const { irVersion, producerName, opset, otherOpsets, metadata, graph } = decodeModel(bytes);
  return {
    irVersion,
    producerName,
    opsets: { ...(opset > 0 && { '': opset }), ...otherOpsets },
    metadata,
    graphName: graph.name,
    inputs: graph.inputs.map(declared),
    outputs: graph.outputs.map(declared),
    nodes: graph.nodes.map(({ name, opType, inputs, outputs }) => ({
      name,
      opType,
      inputs,
      outputs,
    })),
    initializers: [...graph.initializers, ...(graph.storedInitializers ?? [])].map(
      ({ name }) => name,
    ),
    weights: [
      ...graph.initializers.map(({ name, data }) => ({ name, bytes: byteLengthOf(data) })),
      ...(graph.storedInitializers ?? []).flatMap(({ name, externalBytes: bytes }) =>
        bytes === undefined ? [] : [{ name, bytes }],
      ),
    ],
  };
}

function declared({ name, dtype, shape }: ValueInfo): DeclaredTensor {
  return { name, dtype: dtype === 0 ? undefined : dtype, shape };
}
