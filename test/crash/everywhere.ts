// Kills the engine at every durable step of what it is asked for, each one and not a sample, against a provider in another
// process that syncs its journal before it answers and may act without answering; the next engine then finishes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import {
  ActionHouse,
  codeOf,
  type Provider,
  type Rule,
  startProvider,
  thingMutations,
} from '../engine/action_house.ts';
import { withFunctions } from '../engine/function_house.ts';
import { newFolder, sqliteHouse } from '../engine/house.ts';
import { afterFiles } from '../support/endings.ts';

const script = fileURLToPath(new URL('fixtures/actions_kill.mjs', import.meta.url));
const providers: Provider[] = [];
afterFiles(() => {
  for (const provider of providers.splice(0)) provider.close();
});

export type Operation = readonly [string, { readonly [name: string]: Json }];

export async function run(
  folder: string,
  operations: readonly Operation[],
  killAt: number,
): Promise<number | 'killed'> {
  const child = spawn(process.execPath, [script, folder, JSON.stringify(operations), String(killAt)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    err += piece;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal === 'SIGKILL') return 'killed';
  if (code !== 0) throw new Error(err);
  return Number(out);
}

interface Scene {
  readonly provider: Provider;
  readonly folder: string;
  readonly operations: readonly Operation[];
}

const opened = async (folder: string, provider: Provider): Promise<ActionHouse> =>
  new ActionHouse(await sqliteHouse(withFunctions, join(folder, 'headwater.db')).start(), provider);

/** A folder in which `prepare` has left something to do, and the calls that do it. */
export async function scene(
  prepare: (a: ActionHouse) => Promise<readonly Operation[]>,
  change: (types: Json[]) => Json[] = (types) => types,
): Promise<Scene> {
  const provider = await startProvider();
  providers.push(provider);
  const folder = newFolder();
  const a = await opened(folder, provider);
  await a.apply('types', ...change([...thingMutations(provider.port), ...slowMutations(provider.port)]));
  const operations = await prepare(a);
  await a.house.close();
  return { provider, folder, operations };
}

/** A thing whose creation takes three calls of its function. */
function slowMutations(port: number): Json[] {
  const [thing, ...rest] = thingMutations(port) as [{ name: string }, ...Json[]];
  const code = codeOf(port);
  const create = code.create.replace(
    /async function main[\s\S]*/,
    `async function main({ properties, idempotencyKey, checkpoint }) {
  const { domain, si } = properties;
  if (checkpoint === undefined) {
    const made = await ask('POST', at, { key: idempotencyKey, name: si.name, body: domain });
    return { status: 'pending', checkpoint: { id: made.id, calls: 1 }, afterMs: 1 };
  }
  if (checkpoint.calls < 2) return { status: 'pending', checkpoint: { ...checkpoint, calls: 2 }, afterMs: 1 };
  const made = await ask('GET', at + '/' + checkpoint.id);
  return { status: 'ok', resourceId: checkpoint.id, payload: { ...made.body, Address: 'addr-' + checkpoint.id } };
}`,
  );
  const functions: Json[] = [
    { kind: 'function.create', name: 'slow-create', functionKind: 'action', text: create },
    { kind: 'binding.attach', function: 'slow-create', schema: 'Slow', action: 'create' },
  ];
  // The others are those of a thing.
  for (const mutation of rest as { kind: string; action?: string; function?: string }[])
    if (mutation.kind === 'binding.attach' && mutation.action !== 'create')
      functions.push({ ...mutation, schema: 'Slow' } as unknown as Json);
  return [{ ...thing, name: 'Slow' } as unknown as Json, ...functions];
}

/**
 * Kills at every step, and has a new engine finish. `rules`: what the provider does wrong each time. `check`: of what is there
 * when all is quiet.
 */
export async function everywhere(
  { provider, folder: prepared, operations }: Scene,
  rules: readonly Rule[],
  check: (a: ActionHouse, effects: readonly string[]) => Promise<void>,
): Promise<number> {
  const before = (await provider.journal()).length;
  // Right after each of them; what is there then is what is there right before the next.
  for (let killAt = 2; ; killAt += 2) {
    const folder = newFolder();
    cpSync(prepared, folder, { recursive: true });
    await provider.reset(before);
    await provider.rules(...rules);
    const came = await run(folder, operations, killAt);
    const a = await opened(folder, provider);
    // What was asked for and did not come about is asked for again, as whoever got no answer does.
    for (const [operation, params] of operations) await a.house.attempt(operation, params);
    for (let isQuiet = false; !isQuiet; )
      isQuiet = (await a.house.call<{ quiet: boolean }>('action.run', { waitMs: 60_000 })).quiet;
    await check(a, (await a.effects()).slice(before));
    await a.house.sound();
    await a.house.close();
    if (came === 'killed') continue;
    // Fewer steps than there are to be killed at: every one has been tried.
    expect(came).toBeLessThan(killAt);
    return came;
  }
}

export async function allSucceeded(a: ActionHouse): Promise<void> {
  const open = (await a.actions()).filter((x) => x.status !== 'succeeded');
  expect(open.map((x: ActionRecord) => `${x.kind} of ${x.componentName}: ${x.status}`)).toEqual([]);
}
