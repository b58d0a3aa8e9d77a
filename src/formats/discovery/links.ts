// Which values of resources are those of other resources: where the schema says whose output a property takes, the one component
// that shows the value there; else the one component whose resource id or ARN it is. Where several could be meant none is
// taken, and that is told. Nothing that would close a circle among new components is linked.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json } from '../../base/json.ts';
import { parsePointer, pointerOf } from '../../model/path.ts';
import { derefProperty, type Property } from '../../model/property.ts';
import { rootProperty, type VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';
import { inputOf } from '../terraform/declare.ts';

/** A component with a resource, as others may refer to it. */
export interface Shown {
  readonly component: ComponentId;
  /** For people. */
  readonly name: string;
  readonly schema: string;
  readonly spec: VariantSpec;
  readonly resourceId: string | null;
  readonly payload: Json;
  /** The value at a pointer below /domain. */
  readonly domainAt: (pointer: string) => Json | undefined;
}

export interface Target {
  readonly component: ComponentId;
  readonly path: string;
}

/** A value that could be of several components. */
export interface Ambiguous {
  /** Pointer from the component's root. */
  readonly path: string;
  readonly value: string;
  /** Names of the components, in order. */
  readonly candidates: readonly string[];
}

type Fact = NonNullable<Property['suggests']>[number];

interface Place {
  /** Pointer from the component's root, list elements as `*`: as facts name properties. */
  readonly pattern: string;
  readonly facts: readonly Fact[];
  /** A label for people: what is in it is equal to something by chance. */
  readonly isLabel: boolean;
}

const labelNames = /^(name|displayname|description|label|labels|title|comment|tags|tagsall|metadata|annotations)$/i;

/** A text that nobody has by chance: with letters and digits in it, of some length; an ARN, for one. */
function isIdentifier(text: string): boolean {
  if (text.startsWith('arn:')) return true;
  return text.length >= 4 && /^[\x21-\x7e]+$/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text);
}

export class Links {
  readonly #shown: readonly Shown[];
  /** By schema and path, then by value. */
  readonly #byFact = new Map<string, Map<string, Shown[]>>();
  readonly #byIdentifier = new Map<string, { readonly shown: Shown; readonly path: string }[]>();
  /** Facts that stand on the other side: on the property that feeds. By the fed schema and property. */
  readonly #feeding = new Map<string, Fact[]>();

