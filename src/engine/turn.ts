// Taking turns: work that would hold up the event loop for long is done in portions, and between two of them whatever waits goes
// first.

/** Resolves in a later turn of the event loop. */
export const laterTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
