// One scenario, carried out by one engine on a file and by three engines on a database with runners elsewhere, each request asked of
// another engine: after each of its steps all change sets have the same roots and show the same values. Both begin with the same
// workspace, which `headwater migrate` brings from the one to the other.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { type Hash, idFromHash } from '../../src/base/ids.ts';
import { isObject, type Json } from '../../src/base/json.ts';
import { must } from '../../src/base/result.ts';
import { connectServer } from '../../src/main/remote.ts';
import { type Provider, startProvider, thingMutations } from '../engine/action_house.ts';
import { webMutations } from '../engine/function_house.ts';
import { bin, Served } from '../support/served.ts';
import { Site } from './site.ts';

type Step = { readonly in: string; readonly do: readonly Json[] } | { readonly apply: string };

const scenario = JSON.parse(readFileSync(join(import.meta.dirname, 'scenario.json'), 'utf8')) as readonly Step[];
const names = [...new Set(scenario.flatMap((step) => ('in' in step ? [step.in] : [])))];

const text = { kind: 'string' } as const;
const shelf: Json = {
  kind: 'schema.create',
  name: 'Shelf',
  spec: {
    format: 1,
    domain: {
      kind: 'object',
      properties: {
        Rows: { kind: 'array', items: { kind: 'object', properties: { Name: text } } },
        Labels: { kind: 'map', values: text },
      },
    },
    resourceValue: { kind: 'object', properties: {} },
    secrets: { kind: 'object', properties: {} },
    definitions: {},
  },
};

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

type Ask = <T>(operation: string, params?: { readonly [name: string]: Json }) => Promise<T>;

/** Asks the servers in turn. */
function asking(token: string, addresses: readonly string[]): Ask {
  const clients = addresses.map((server) => connectServer({ server, token }, () => {}));
  let turn = 0;
  return async <T>(operation: string, params = {}) =>
    must(await clients[turn++ % clients.length]!.call(operation, params)) as T;
}

interface Row {
  readonly name: string;
  readonly status: string;
  readonly isHead: boolean;
  readonly version: number;
  readonly baseVersion: number;
  readonly intentRoot: string;
}

/** When all have caught up and every value is settled: the roots of each change set, and what its components show. */
async function seen(ask: Ask): Promise<Json> {
  const out: { [name: string]: Json } = {};
  for (;;) {
    const rows = await ask<Row[]>('change_set.list');
    const head = rows.find((r) => r.isHead)!;
    if (rows.every((r) => r.isHead || r.baseVersion === head.version)) break;
    await sleep(50);
  }
  // Reality has no root to compare: when the provider was asked is in it. What it reported is in the values.
  for (const { name, status, version, intentRoot } of await ask<Row[]>('change_set.list')) {
    const { items } = await ask<{ items: { id: string; name: string }[] }>('component.list', { changeSet: name });
    const components: Json[] = [];
    for (const { id } of items)
      components.push(await ask<Json>('component.get', { changeSet: name, component: id, waitMs: 20_000 }));
    out[name] = { status, version, intentRoot, components };
  }
  return out;
}

/** The verdict of `verify`, which tells the roots of all change sets, also of those that were applied. */
async function verified(ask: Ask): Promise<{ readonly ok: boolean; readonly roots: Json }> {
  const { ok, roots } = await ask<{ ok: boolean; roots: Json[] }>('verify');
  return { ok, roots: roots.map((of) => ({ ...(of as object), reality: null })) };
}

async function effectsOf(provider: Provider): Promise<string[]> {
  const nameOf = new Map<string, string>();
  return (await provider.journal()).map(({ op, id, name = nameOf.get(id)! }) => {
    nameOf.set(id, name);
    return `${op} ${name}`;
  });
}

/** `$name`: the id that belongs to the name; `$of NAME`: the variant of a schema, or a function, which was there before. */
function filled(json: Json, known: ReadonlyMap<string, string>): Json {
  if (typeof json === 'string' && json.startsWith('$of ')) return known.get(json.slice(4))!;
  if (typeof json === 'string' && json.startsWith('$'))
    return idFromHash(createHash('sha256').update(json).digest('hex') as Hash);
  if (Array.isArray(json)) return json.map((item) => filled(item, known));
  if (!isObject(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, filled(item, known)]));
}

/** What there is after each step. */
async function carriedOut(ask: Ask, known: ReadonlyMap<string, string>): Promise<Json[]> {
  const out: Json[] = [];
  for (const step of scenario) {
    if ('apply' in step) {
      await ask('change_set.apply', { changeSet: step.apply, waitMs: 20_000 });
      for (;;) {
        const { items } = await ask<{ items: { status: string }[] }>('action.list');
        if (items.every(({ status }) => status === 'succeeded' || status === 'failed')) break;
        await sleep(50);
      }
    } else await ask('submit', { changeSet: step.in, mutations: filled(step.do as Json, known) });
    out.push(await seen(ask));
  }
  return out;
}

test('[EN757] the same scenario gives the same roots and values on one engine and on several with runners', {
  timeout: 300_000,
}, async () => {
  const provider = await startProvider();
  ended.push(() => provider.close());
  const folder = mkdtempSync(join(tmpdir(), 'headwater-scenario-'));
  ended.push(() => rmSync(folder, { recursive: true, force: true }));
  const [own, moved] = [join(folder, 'own'), join(folder, 'moved')];

  const first = await Served.start(own);
  const token = first.token!;
  const known = new Map<string, string>();
  {
    const ask = asking(token, [first.address]);
    await ask('change_set.create', { name: 'types' });
    const types = [...webMutations.slice(0, -2), ...thingMutations(provider.port), shelf];
    const { steps } = await ask<{ steps: { subject: string }[] }>('submit', { changeSet: 'types', mutations: types });
    for (const [i, type] of types.entries()) {
      const { kind, name } = type as { kind: string; name: string };
      if (kind === 'function.create') known.set(name, steps[i]!.subject);
    }
    await ask('change_set.apply', { changeSet: 'types', waitMs: 20_000 });
    known.set('Web', (await ask<{ variant: string }>('schema.describe', { changeSet: 'HEAD', schema: 'Web' })).variant);
    for (const name of names) await ask('change_set.create', { name });
  }
  expect(await first.stop()).toBe(0);
  cpSync(own, moved, { recursive: true });

  const alone = await Served.start(own);
  ended.push(() => alone.stop());
  const one = asking(token, [alone.address]);
  const embedded = await carriedOut(one, known);
  const before = await verified(one);
  const effects = await effectsOf(provider);
  expect(effects).toEqual(['create db', 'create cache', 'update db', 'destroy cache']);
  await provider.reset(0);

  const site = await Site.open({
    engines: 3,
    runners: 2,
    provider,
    workspaces: async (server) => {
      const args = [bin, 'migrate', '--from', moved, '--to', server.urlOf('postgres'), '--json'];
      await promisify(execFile)(process.execPath, args);
      return ['default'];
    },
  });
  ended.push(() => site.close());
  const addresses = site.nodes.map((n) => n.address);
  const several = asking(token, addresses);
  const clustered = await carriedOut(several, known);
  for (const [i, step] of scenario.entries()) expect(clustered[i], JSON.stringify(step)).toEqual(embedded[i]);
  expect(await effectsOf(provider)).toEqual(effects);
  const after = await verified(several);
  expect([before.ok, after.ok]).toEqual([true, true]);
  expect(after.roots).toEqual(before.roots);
});
