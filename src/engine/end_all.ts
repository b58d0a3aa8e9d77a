// Ending what has several parts: each is ended whatever becomes of the one before, for what is left open keeps a process alive, or
// what it holds from others.

/** One after the other; throws what the first of them threw that failed, when all were ended. */
export async function endAll(parts: Iterable<() => unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const end of parts)
    try {
      await end();
    } catch (e) {
      failures.push(e);
    }
  if (failures.length > 0) throw failures[0];
}
