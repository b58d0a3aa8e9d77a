// The world of the long random tests of propagation: two types with few properties of every kind, so that edits meet; ids
// from a counter; requests compiled as the engine does it. Nothing here knows a test framework: it also runs as a program.

import crypto from 'node:crypto';
import type { Branded, ChangeSetId, ComponentId, ElementId, Hash } from '../../../src/base/ids.ts';
import type { Property } from '../../../src/model/property.ts';
import type { VariantSpec } from '../../../src/model/schema.ts';
import { compileRequest, type Ids } from '../../../src/mutation/compile.ts';
import { apply, type Mutation } from '../../../src/mutation/mutation.ts';
import type { Request } from '../../../src/mutation/request.ts';
import { ChunkSpace } from '../../../src/snapshot/chunk_space.ts';
import { Snapshot } from '../../../src/snapshot/snapshot.ts';

const changeSet = '00000000000000000000CHANGE' as ChangeSetId;
const digest = (text: string): Hash => crypto.createHash('sha256').update(text, 'utf8').digest('hex') as Hash;

export const componentsMax = 20;
export const valuesMax = 200;

const any: Property = { kind: 'any' };
const text: Property = { kind: 'string' };
const number: Property = { kind: 'number' };

const domain: Readonly<Record<string, Property>> = {
  n1: { kind: 'number', default: 1 },
  n2: number,
  t1: text,
  t2: { kind: 'string', default: 'a' },
  flag: { kind: 'boolean' },
  x1: any,
  x2: any,
  x3: any,
  box: {
    kind: 'object',
    properties: { w: { kind: 'number', default: 2 }, h: any, inner: { kind: 'object', properties: { d: any } } },
  },
  list: { kind: 'array', items: any },
  map: { kind: 'map', values: any },
  out: any,
  obj: any,
};
const resourceValue: Property = { kind: 'object', properties: { arn: text, size: { kind: 'number' } } };
const secrets: Property = { kind: 'object', properties: {} };
const specWith = (properties: Readonly<Record<string, Property>>): VariantSpec => ({
  format: 1,
  domain: { kind: 'object', properties },
  resourceValue,
  secrets,
  definitions: {},
});

/** Editions of the type: other defaults, a property less; the first has constraints, so that there is a validation. */
export const specs: readonly VariantSpec[] = [
  specWith({
    ...domain,
    t1: { kind: 'string', required: true, maxLength: 2 },
    n2: { kind: 'number', minimum: 2 },
    list: { ...domain['list']!, maxItems: 2 },
  }),
  specWith({ ...domain, n1: { kind: 'number', default: 2 }, t2: text }),
  (() => {
    const { t1: _, x3: __, ...rest } = domain;
    return specWith(rest);
  })(),
];

/** Ulid-like ids by a counter. */
export function idOf(kind: string, n: number): string {
  const tail = n.toString(10).padStart(25 - kind.length, '0');
  return `0${kind}${tail}`;
}

class CountedIds implements Ids {
  #n = 0;
  ulid<T extends Branded<string, string>>(): T {
    return idOf('F', this.#n++) as unknown as T;
  }
  element(): ElementId {
    return (this.#n++).toString(10).padStart(12, '0') as ElementId;
  }
}

export const functionIds = ['attr1', 'attr2', 'render', 'judge', 'trans1', 'trans2'] as const;
export const functionId = (name: (typeof functionIds)[number]): string => idOf('FN', functionIds.indexOf(name));
const kinds = {
  attr1: 'attribute',
  attr2: 'attribute',
  render: 'code-generation',
  judge: 'qualification',
  trans1: 'transformation',
  trans2: 'transformation',
} as const;
export const schemaNames = ['A', 'B'] as const;

export class FuzzWorld {
  readonly space = new ChunkSpace({ digest, source: { read: () => undefined }, cacheBytesMax: 64 * 1024 * 1024 });
  readonly ids = new CountedIds();
  snapshot: Snapshot;

  /** `functions`: with users' functions bound to the types. */
  constructor(functions: boolean) {
    this.snapshot = Snapshot.empty(this.space);
    const draft = this.snapshot.edit();
    apply(draft, {
      kind: 'record.create',
      noun: 'view',
      key: this.ids.ulid<Branded<string, 'ViewId'>>(),
      record: { name: 'All', isDefault: true },
    });
    this.snapshot = draft.finish();
    const requests: unknown[] = schemaNames.map((name) => ({ kind: 'schema.create', name, spec: specs[0] }));
    for (const name of functionIds)
      requests.push({ kind: 'function.create', id: functionId(name), name, functionKind: kinds[name], text: 'v0' });
    if (functions) {
      const args = [{ name: 'a', path: '/domain/x1' }];
      requests.push(
        { kind: 'binding.attach', function: functionId('render'), schema: 'A' },
        { kind: 'binding.attach', function: functionId('judge'), schema: 'B' },
        { kind: 'binding.attach', function: functionId('attr1'), schema: 'A', arguments: args, output: '/domain/out' },
        { kind: 'binding.attach', function: functionId('attr2'), schema: 'B', arguments: args, output: '/domain/obj' },
      );
    }
    for (let i = 0; i < 6; i++)
      requests.push({
        kind: 'component.create',
        id: idOf('C', i),
        schema: schemaNames[i % 2],
        name: `c${i}`,
        attributes: { '/domain/n1': i, '/domain/x1': 'a', '/domain/list': [1, 'a'] },
      });
    if (!this.request(requests)) throw new Error('the first state was refused');
  }

  /** All or nothing; false: refused. */
  request(requests: readonly unknown[]): boolean {
    const draft = this.snapshot.edit();
    for (const request of requests)
      if (!compileRequest(draft, changeSet, this.ids, request as Request).ok) return false;
    this.snapshot = draft.finish();
    return true;
  }

  /** Without asking whether it may be: no request writes calls of users' functions yet. */
  mutate(mutation: Extract<Mutation, { kind: 'cell.set' }>): boolean {
    if (this.snapshot.get('components', mutation.component) === undefined) return false;
    const draft = this.snapshot.edit();
    apply(draft, mutation);
    this.snapshot = draft.finish();
    return true;
  }

  /** What a provider reports of a component's resource; null: that there is none any more. */
  report(component: ComponentId, record: object | null): void {
    const draft = this.snapshot.edit();
    if (record === null) draft.remove('resources', component);
    else draft.put('resources', component, JSON.stringify(record));
    this.snapshot = draft.finish();
  }

  keys(category: Parameters<Snapshot['scan']>[0], length = 26): string[] {
    const out: string[] = [];
    for (const [key] of this.snapshot.scan(category, '')) if (key.length === length) out.push(key);
    return out;
  }
}
