import { ExportError } from '../errors.ts';
import { cleanName } from '../keras/clean-name.ts';
import type { TensorRef } from '../keras/topology.ts';

/** Names of inputs or outputs: those chosen, else the layers' names, each once. */
export function ioNames(
  refs: readonly TensorRef[],
  chosen: Readonly<Record<string, string>> | undefined,
  taken: ReadonlySet<string> = new Set(),
): readonly string[] {
  const used = new Set(taken);
  return refs.map(({ layer }) => {
    const wanted = chosen?.[layer] ?? chosen?.[cleanName(layer)] ?? cleanName(layer);
    if (wanted.includes('/'))
      throw new ExportError(
        'invalid-option',
        `The name "${wanted}" holds a "/", which separates parts of names inside the graph. Choose another.`,
      );
    let name = wanted;
    for (let count = 1; used.has(name); count++) name = `${wanted}_${count}`;
    used.add(name);
    return name;
  });
}
