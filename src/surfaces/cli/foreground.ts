// Commands that go on until they are interrupted, and the numbers that they take: a server, the local cloud, an agent. Ctrl+C
// and a polite signal are the same to them.

import { InvalidArgumentError } from 'commander';
import type { Fault } from '../../base/result.ts';
import { readerGone } from './output.ts';

export const portMax = 65_535;

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

/** Reads a whole number from 0 to `max` from the command line. */
export function whole(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number <= max) return number;
    throw new InvalidArgumentError(`expected a whole number from 0 to ${max}`);
  };
}
