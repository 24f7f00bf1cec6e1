import { logOdds, sigmoid } from '../combine/two-sided.ts';
import { checkValues, isTwoSided, type ProbabilityKind } from '../kinds.ts';
import { checkOptions } from '../options.ts';
import { safeLog, softmaxRow } from '../softmax.ts';
import type { Floats, Outputs } from '../shapes.ts';

export interface ApplyTemperatureOptions {
  /** What the values are. Default `'probabilities'`; others must be stated. */
  readonly kind?: ProbabilityKind;
  /** Where to write; may be the values themselves. Default a new Float64Array. */
  readonly into?: Floats;
}

/**
 * softmax(ln p / temperature) of each row, of binary and multi-label values σ(ln(p / (1 − p)) / temperature). Above 1
 * flattens, below 1 sharpens, 1 changes nothing and returns its argument where there is nowhere to write to. Guo et
 * al. 2017, §4.2, on the pooled prediction.
 */
export function applyTemperature(
  outputs: Outputs,
  temperature: number,
  options: ApplyTemperatureOptions = {},
): Outputs {
  checkOptions('applyTemperature', options, { kind: true, into: true });
  const { kind = 'probabilities', into } = options;
  checkTemperature('applyTemperature', temperature);
  checkValues('applyTemperature', kind, outputs);
  const { data, rows, classes } = outputs;
  if (temperature === 1) {
    if (into !== undefined && into !== data) into.set(data);
    return { data: into ?? data, rows, classes };
  }
  const out = into ?? new Float64Array(data.length);
  if (isTwoSided(kind)) {
    for (let i = 0; i < data.length; i++) out[i] = sigmoid(logOdds(data[i]!) / temperature);
    return { data: out, rows, classes };
  }
  const logs = new Float64Array(classes);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < classes; c++) logs[c] = safeLog(data[row * classes + c]!);
    softmaxRow(logs, 0, classes, 1 / temperature, out, row * classes);
  }
  return { data: out, rows, classes };
}

export function checkTemperature(where: string, temperature: number): void {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`${where}: temperature is ${temperature}; it must be finite and above 0.`);
  }
}
