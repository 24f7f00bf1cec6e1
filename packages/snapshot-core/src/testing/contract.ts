/** One promise of a contract: `run` rejects with a message that says how it was broken. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export function check(condition: boolean, broken: string): asserts condition {
  if (!condition) throw new Error(`Contract broken: ${broken}`);
}

export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(got === wanted, `${what} is ${got}, expected ${wanted}.`);
}

/** The code of the error with which an action fails; the contract is broken if it does not fail. */
export async function failureCode(action: () => Promise<unknown>, what: string): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
  }
  throw new Error(`Contract broken: ${what} was allowed.`);
}
