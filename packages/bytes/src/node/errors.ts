/** The `code` of an error of Node's, if it has one. */
export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

/** The action's result, or undefined if it fails with one of these codes. */
export async function ignoring<T>(
  codes: readonly string[],
  action: Promise<T>,
): Promise<T | undefined> {
  try {
    return await action;
  } catch (error) {
    if (codes.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
