import type { Prediction } from '@snapshot-ensemble/ensemble-runtime';
import type { OutputTensor } from '../protocol/messages.ts';

/** Which of the graph's outputs an answer needs, and how it is made of them. */
export interface OutputPlan {
  readonly names: readonly string[];
  make(prediction: Prediction): readonly OutputTensor[];
}
