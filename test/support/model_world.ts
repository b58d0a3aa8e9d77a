// A small world for tests of the core: a snapshot in memory, ids from a seed, schemas with every kind of property, and
// `submit`, which compiles requests one after another and checks the laws of mutations on everything that comes of it.

import crypto from 'node:crypto';
import { expect } from 'vitest';
import type { Branded, ChangeSetId, ComponentId, ElementId, Hash } from '../../src/base/ids.ts';
import { type Refusal, type Result, refusalText } from '../../src/base/result.ts';
import type { Property } from '../../src/model/property.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import { compileRequest, type Ids, type Step } from '../../src/mutation/compile.ts';
import { apply } from '../../src/mutation/mutation.ts';
import type { Input, Request } from '../../src/mutation/request.ts';
import { ChunkSpace } from '../../src/snapshot/chunk_space.ts';
import { Snapshot } from '../../src/snapshot/snapshot.ts';
import { checkLaws } from './mutation_laws.ts';

export const digest = (text: string): Hash => crypto.createHash('sha256').update(text, 'utf8').digest('hex') as Hash;

/** How many runs of a property: `n`, times HEADWATER_RUNS when that is set. */
export const runs = (n: number): number => Math.max(1, Math.round(n * Number(process.env['HEADWATER_RUNS'] ?? 1)));

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Ids that a seed fixes. Ids of different seeds differ. */
export function seededIds(seed: number): Ids {
  let count = 0;
  const letters = (n: number, length: number): string => {
    let out = '';
    for (let rest = n; out.length < length; rest = Math.floor(rest / 32)) out = crockford[rest % 32]! + out;
    return out;
  };
  return {
    ulid: <T extends Branded<string, string>>(): T => `0${letters(seed, 12)}${letters(++count, 13)}` as T,
    element: () => `${letters(seed, 4)}${letters(++count, 8)}`.toLowerCase() as ElementId,
  };
}

export const changeSet = '00000000000000000000CHANGE' as ChangeSetId;
export const otherChangeSet = '0000000000000000000CHANGE2' as ChangeSetId;

const text: Property = { kind: 'string' };
const rule: Property = {
  kind: 'object',
  properties: {
    port: { kind: 'integer', minimum: 1, maximum: 65535 },
    note: text,
    tags: { kind: 'array', items: text },
  },
};

/** A property of every kind, with every constraint. */
export const thingSpec: VariantSpec = {
  format: 1,
  domain: {
    kind: 'object',
    properties: {
      text,
      short: { kind: 'string', minLength: 2, maxLength: 8 },
      code: { kind: 'string', pattern: '^[a-z]+-[0-9]+$' },
      colour: { kind: 'string', enum: ['red', 'green', 'blue'], default: 'red' },
      count: { kind: 'integer', minimum: 0, maximum: 100, default: 3 },
      ratio: { kind: 'number' },
      on: { kind: 'boolean' },
      doc: { kind: 'json' },
      names: { kind: 'array', items: text },
      sizes: { kind: 'array', items: { kind: 'integer' }, default: [1, 2, 3] },
      rules: { kind: 'array', items: rule },
      grid: { kind: 'array', items: { kind: 'array', items: { kind: 'integer' } } },
      labels: { kind: 'map', values: text },
      presets: { kind: 'map', values: text, default: { a: 'x', b: 'y' } },
      zones: { kind: 'map', values: rule },
      box: {
        kind: 'object',
        properties: {
          width: { kind: 'integer', default: 10 },
          height: { kind: 'integer' },
          inner: { kind: 'object', properties: { depth: { kind: 'integer', default: 1 }, name: text } },
        },
      },
      pack: {
        kind: 'object',
        default: { a: 'one', l: ['p', 'q'] },
        properties: { a: text, b: text, l: { kind: 'array', items: text } },
      },
      free: { kind: 'any' },
      tree: { kind: 'ref', to: 'Node' },
      fixed: { kind: 'string', createOnly: true },
      given: { kind: 'string', readOnly: true },
      password: { kind: 'string', secret: true },
    },
  },
  resourceValue: {
    kind: 'object',
    properties: { arn: text, size: { kind: 'integer' }, parts: { kind: 'array', items: text } },
  },
  secrets: { kind: 'object', properties: { login: { kind: 'string', secret: true } } },
  definitions: {
    Node: {
      kind: 'object',
      properties: {
        label: { kind: 'string', default: 'leaf' },
        next: { kind: 'ref', to: 'Node' },
        kids: { kind: 'array', items: { kind: 'ref', to: 'Node' } },
      },
    },
  },
};

/** A type nobody has described: everything below /domain is open. */
export const openSpec: VariantSpec = {
  format: 1,
  domain: { kind: 'map', values: { kind: 'any' } },
  resourceValue: { kind: 'map', values: { kind: 'any' } },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
};

