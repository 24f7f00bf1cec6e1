/** Does something that may fail; a handler, if there is one, takes the error. */
export async function handledBy(
  onError: ((error: unknown) => void) | undefined,
  action: () => Promise<unknown>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (onError === undefined) throw error;
    onError(error);
  }
}
