import { ExportError, type UnsupportedLayer } from '../errors.ts';

// As many as a person reads; the error has all of them.
const MOST_LINES = 40;

/** One error for everything that cannot be exported; nothing where nothing was met. */
export function throwIfUnsupported(
  problems: readonly UnsupportedLayer[],
  kind: 'layer' | 'operation' = 'layer',
): void {
  if (problems.length === 0) return;
  // A shared layer is met once per call.
  const layers = [
    ...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values(),
  ];
  const lines = kind === 'layer' ? layers.map(lineOf) : byReason(layers);
  const shown = lines.slice(0, MOST_LINES);
  const rest = lines.length > shown.length ? `\n- and ${lines.length - shown.length} more` : '';
  throw new ExportError(
    'unsupported-model',
    `Cannot export ${layers.length === 1 ? `this ${kind}` : `these ${layers.length} ${kind}s`}:${shown.join('')}${rest}`,
    { layers },
  );
}

function lineOf({ path, className, reason, remedy }: UnsupportedLayer): string {
  return `\n- "${path}" (${className}): ${reason}. ${remedy}`;
}

/** Graph models have hundreds of nodes of one kind: one line for each kind and reason. */
function byReason(problems: readonly UnsupportedLayer[]): readonly string[] {
  const groups = new Map<string, UnsupportedLayer[]>();
  for (const problem of problems) {
    const key = JSON.stringify([problem.className, problem.reason]);
    groups.set(key, [...(groups.get(key) ?? []), problem]);
  }
  return [...groups.values()].map(([first, ...others]) => {
    const line = lineOf(first!);
    return others.length === 0 ? line : line.replace('"', `${others.length + 1} times, first "`);
  });
}
