// What scenes work with: a state they can ask for nouns to meet about, and how requests are dealt to the two sides.

import type { VariantId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import type { Request } from '../../src/mutation/request.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import type { Edit } from './edits.ts';
import { chance, type Numbers, oneOf, shuffled } from './numbers.ts';

/** What a scene gives the two sides. `history` comes before both and is what a revert takes back. */
export interface Sides {
  readonly mine: Edit[];
  readonly theirs: Edit[];
  readonly history?: Edit[];
}

/** A state with what scenes ask it for. */
export class Stage {
  readonly state: Snapshot;
  readonly next: Numbers;
  readonly components: readonly string[];
  readonly marked: readonly string[];

  constructor(state: Snapshot, next: Numbers) {
    this.state = state;
    this.next = next;
    this.components = this.keys('components');
    this.marked = this.components.filter((c) => state.get('cells', `${c}/deleted_at`) !== undefined);
  }

  keys(category: Parameters<Snapshot['scan']>[0], length = 26): string[] {
    return [...this.state.scan(category, '')].map(([key]) => key).filter((key) => key.length === length);
  }

  /** Different components, at random; of a schema by name when one is given. */
  some(count: number, schema?: string): string[] {
    const fitting = schema === undefined ? this.components : this.components.filter((c) => this.schemaOf(c) === schema);
    return shuffled(this.next, fitting).slice(0, count);
  }

  schemaOf(component: string): string {
    const { schema } = JSON.parse(this.state.get('components', component)!) as { schema: string };
    return (JSON.parse(this.state.get('schemas', schema) ?? '{"name":""}') as { name: string }).name;
  }

  one<T>(list: readonly T[]): T {
    return oneOf(this.next, list);
  }

  named(category: 'views' | 'secrets' | 'functions' | 'schemas', name: string): string | undefined {
    return this.keys(category).find(
      (k) => (JSON.parse(this.state.get(category, k)!) as { name: string }).name === name,
    );
  }
}

export const ask = (...requests: Request[]): Edit[] => requests.map((request) => ({ request }));
export const raw = (...mutations: Mutation[]): Edit[] => mutations.map((mutation) => ({ mutation }));
export const sharedId = (next: Numbers): string => `0000000000000000000000SAME${next() % 10}`.slice(-26);

export type Scene = (s: Stage) => Sides;

/** Edges of a ring, each on one side at random, both sides having one at least. */
function dealt(s: Stage, edges: readonly Edit[]): Sides {
  const [first, second, ...rest] = shuffled(s.next, edges);
  const sides: Sides = { mine: [first!], theirs: second === undefined ? [] : [second] };
  for (const edge of rest) sides[chance(s.next, 50) ? 'mine' : 'theirs'].push(edge);
  return sides;
}

export function ring(s: Stage, make: (from: string, to: string) => Edit, schema?: string): Sides {
  const nodes = s.some(2 + (s.next() % 3), schema);
  return dealt(
    s,
    nodes.map((from, i) => make(from, nodes[(i + 1) % nodes.length]!)),
  );
}

/** One on each side, at random which. */
export function either(s: Stage, a: Edit[], b: Edit[]): Sides {
  return chance(s.next, 50) ? { mine: a, theirs: b } : { mine: b, theirs: a };
}

export const set = (component: string, path: string, value: string | number | boolean | object | null): Request => ({
  kind: 'attribute.set',
  component,
  path,
  value: value as Json,
});

export const upgrade = (s: Stage, component: string): Request => ({
  kind: 'component.upgrade',
  component,
  variant: s.one(variantsOf(s)) as VariantId,
});

/** Ids of variants; of one schema when its name is given. */
export function variantsOf(s: Stage, schema?: string): string[] {
  const of = schema === undefined ? undefined : s.named('schemas', schema);
  return s
    .keys('schemas', 53)
    .filter((k) => of === undefined || k.startsWith(of))
    .map((k) => k.slice(27));
}
