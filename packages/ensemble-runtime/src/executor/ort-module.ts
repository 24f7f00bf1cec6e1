import type * as Ort from 'onnxruntime-common';

/** The part of onnxruntime that is used; the modules onnxruntime-node and onnxruntime-web both fit. */
export type OrtModule = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'env'>;
