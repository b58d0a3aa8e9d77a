// Waiting for something, but not for ever: the wait ends with what comes first, and leaves no timer behind. What was waited
// for goes on.

/** What the promise gives, or undefined when that takes longer than `mostMs`. */
export async function atMost<T>(promise: Promise<T>, mostMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), mostMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