  /** In the order in which they are to be told. */
  constructor(shown: readonly Shown[]) {
    this.#shown = shown;
    const seen = new Set<VariantSpec>();
    for (const one of shown) {
      this.#identify(one);
      if (seen.has(one.spec)) continue;
      seen.add(one.spec);
      for (const { path, property } of propertiesOf(one.spec))
        for (const fed of property.feeds ?? []) append(this.#feeding, factKey(fed), { schema: one.schema, path });
    }
  }

  /** A value of a component as an input, with sources where it is of others. `take` may refuse a source. */
  linked(
    of: { readonly component: ComponentId; readonly schema: string; readonly spec: VariantSpec },
    name: string,
    value: Json,
    take: (target: Target) => boolean,
  ): { readonly input: Input; readonly targets: readonly Target[]; readonly ambiguous: readonly Ambiguous[] } {
    const targets: Target[] = [];
    const ambiguous: Ambiguous[] = [];
    const domain = of.spec.domain;
    const member = domain.kind === 'map' ? domain.values : domain.properties?.[name];
    const link = (text: string, place: Place, at: string): Input | undefined => {
      const found = this.#find(of.component, text, place);
      if (found === undefined) return undefined;
      if (!('path' in found)) {
        ambiguous.push({ path: at, value: text, candidates: found.names });
        return undefined;
      }
      if (!take(found)) return undefined;
      targets.push(found);
      return { $source: { component: found.component, path: found.path } };
    };
    const walk = (property: Property, json: Json, pattern: string, at: string, isLabel: boolean): Input => {
      const p = derefProperty(property, of.spec.definitions);
      const facts = [
        ...(p.suggests ?? []),
        ...(this.#feeding.get(factKey({ schema: of.schema, path: pattern })) ?? []),
      ];
      if (typeof json === 'string') {
        const isOpen = p.kind === 'string' && p.enum === undefined;
        return (isOpen || p.kind === 'any' ? link(json, { pattern, facts, isLabel }, at) : undefined) ?? json;
      }
      if (Array.isArray(json)) {
        // A list of texts takes what its elements take.
        const own = derefProperty(p.items ?? { kind: 'any' }, of.spec.definitions);
        const items = facts.length === 0 ? own : { ...own, suggests: [...facts, ...(own.suggests ?? [])] };
        return json.map((item: Json, i) => walk(items, item, `${pattern}/*`, `${at}/${i}`, isLabel));
      }
      if (!isObject(json) || Object.hasOwn(json, '$source')) return inputOf(json, () => undefined);
      return Object.fromEntries(
        Object.entries(json).flatMap(([key, inner]): [string, Input][] => {
          // What is null is not declared.
          if (inner === null) return [];
          const child = p.kind === 'object' ? p.properties?.[key] : p.kind === 'map' ? p.values : undefined;
          const step = pointerOf([key]);
          const labels = isLabel || labelNames.test(key);
          return [[key, walk(child ?? { kind: 'any' }, inner, pattern + step, at + step, labels)]];
        }),
      );
    };
    const start = pointerOf(['domain', name]);
    const input = walk(member ?? { kind: 'any' }, value, start, start, labelNames.test(name));
    return { input, targets, ambiguous };
  }

  #find(own: ComponentId, text: string, place: Place): Target | { readonly names: string[] } | undefined {
    if (text === '') return undefined;
    if (place.facts.length > 0) {
      const hits = place.facts.flatMap((fact) =>
        (this.#valuesOf(fact).get(text) ?? []).map((shown) => ({ shown, path: fact.path })),
      );
      return onlyOne(hits.filter((h) => h.shown.component !== own));
    }
    const isArn = text.startsWith('arn:');
    if (!isIdentifier(text) || (place.isLabel && !isArn)) return undefined;
    return onlyOne((this.#byIdentifier.get(text) ?? []).filter((h) => h.shown.component !== own));
  }

  /** Who shows what where a fact says; read when it is asked for first. */
  #valuesOf(fact: Fact): ReadonlyMap<string, Shown[]> {
    const key = factKey(fact);
    let known = this.#byFact.get(key);
    if (known === undefined) {
      known = new Map<string, Shown[]>();
      this.#byFact.set(key, known);
      for (const shown of this.#shown) {
        if (shown.schema !== fact.schema || !hasProperty(shown.spec, fact.path)) continue;
        const value = valueAt(shown, fact.path);
        if (typeof value === 'string' && value !== '') append(known, value, shown);
      }
    }
    return known;
  }

  /** By resource id, where it is shown, and by ARN. What the provider reports is followed before what was declared. */
  #identify(shown: Shown): void {
    const { resourceId, payload, spec } = shown;
    const reported = isObject(payload) ? Object.entries(payload) : [];
    const values = new Map<string, string>();
    for (const [name, value] of reported) {
      const path = pointerOf(['resource_value', name]);
      if (typeof value !== 'string' || (value !== resourceId && !value.startsWith('arn:'))) continue;
      if (hasProperty(spec, path) && !values.has(value) && !labelNames.test(name)) values.set(value, path);
    }
    if (resourceId !== null && !values.has(resourceId)) values.set(resourceId, '/si/resourceId');
    for (const [value, path] of values) append(this.#byIdentifier, value, { shown, path });
  }
}

/** Several places of one component are no doubt: the first counts. */
function onlyOne(
  hits: readonly { readonly shown: Shown; readonly path: string }[],
): Target | { readonly names: string[] } | undefined {
  const [first] = hits;
  if (first === undefined) return undefined;
  const by = new Map(hits.map(({ shown }) => [shown.component, shown.name]));
  if (by.size > 1) return { names: [...by.values()].sort() };
  return { component: first.shown.component, path: first.path };
}

function valueAt(shown: Shown, path: string): Json | undefined {
  if (path === '/si/resourceId') return shown.resourceId ?? undefined;
  if (path.startsWith('/domain/')) return shown.domainAt(path);
  if (!path.startsWith('/resource_value/')) return undefined;
  let at: Json | undefined = shown.payload;
  for (const step of stepsOf(path).slice(1)) at = isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return at;
}

function hasProperty(spec: VariantSpec, path: string): boolean {
  let property: Property | undefined = rootProperty(spec);
  for (const step of stepsOf(path)) {
    const p: Property = derefProperty(property, spec.definitions);
    const next: Property | undefined =
      p.kind === 'object' && Object.hasOwn(p.properties ?? {}, step)
        ? p.properties![step]
        : p.kind === 'map'
          ? (p.values ?? { kind: 'any' })
          : p.kind === 'any'
            ? p
            : undefined;
    if (next === undefined) return false;
    property = next;
  }
  return true;
}

/** Properties below /domain and /resource_value that are reached without lists and maps, with their pointers. */
function propertiesOf(spec: VariantSpec): { path: string; property: Property }[] {
  const out: { path: string; property: Property }[] = [];
  const walk = (property: Property, path: string, within: readonly string[]): void => {
    const p = derefProperty(property, spec.definitions);
    out.push({ path, property: p });
    if (property.kind === 'ref' && within.includes(property.to ?? '')) return;
    const names = property.kind === 'ref' ? [...within, property.to ?? ''] : within;
    for (const [name, member] of Object.entries(p.properties ?? {})) walk(member, path + pointerOf([name]), names);
  };
  walk(spec.domain, '/domain', []);
  walk(spec.resourceValue, '/resource_value', []);
  return out;
}

const factKey = ({ schema, path }: Fact): string => `${schema} ${path}`;
const stepsOf = (path: string): readonly string[] => {
  const parsed = parsePointer(path);
  return parsed.ok ? parsed.value : [];
};

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
