// Composition of what runs elsewhere: the engine's side of runners at a NATS server, and a runner itself, which has the isolate and
// the process tier that an engine of one machine has, and no data folder. So no unix socket of its machine is allowed to runs.

import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { openIsolate } from '../adapters/isolate/isolate.ts';
import { type EngineNode, openEngineNode } from '../adapters/nats/engine_node.ts';
import { openRunnerProcess } from '../adapters/nats/runner_process.ts';
import { openProcessTier } from '../adapters/process/tier.ts';
import { RefusalError } from '../base/result.ts';
import type { NatsChoice, RunnerChoice } from '../surfaces/cli/commands_runner.ts';

/** `HEADWATER_NATS`: address of a NATS server; `HEADWATER_NATS_CREDS`: file with credentials for it. */
const variables = { url: 'HEADWATER_NATS', creds: 'HEADWATER_NATS_CREDS' } as const;

/** undefined: functions run in this process. Refuses what is no address. Faults: `dispatch_unavailable`. */
export async function openRunnersElsewhere(
  choice: NatsChoice = {},
  note: (text: string) => void,
): Promise<EngineNode | undefined> {
  const { url, creds } = withEnvironment(choice);
  return url === undefined ? undefined : openEngineNode({ url, note, ...(creds === undefined ? {} : { creds }) });
}

/** Refuses what is no address. Faults: `dispatch_unavailable`, `runner_unavailable`. */
export async function openRunner({ pool, name, cpus, memoryMiB, note, ...choice }: RunnerChoice) {
  const { url, creds } = withEnvironment(choice);
  if (url === undefined) {
    const hint = `headwater runner --nats nats://nats.example:4222, or set ${variables.url}`;
    throw new RefusalError({
      code: 'request_malformed',
      path: 'nats',
      expected: 'the address of NATS',
      got: 'none',
      hint,
    });
  }
  const room = {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryMiB === undefined ? {} : { memoryBytes: memoryMiB * 1024 * 1024 }),
  };
  const program = fileURLToPath(new URL('../adapters/process/child', import.meta.url));
  const runners = [
    openIsolate(cpus === undefined ? {} : { workers: Math.max(1, Math.floor(cpus)) }),
    openProcessTier({ program, ...room }),
  ];
  try {
    const runner = await openRunnerProcess({
      url,
      pool,
      name: name ?? `${hostname()}-${process.pid}`,
      runners,
      note,
      ...(creds === undefined ? {} : { creds }),
    });
    return { close: () => runner.drain() };
  } catch (e) {
    await Promise.all(runners.map((r) => r.close()));
    throw e;
  }
}

function withEnvironment({ url, creds }: NatsChoice): NatsChoice {
  const of = (given: string | undefined, variable: string): string | undefined =>
    given ?? (process.env[variable] === '' ? undefined : process.env[variable]);
  const [address, file] = [of(url, variables.url), of(creds, variables.creds)];
  return { ...(address === undefined ? {} : { url: address }), ...(file === undefined ? {} : { creds: file }) };
}
