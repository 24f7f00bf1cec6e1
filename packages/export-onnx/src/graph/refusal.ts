/** Why a layer or operation cannot be exported and what to do instead; caught and listed with its path. */
export class Refusal extends Error {
  readonly remedy: string;
  constructor(reason: string, remedy: string) {
    super(reason);
    this.remedy = remedy;
  }
}

/** Thrown where problems below have been listed already. */
export class ListedRefusal extends Error {}

/** Results for all items. Where some have problems, the others' are listed first. */
export function forAll<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => R,
): readonly R[] {
  let listed: ListedRefusal | undefined;
  const results = items.flatMap((item, index) => {
    try {
      return [work(item, index)];
    } catch (error) {
      if (!(error instanceof ListedRefusal)) throw error;
      listed = error;
      return [];
    }
  });
  if (listed !== undefined) throw listed;
  return results;
}
