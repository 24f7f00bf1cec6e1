import { checkProbabilities } from '../check.ts';
import { safeLog, softmaxRow } from '../softmax.ts';
import type { Floats, Outputs } from '../shapes.ts';

/**
 * softmax(ln p / temperature) of each row: `[rows, classes]`. Above 1 flattens, below 1 sharpens, 1 changes nothing
 * and returns its argument where there is nowhere to write to. Guo et al. 2017, §4.2, on the pooled prediction.
 */
export function applyTemperature(
  probabilities: Outputs,
  temperature: number,
  into?: Floats,
): Outputs {
  checkTemperature('applyTemperature', temperature);
  checkProbabilities('applyTemperature', probabilities);
  const { data, rows, classes } = probabilities;
  if (temperature === 1) {
    if (into !== undefined && into !== data) into.set(data);
    return { data: into ?? data, rows, classes };
  }
  const out = into ?? new Float64Array(data.length);
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
