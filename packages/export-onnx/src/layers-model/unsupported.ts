import { ExportError, type UnsupportedLayer } from '../errors.ts';

/** One error for everything that cannot be exported; nothing where nothing was met. */
export function throwIfUnsupported(problems: readonly UnsupportedLayer[]): void {
  if (problems.length === 0) return;
  // A shared layer is met once per call.
  const layers = [
    ...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values(),
  ];
  const lines = layers.map(
    ({ path, className, reason, remedy }) => `\n- "${path}" (${className}): ${reason}. ${remedy}`,
  );
  throw new ExportError(
    'unsupported-model',
    `Cannot export ${layers.length === 1 ? 'this layer' : `these ${layers.length} layers`}:${lines.join('')}`,
    { layers },
  );
}
