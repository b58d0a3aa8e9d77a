// Commands that go on until they are interrupted: a server, the local cloud, an agent. Ctrl+C, a polite signal and that nobody
// takes what they print are the same to them.

import type { Fault } from '../../base/result.ts';
import { readerGone } from './output.ts';

/** Resolves when somebody interrupts, or nobody took what was printed; throws what comes before that, where it can't go on. */
export async function untilInterrupted(failed?: Promise<Fault>): Promise<void> {
  const interrupted = new Promise<undefined>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done(undefined));
    if (readerGone.aborted) done(undefined);
    readerGone.addEventListener('abort', () => done(undefined), { once: true });
  });
  const failure = await Promise.race(failed === undefined ? [interrupted] : [failed, interrupted]);
  if (failure !== undefined) throw failure;
}
