// Scripts where nothing holds them: in a bare context of Node, or in the plain process. What an attack does here is what a
// tier has to keep from it.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bareProgram = fileURLToPath(new URL('./fixtures/bare.cjs', import.meta.url));

export interface Bare {
  readonly status: number | null;
  readonly isStuck: boolean;
  readonly value?: unknown;
  readonly logged?: number;
  readonly rss?: number;
}

/** `vm`: a context of its own; `eval`: the plain process. The process that calls waits meanwhile. */
export function bare(mode: 'vm' | 'eval', script: string, { calls = 1, timeoutMs = 20_000 } = {}): Bare {
  const ran = spawnSync(process.execPath, [bareProgram, mode, String(calls), script], {
    encoding: 'utf8',
    timeout: timeoutMs,
  });
  const printed = ran.status === 0 && ran.stdout !== '' ? JSON.parse(ran.stdout) : {};
  return {
    status: ran.status,
    isStuck: (ran.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT',
    ...printed,
  };
}
