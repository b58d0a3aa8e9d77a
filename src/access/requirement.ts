// What a pending change needs approval for, and whose. A requirement is one part of the change with those who decide on
// it: a view that names approvers, a schema, a function, a path that a `must-review` property puts to review. Its
// fingerprint is the content that is approved: the part's own edits, the definition that asks, the actions planned for
// it. What changes elsewhere leaves it as it was.

import type { ComponentId, Digest, Hash, ViewId } from '../base/ids.ts';
import { canonical, compareText, type Json } from '../base/json.ts';
import { approversKey, cellKey } from '../model/keys.ts';
import { findRecord, nameOf } from '../model/lookup.ts';
import { overlaps, type Path } from '../model/path.ts';
import type { Category } from '../model/state.ts';
import type { ApproverRule } from '../model/view.ts';
import { encodeMutation } from '../mutation/codec.ts';
import { type Changed, changedBy, type Part, type Pending, viewsOf } from './changed.ts';

/** Of the text behind a fingerprint. 1: first. Another one asks for every approval again. */
const fingerprintFormat = 1;

export interface Requirement {
  /** The same for the same part of the same change set: `view:…`, `schema:…`, `function:…`, `path:…`. */
  readonly id: string;
  readonly kind: 'view' | 'schema' | 'function' | 'path';
  /** Id of the view, schema or function; of the component for a path. */
  readonly subject: string;
  /** For people, to be read behind "approval of". */
  readonly title: string;
  /** Ids of what is changed and causes it, in order. */
  readonly entities: readonly string[];
  /** What the first few of them are called. */
  readonly names: readonly string[];
  /** User ids or role names. */
  readonly approvers: readonly string[];
  readonly minimum: number;
  readonly fingerprint: Hash;
}

/** What a plan does to each component, a text an action: its kind and the paths that change. */
export type Planned = ReadonlyMap<ComponentId, readonly string[]>;

export interface RequirementQuery extends Pending {
  /** Places that a merge decided by a `must-review` property. */
  readonly reviewPaths: readonly { readonly component: ComponentId; readonly path: Path }[];
  /** A component with an action in it counts as changed, edited or not. */
  readonly planned?: Planned;
  readonly digest: Digest;
}

/** All requirements of a change, by kind and id. The cost is that of the edits and the plan. */
export function requirementsOf(q: RequirementQuery): Requirement[] {
  const composer = new Composer(q, changedBy(q));
  return [...viewRequirements(q, composer), ...nounRequirements(q, composer), ...pathRequirements(q, composer)];
}

/** Whoever decides where no view says who: the role, of which owners count too. */
const byRole = { approvers: ['approver'], minimum: 1 } as const;

interface Cause {
  readonly entities: Iterable<string>;
  /** Mutations that concern it, as places in `Changed.mutations`. */
  readonly at: Iterable<number>;
  /** Components whose planned actions belong to what is approved. */
  readonly acting: Iterable<ComponentId>;
  /** What else is approved with it. */
  readonly beside?: Json;
}

/** Makes a requirement of its cause; a mutation that concerns several is written as text once. */
class Composer {
  readonly changed: Changed;
  readonly #q: RequirementQuery;
  readonly #texts: string[] = [];

  constructor(q: RequirementQuery, changed: Changed) {
    this.#q = q;
    this.changed = changed;
  }