/** The next edition of `thingSpec`: `text` is gone, `count` takes text, `fresh` is new. */
export const thingSpec2: VariantSpec = (() => {
  const { text: _text, ...kept } = thingSpec.domain.properties!;
  return {
    ...thingSpec,
    domain: { kind: 'object', properties: { fresh: { kind: 'string', default: 'new' }, ...kept, count: text } },
  };
})();

export interface Submitted {
  readonly snapshot: Snapshot;
  readonly steps: readonly Step[];
}

/** A line of edits on one snapshot. */
export class World {
  readonly space: ChunkSpace;
  readonly ids: Ids;
  readonly changeSet: ChangeSetId;
  snapshot: Snapshot;
  /** Off: laws are not checked, for long sequences that are about something else. */
  lawful = true;

  constructor(ids: Ids, snapshot?: Snapshot, of: ChangeSetId = changeSet) {
    this.ids = ids;
    this.changeSet = of;
    this.space =
      snapshot?.space ??
      new ChunkSpace({ digest, source: { read: () => undefined }, cacheBytesMax: 256 * 1024 * 1024 });
    this.snapshot = snapshot ?? Snapshot.empty(this.space);
  }

  /** Compiles and applies requests, all or nothing, without moving the world on. */
  attempt(requests: readonly unknown[]): Result<Submitted> {
    const before = this.snapshot;
    const root = before.roots().intent;
    const draft = before.edit();
    const steps: Step[] = [];
    for (const request of requests) {
      const step = compileRequest(draft, this.changeSet, this.ids, request as Request);
      if (!step.ok) {
        expect(before.roots().intent).toBe(root);
        checkRefusal(step.refusal);
        return step;
      }
      steps.push(step.value);
    }
    const snapshot = draft.finish();
    if (this.lawful)
      checkLaws(
        before,
        steps.flatMap((s) => s.mutations),
        snapshot,
      );
    return { ok: true, value: { snapshot, steps } };
  }

  /** Carries requests out; a refusal fails the test. */
  do(...requests: readonly Request[]): readonly Step[] {
    const done = this.attempt(requests);
    if (!done.ok) throw new Error(refusalText(done.refusal));
    this.snapshot = done.value.snapshot;
    return done.value.steps;
  }

  /** The refusal of requests that have to be refused. */
  refused(...requests: readonly unknown[]): Refusal {
    const done = this.attempt(requests);
    if (done.ok) throw new Error(`not refused: ${JSON.stringify(requests).slice(0, 400)}`);
    return done.refusal;
  }

  /** A world of its own on this state, as another session has it; its ids are of another seed. */
  fork(seed: number, of: ChangeSetId = otherChangeSet): World {
    return new World(seededIds(seed), this.snapshot, of);
  }

  /** Applies steps that were compiled on another state. */
  take(steps: readonly Step[]): void {
    const draft = this.snapshot.edit();
    for (const step of steps) for (const m of step.mutations) apply(draft, m);
    this.snapshot = draft.finish();
  }

  create(name: string, attributes: Readonly<Record<string, Input>> = {}, schema = 'Thing'): ComponentId {
    const [step] = this.do({ kind: 'component.create', schema, name, attributes });
    return step!.subject as ComponentId;
  }

  set(component: string, path: string, value: Input): Step {
    return this.do({ kind: 'attribute.set', component, path, value })[0]!;
  }

  follow(component: string, path: string, from: string, at: string): Step {
    return this.set(component, path, { $source: { component: from, path: at } });
  }
}

/** A world with the two schemas, a secret, a function and a default view. */
export function smallWorld(seed = 1): World {
  const world = new World(seededIds(seed));
  const view = world.ids.ulid<Branded<string, 'ViewId'>>();
  const draft = world.snapshot.edit();
  apply(draft, { kind: 'record.create', noun: 'view', key: view, record: { name: 'All', isDefault: true } });
  world.snapshot = draft.finish();
  world.do(
    { kind: 'schema.create', name: 'Thing', spec: thingSpec },
    { kind: 'schema.create', name: 'Open', spec: openSpec },
    { kind: 'secret.put', name: 'db', definition: 'Login', key: 'k1' },
    { kind: 'function.create', name: 'check', functionKind: 'qualification', text: 'return true;\n' },
  );
  return world;
}

/** Every refusal says where, what was expected, what was got and what to do. */
export function checkRefusal(r: Refusal): void {
  for (const field of ['code', 'path', 'expected', 'got', 'hint'] as const) {
    expect(typeof r[field], `${field} of ${JSON.stringify(r)}`).toBe('string');
    expect(r[field], `${field} of ${JSON.stringify(r)}`).not.toBe('');
  }
}
