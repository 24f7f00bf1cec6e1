import { ExportError } from '../errors.ts';

export function invalidGraph(where: string, problem: string): ExportError {
  return new ExportError(
    'invalid-topology',
    `Cannot read the graph model: ${where} ${problem}. Convert the model again with tensorflowjs_converter, or save it again.`,
  );
}
