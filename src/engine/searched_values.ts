// The values of components that a search asks for, and no others: where they can stand is found out once a variant, from what
// its schema says. Of a component with a hundred values one or two are put together instead of all.

import type { ComponentId, VariantId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { Evaluation } from '../builtins/evaluate.ts';
import {
  type AttributeQuery,
  anyName,
  anyNames,
  attributesIn,
  type KnownSegment,
  mayBeAt,
  type SearchQuery,
  type SearchSubject,
} from '../formats/search.ts';
import { cellKey } from '../model/keys.ts';
import { findComponent, isAbsent, specOfComponent } from '../model/lookup.ts';
import { childPath, type Path, wellKnown } from '../model/path.ts';
import { derefProperty, type Property } from '../model/property.ts';
import { rootProperty, type VariantSpec } from '../model/schema.ts';

/** A value that has to be looked at, with what is below it. */
interface Place {
  readonly path: Path;
  readonly pointer: string;
  /** Its parts may be there when it is not as a whole. */
  readonly isTree: boolean;
}

export class SearchedValues {
  readonly #evaluation: Evaluation;
  readonly #asked: readonly AttributeQuery[];
  readonly #places = new Map<VariantId, readonly Place[]>();

  constructor(evaluation: Evaluation, query: SearchQuery) {
    this.#evaluation = evaluation;
    this.#asked = attributesIn(query);
  }

  subject({
    id,
    name,
    schema,
  }: {
    readonly id: ComponentId;
    readonly name: string;
    readonly schema: string;
  }): SearchSubject {
    return { name, schema, attributes: () => this.#attributes(id) };
  }

  /** Of all that a view shows, at least what the query asks for. */
  #attributes(id: ComponentId): readonly (readonly [string, string])[] {
    const out: (readonly [string, string])[] = [];
    // Others read nothing of what is absent; people still see it.
    if (isAbsent(this.#evaluation.reader, id)) return this.#whole(id);
    for (const { path, pointer, isTree } of this.#placesOf(id)) {
      // Only what is declared is shown there.
      if (path === wellKnown.resourceId && this.#evaluation.reader.get('cells', cellKey(id, path)) === undefined)
        continue;
      const is = this.#evaluation.valueAt({ component: id, path });
      if (is.state === 'value') out.push(...leaves(pointer, is.value));
      else if (isTree && is.state !== 'none') return this.#whole(id);
    }
    return out;
  }

  #whole(id: ComponentId): readonly (readonly [string, string])[] {
    return [...leaves('', this.#evaluation.view(id).value)];
  }

  #placesOf(id: ComponentId): readonly Place[] {
    const { reader } = this.#evaluation;
    const record = findComponent(reader, id);
    if (record === undefined) return [];
    let places = this.#places.get(record.variant);
    if (places === undefined) {
      const spec = specOfComponent(reader, record);
      places = spec === undefined ? [] : placesIn(spec, this.#asked);
      this.#places.set(record.variant, places);
    }
    return places;
  }
}

const text: Property = { kind: 'string' };
const results = (members: Property): Property => ({ kind: 'map', values: members });
/** What functions of these kinds give, which no schema says. */
const code = results({ kind: 'object', properties: { code: text, format: text } });
const finding: Property = { kind: 'object', properties: { path: text, message: text, severity: text } };
const qualification = results({
  kind: 'object',
  properties: { result: text, message: text, findings: { kind: 'array', items: finding } },
});

/** What is reported need not be as the schema says. */
const shapes: { readonly [root: string]: Property } = { code, qualification, resource_value: { kind: 'any' } };

function placesIn(spec: VariantSpec, asked: readonly AttributeQuery[]): readonly Place[] {
  const out: Place[] = [];
  const { definitions } = spec;
  const isAsked = (segments: readonly KnownSegment[]): boolean => asked.some((query) => mayBeAt(query, segments));

  /** May anything in the tree be asked for? `within`: definitions that it is in. */
  const isInTree = (property: Property, segments: readonly KnownSegment[], within: readonly string[]): boolean => {
    if (property.kind === 'ref' && within.includes(property.to ?? '')) return isAsked([...segments, anyNames]);
    const inside = property.kind === 'ref' ? [...within, property.to ?? ''] : within;
    const p = derefProperty(property, definitions);
    switch (p.kind) {
      case 'object':
        return p.properties === undefined
          ? isAsked([...segments, anyNames])
          : Object.entries(p.properties).some(([name, q]) => isInTree(q, [...segments, written(name)], inside));
      case 'map':
        return isInTree(p.values ?? { kind: 'any' }, [...segments, anyName], inside);
      case 'array':
        return isInTree(p.items ?? { kind: 'any' }, [...segments, anyName], inside);
      case 'any':
      case 'json':
      case 'ref':
        return isAsked([...segments, anyNames]);
      default:
        return isAsked(segments);
    }
  };

  const walk = (property: Property, path: Path, segments: readonly string[]): void => {
    const p = derefProperty(property, definitions);
    const isRecursive = property.kind === 'ref';
    if (p.kind === 'object' && p.properties !== undefined && !isRecursive) {
      for (const [name, q] of Object.entries(p.properties))
        walk(q, childPath(path, name), [...segments, written(name)]);
      return;
    }
    if (isInTree(property, segments, []))
      out.push({ path, pointer: segments.map((s) => `/${s}`).join(''), isTree: !isScalar(p) });
  };
  for (const [name, property] of Object.entries(rootProperty(spec).properties!)) {
    walk(shapes[name] ?? property, `/${name}` as Path, [name]);
  }
  return out;
}

const isScalar = ({ kind }: Property): boolean =>
  kind === 'string' || kind === 'integer' || kind === 'number' || kind === 'boolean';

const written = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** Every scalar below a place, by its pointer. */
export function* leaves(at: string, value: Json): Iterable<readonly [string, string]> {
  if (typeof value === 'object' && value !== null)
    for (const [key, member] of Object.entries(value)) yield* leaves(`${at}/${written(key)}`, member as Json);
  else yield [at, String(value)];
}
