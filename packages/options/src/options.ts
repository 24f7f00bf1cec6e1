type KeyOf<T> = T extends unknown ? keyof T : never;

/** Every option of `T`, so that one that is added cannot be forgotten here. */
export type KnownOptions<T> = Readonly<Record<KeyOf<T>, true>>;

/**
 * Refuses option keys that do not exist, with the nearest one that does: otherwise a misspelt option would silently be
 * the default. Keys whose value is undefined pass. Throws `RangeError`.
 */
export function checkOptions<T extends object>(
  where: string,
  options: T | undefined,
  known: KnownOptions<T>,
): void {
  const names = Object.keys(known);
  for (const [key, value] of Object.entries(options ?? {})) {
    if (value === undefined || Object.hasOwn(known, key)) continue;
    const nearest = nearestName(key, names);
    const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
    throw new RangeError(
      `${where}: there is no option "${key}".${hint} Known options: ${names.join(', ') || 'none'}.`,
    );
  }
}

/** The name with the fewest edits, capitals apart; undefined where more than half of the letters would have to change. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.max(name.length, 2) / 2;
  for (const other of names) {
    const edits = editsBetween(name.toLowerCase(), other.toLowerCase());
    if (edits > fewest || (edits === fewest && nearest !== undefined)) continue;
    nearest = other;
    fewest = edits;
  }
  return nearest;
}

/** Insertions, deletions and replacements: Levenshtein 1966. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
