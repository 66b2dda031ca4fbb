/** Our own mistake. Caught nowhere: the CLI prints how to replay it and exits with 3. */
class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
