const CUT = 'Cut the model before it (cutAt), or convert the model without it.';

type Refused = readonly [reason: string, remedy: string];

const group = (
  reason: string,
  remedy: string,
  ...ops: readonly string[]
): readonly [string, Refused][] => ops.map((op) => [op, [reason, remedy]]);

/** Operations that tfjs knows and this package refuses, by name. */
export const refusedOps: Readonly<Record<string, Refused>> = Object.fromEntries([
  ...group(
    'control flow of TensorFlow 1 has no counterpart in ONNX',
    'Convert the model with --control_flow_v2=true, or unroll its recurrent layers.',
    'Enter',
    'Exit',
    'LoopCond',
    'Merge',
    'NextIteration',
    'Switch',
  ),
  ...group(
    'lists of tensors have no counterpart in ONNX',
    'Unroll the loop that fills the list (unroll=True of recurrent layers), and convert the model again.',
    'EmptyTensorList',
    'TensorArrayCloseV3',
    'TensorArrayConcatV3',
    'TensorArrayGatherV3',
    'TensorArrayReadV3',
    'TensorArrayScatterV3',
    'TensorArraySizeV3',
    'TensorArraySplitV3',
    'TensorArrayV3',
    'TensorArrayWriteV3',
    'TensorListConcat',
    'TensorListConcatV2',
    'TensorListFromTensor',
    'TensorListGather',
    'TensorListGetItem',
    'TensorListLength',
    'TensorListPopBack',
    'TensorListPushBack',
    'TensorListReserve',
    'TensorListResize',
    'TensorListScatter',
    'TensorListScatterV2',
    'TensorListSetItem',
    'TensorListSplit',
    'TensorListStack',
  ),
  ...group(
    'strings do not run on onnxruntime without extensions',
    'Do this to the data before the model, and convert the rest.',
    'StaticRegexReplace',
    'StringNGrams',
    'StringSplit',
    'StringToHashBucketFast',
  ),
  ...group(
    'hash tables have no counterpart among the standard operators of ONNX',
    'Look the values up before the model, and convert the rest.',
    'HashTable',
    'HashTableV2',
    'InitializeTable',
    'InitializeTableV2',
    'LookupTableFind',
    'LookupTableFindV2',
    'LookupTableImport',
    'LookupTableImportV2',
    'LookupTableSize',
    'LookupTableSizeV2',
  ),
  ...group(
    'ONNX has no complex numbers',
    CUT,
    'Complex',
    'ComplexAbs',
    'FFT',
    'IFFT',
    'IRFFT',
    'Imag',
    'RFFT',
    'Real',
  ),
  ...group(
    'it does not run in tfjs 4.22',
    'Convert the model without it.',
    'EnsureShape',
    'RaggedGather',
    'RaggedRange',
    'RaggedTensorToTensor',
    'SimpleMLCreateModelResource',
    'SimpleMLInferenceOpWithHandle',
    'SimpleMLLoadModelFromPathWithHandle',
  ),
  ...group(
    'ONNX has no operator for it',
    CUT,
    'BitwiseAnd',
    'BroadcastArgs',
    'CropAndResize',
    'Dilation2D',
    'ImageProjectiveTransformV3',
    'MaxPoolWithArgmax',
    'SparseFillEmptyRows',
    'SparseReshape',
    'TruncatedNormal',
  ),
]);

/** Why an operation is refused, and what to do. */
export function refusalOf(op: string): Refused {
  const known = Object.hasOwn(refusedOps, op) ? refusedOps[op] : undefined;
  return (
    known ?? [
      'there is no converter for it',
      `tfjs 4.22 may not know it either; OPS.md of export-onnx lists the operations. ${CUT}`,
    ]
  );
}