  make(about: Pick<Requirement, 'id' | 'kind' | 'subject' | 'title'>, rule: ApproverRule, cause: Cause): Requirement {
    const entities = [...new Set(cause.entities)].sort(compareText);
    const approvers = [...new Set(rule.approvers)].sort(compareText);
    const minimum = Math.max(1, Math.ceil(rule.minimum));
    const planned = [...new Set(cause.acting)]
      .sort(compareText)
      .flatMap((c) => (this.acts(c) ? [[c, [...this.#q.planned!.get(c)!]]] : []));
    const frame = { format: fingerprintFormat, approvers, minimum, planned, beside: cause.beside ?? null };
    const texts = [...new Set(cause.at)].sort((a, b) => a - b).map((i) => this.#text(i));
    // Canonical text has no line breaks of its own.
    const fingerprint = this.#q.digest([canonical(frame), ...texts].join('\n'));
    const names = entities.slice(0, namesMax).map((id) => callOf(this.#q, id));
    return { ...about, entities, names, approvers, minimum, fingerprint };
  }

  acts(component: ComponentId): boolean {
    return (this.#q.planned?.get(component) ?? []).length > 0;
  }

  #text(i: number): string {
    this.#texts[i] ??= encodeMutation(this.changed.mutations[i]!);
    return this.#texts[i];
  }
}

function* viewRequirements(q: RequirementQuery, composer: Composer): Iterable<Requirement> {
  const { changed } = composer;
  const members = new Map<ViewId, Set<ComponentId>>();
  for (const view of changed.views.keys()) members.set(view, new Set());
  const acting = [...(q.planned?.keys() ?? [])].filter((c) => composer.acts(c));
  for (const component of new Set([...changed.components.keys(), ...acting])) {
    for (const view of viewsOf(q, component)) {
      const known = members.get(view);
      if (known === undefined) members.set(view, new Set([component]));
      else known.add(component);
    }
  }
  for (const view of [...members.keys()].sort(compareText)) {
    const components = members.get(view)!;
    const rule = findRecord<ApproverRule>(q.head, 'views', approversKey(view));
    const proposed = findRecord<ApproverRule>(q.present, 'views', approversKey(view));
    const of = [...components].flatMap((c) => changed.components.get(c)?.at ?? []);
    const title = `changes in view ${nameIn(q, 'views', view)}`;
    if (rule !== undefined) {
      // The view itself, its definition and who is in it are also theirs who approve on Head.
      const own = changed.views.get(view);
      yield composer.make({ id: `view:${view}`, kind: 'view', subject: view, title }, rule, {
        entities: [...components, ...(own?.entities ?? [])],
        at: [...of, ...(own?.at ?? [])],
        acting: components,
      });
    }
    if (proposed !== undefined && components.size > 0 && !sameRule(rule, proposed)) {
      const about = { id: `view:${view}:proposed`, kind: 'view', subject: view } as const;
      yield composer.make({ ...about, title: `${title}, by the approvers that this change set gives it` }, proposed, {
        entities: components,
        at: of,
        acting: components,
      });
    }
  }
}

function sameRule(a: ApproverRule | undefined, b: ApproverRule): boolean {
  return a !== undefined && canonical(a as unknown as Json) === canonical(b as unknown as Json);
}

function* nounRequirements(q: RequirementQuery, composer: Composer): Iterable<Requirement> {
  const { schemas, functions } = composer.changed;
  for (const [kind, category, parts] of [
    ['schema', 'schemas', schemas],
    ['function', 'functions', functions],
  ] as const) {
    const sorted = [...(parts as ReadonlyMap<string, Part>)].sort(([a], [b]) => compareText(a, b));
    for (const [id, { entities, at }] of sorted) {
      const title = `changes of ${kind} ${nameIn(q, category, id)}`;
      yield composer.make({ id: `${kind}:${id}`, kind, subject: id, title }, byRole, { entities, at, acting: [] });
    }
  }
}

function* pathRequirements(q: RequirementQuery, composer: Composer): Iterable<Requirement> {
  const places = new Map(q.reviewPaths.map((r) => [`path:${r.component}${r.path}`, r]));
  for (const id of [...places.keys()].sort(compareText)) {
    const { component, path } = places.get(id)!;
    const name = nameOf(q.present, component) || nameOf(q.head, component) || component;
    const title = `${path} of ${JSON.stringify(name)}, which its schema puts to review`;
    const { mutations, components } = composer.changed;
    yield composer.make({ id, kind: 'path', subject: component, title }, byRole, {
      entities: [component],
      at: (components.get(component)?.at ?? []).filter((i) => {
        const m = mutations[i]!;
        return 'path' in m ? overlaps(m.path, path) : m.kind.startsWith('component.');
      }),
      acting: [component],
      // What it would replace: the review is of the two together.
      beside: q.head.get('cells', cellKey(component, path)) ?? null,
    });
  }
}

const namesMax = 5;

/** A component, view, schema or function by its name in the change set, else on Head; anything else by its id. */
function callOf(q: Pending, id: string): string {
  for (const reader of [q.present, q.head]) {
    const name = nameOf(reader, id as ComponentId);
    if (name !== '') return name;
    for (const category of ['views', 'schemas', 'functions', 'secrets'] as const) {
      const record = findRecord<{ name?: string }>(reader, category, id);
      if (record?.name !== undefined) return record.name;
    }
  }
  return id;
}

/** The name in the change set, else on Head, else the id. */
function nameIn(q: Pending, category: Category, id: string): string {
  const named = (reader: Pending['head']) => findRecord<{ name: string }>(reader, category, id)?.name;
  const name = named(q.present) ?? named(q.head);
  return name === undefined ? id : JSON.stringify(name);
}
