// Schemas and their variants: the types of components. A variant's property trees are one canonical document kept as a
// blob, found by hash, so that two change sets that install the same type hold the same bytes.

import { type Digest, type Hash, idFromHash, type SchemaId, type VariantId } from '../base/ids.ts';
import { brief, canonical, compareText, isObject, type Json, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type Path, type Segment, segmentsOf } from './path.ts';
import { checkPropertyTree, childProperty, type Definitions, derefProperty, type Property } from './property.ts';

export const variantSpecFormat = 1;

/** The document behind a variant. */
export interface VariantSpec {
  readonly format: typeof variantSpecFormat;
  readonly docs?: string;
  /** A page about the type. */
  readonly link?: string;
  /** What people call it, where that is not the schema's name. */
  readonly displayName?: string;
  /** On the map, `#rrggbb`. */
  readonly color?: string;
  /** What people and change sets declare; kind `object`, or `map` of `any` for a type nobody has described. */
  readonly domain: Property;
  /** What the provider reports back; kind `object` or `map`, everything read-only. */
  readonly resourceValue: Property;
  /** Secret slots: an object of string properties with `secret`. */
  readonly secrets: Property;
  readonly definitions: Definitions;
  /** The kind of secret that its components define, and the fields that one of it has. */
  readonly secretDefinition?: { readonly name: string; readonly fields: Property };
  /** Pointers from the component's root of the properties that together are the provider's identifier. */
  readonly primaryIdentifier?: readonly string[];
  /** The reported property that a reference to the resource gives in the provider's own templates; absent: the identifier. */
  readonly reference?: string;
  /** How a resource is replaced where the component does not say; absent: the old one is destroyed first. */
  readonly replace?: ReplaceOrder;
  /** How long after its provider was last asked a resource is looked at again by itself; absent: only when somebody asks. */
  readonly refreshEveryMs?: number;
}

export type ReplaceOrder = 'destroy-first' | 'create-first';
const replaceOrders: readonly ReplaceOrder[] = ['destroy-first', 'create-first'];

/** A schema as stored under its id. */
export interface SchemaRecord {
  readonly name: string;
  readonly category: string;
  /** `user`, `builtin` or the catalogue it was installed from (`aws`). */
  readonly origin: string;
  readonly defaultVariant: VariantId | null;
}

/**
 * The name of the schema whose action functions stand for all schemas of the same catalogue, such as `aws::*`. undefined: it
 * is of no catalogue.
 */
export function schemaOfAll({ origin }: Pick<SchemaRecord, 'origin'>): string | undefined {
  return origin === 'user' || origin === 'builtin' ? undefined : `${origin}::*`;
}

/** The id of a schema of a catalogue, which is the same wherever it is installed. */
export function cataloguedSchemaId(digest: Digest, { origin, name }: Pick<SchemaRecord, 'origin' | 'name'>): SchemaId {
  return idFromHash<SchemaId>(digest(`schema\n${origin}\n${name}`));
}

/** The id of the variant that such a schema gets by this document. */
export function cataloguedVariantId(digest: Digest, schema: SchemaId, specText: string): VariantId {
  return idFromHash<VariantId>(digest(`variant\n${schema}\n${specText}`));
}

/** A variant as stored under `schema/variant`. */
export interface VariantRecord {
  /** Display name, free text; variants are told apart by id. */
  readonly name: string;
  readonly spec: Hash;
  readonly locked: boolean;
}

/** The fixed tree under /si. */
const siProperty: Property = {
  kind: 'object',
  properties: {
    name: {
      kind: 'string',
      required: true,
      docs: 'Display name; need not be unique.',
      minLength: 1,
      maxLength: 256,
      pattern: '^[^\\u0000-\\u001f]*$',
    },
    type: { kind: 'string', readOnly: true, docs: 'Configuration of the component; kept for clients that read it.' },
    color: { kind: 'string', docs: 'Colour on the map, #rrggbb.' },
    resourceId: { kind: 'string', docs: 'The provider’s id of the resource.', minLength: 1 },
    movedFrom: {
      kind: 'string',
      readOnly: true,
      docs: 'Id of the component whose resource this one has taken over; set by moving it.',
    },
    lookups: {
      kind: 'map',
      readOnly: true,
      docs: 'Values that functions look up outside, by path, with the wish by which each was asked for anew.',
      values: { kind: 'string' },
    },
    enabled: { kind: 'boolean', docs: 'False: the component is in the model but never planned.', default: true },
    metadata: { kind: 'any', docs: 'Annotations of tools and people; never sent to a provider.' },
  },
};

const openReadOnly: Property = { kind: 'any', readOnly: true };

const rootsOfSpecs = new WeakMap<VariantSpec, Property>();

/** The property tree of a whole component of this variant; the same object for the same document. */
export function rootProperty(spec: VariantSpec): Property {
  let root = rootsOfSpecs.get(spec);
  if (root === undefined) {
    root = makeRoot(spec);
    rootsOfSpecs.set(spec, root);
  }
  return root;
}

function makeRoot(spec: VariantSpec): Property {
  return {
    kind: 'object',
    properties: {
      si: siProperty,
      domain: spec.domain,
      secrets: spec.secrets,
      resource: openReadOnly,
      resource_value: { ...spec.resourceValue, readOnly: true },
      code: openReadOnly,
      qualification: openReadOnly,
      deleted_at: {
        kind: 'boolean',
        readOnly: true,
        docs: 'True while marked for deletion; when and by whom is in the history.',
      },
    },
  };
}

/** What `propertyAt` finds: the property, and whether it or anything above it is read-only, create-only or secret. */
export interface Located {
  readonly property: Property;
  readonly readOnly: boolean;
  readonly createOnly: boolean;
  readonly secret: boolean;
}

/** The property at a stored path; undefined when the schema has none there. */
export function propertyAt(spec: VariantSpec, path: Path): Located | undefined {
  return locate(spec, segmentsOf(path));
}

export function locate(spec: VariantSpec, segments: readonly Segment[]): Located | undefined {
  let property = rootProperty(spec);
  let readOnly = false;
  let createOnly = false;
  let secret = false;
  for (const segment of segments) {
    const next = childProperty(property, segment as { key: string }, spec.definitions);
    if (next === undefined) return undefined;
    property = next;
    readOnly ||= next.readOnly === true;
    createOnly ||= next.createOnly === true;
    secret ||= next.secret === true;
  }
  return { property: derefProperty(property, spec.definitions), readOnly, createOnly, secret };
}

/** Checks a variant document read from outside. Refuses `request_malformed`, `property_tree_invalid`. */
export function parseVariantSpec(x: unknown, at = ''): Result<VariantSpec> {
  if (!isObject(x) || x['format'] !== variantSpecFormat) {
    return refuse('request_malformed', {
      path: at,
      expected: `a variant document with format ${variantSpecFormat}, domain, resourceValue, secrets and definitions`,
      got: isObject(x) ? `format ${brief(x['format'])}` : brief((x ?? null) as Json),
      hint: 'compare with `headwater schema describe NAME --json`',
    });
  }
  const given = x['definitions'] ?? {};
  if (!isObject(given)) {
    return refuse('property_tree_invalid', {
      path: `${at}/definitions`,
      expected: 'an object of properties by name',
      got: brief(given),
      hint: 'leave it out, or name each definition',
    });
  }
  const definitions = given as unknown as Definitions;
  // First the definitions: the trees refer to them.
  for (const [name, definition] of Object.entries(definitions)) {
    const checked = checkPropertyTree(definition, `${at}/definitions/${name}`, definitions);
    if (!checked.ok) return checked;
  }
  const spec = {
    domain: emptyObject,
    resourceValue: emptyObject,
    secrets: emptyObject,
    ...x,
    definitions,
  } as VariantSpec;
  for (const part of ['domain', 'resourceValue', 'secrets'] as const) {
    const tree = spec[part];
    const checked = checkPropertyTree(tree, `${at}/${part}`, definitions);
    if (!checked.ok) return checked;
    if (tree.kind !== 'object' && tree.kind !== 'map') {
      return refuse('property_tree_invalid', {
        path: `${at}/${part}/kind`,
        expected: 'object or map',
        got: tree.kind,
        hint: 'wrap the tree in an object',
      });
    }
  }
  if (spec.replace !== undefined && !replaceOrders.includes(spec.replace)) {
    return refuse('property_tree_invalid', {
      path: `${at}/replace`,
      expected: replaceOrders.join(' or '),
      got: brief(spec.replace as Json),
      hint: 'leave it out to have the old resource destroyed first',
    });
  }
  const { refreshEveryMs } = spec;
  if (refreshEveryMs !== undefined && !isRefreshPeriod(refreshEveryMs)) {
    return refuse('property_tree_invalid', {
      path: `${at}/refreshEveryMs`,
      expected: `whole milliseconds from ${limits.refreshEveryMsMin} to ${limits.refreshEveryMsMax}`,
      got: brief(refreshEveryMs as Json),
      hint: 'leave it out to have resources looked at only when somebody asks',
    });
  }
  for (const name of ['displayName', 'color'] as const) {
    if (spec[name] === undefined || typeof spec[name] === 'string') continue;
    return refuse('property_tree_invalid', {
      path: `${at}/${name}`,
      expected: 'text',
      got: brief(spec[name] as Json),
      hint: 'leave it out',
    });
  }
  return checkSecretDefinition(spec, at);
}

export function isRefreshPeriod(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms >= limits.refreshEveryMsMin && ms <= limits.refreshEveryMsMax;
}

function checkSecretDefinition(spec: VariantSpec, at: string): Result<VariantSpec> {
  const given: Json | undefined = spec.secretDefinition as unknown as Json | undefined;
  if (given === undefined) return ok(spec);
  const fields = isObject(given) ? given['fields'] : undefined;
  if (!isObject(given) || typeof given['name'] !== 'string' || !isObject(fields) || fields['kind'] !== 'object') {
    return refuse('property_tree_invalid', {
      path: `${at}/secretDefinition`,
      expected: 'the name of a kind of secret and its fields, an object property',
      got: brief(given),
      hint: 'leave it out when its components define no secrets',
    });
  }
  const checked = checkPropertyTree(fields, `${at}/secretDefinition/fields`, spec.definitions);
  return checked.ok ? ok(spec) : checked;
}

/**
 * Text of a variant document: what is hashed and stored. Canonical but for one thing: the members of an object property
 * keep their order, which is the one they are shown in.
 */
export function variantSpecText(spec: VariantSpec): string {
  return inOrder(spec as unknown as JsonObject, (name, part) => {
    if (name === 'domain' || name === 'resourceValue' || name === 'secrets') return propertyText(part);
    if (name === 'secretDefinition')
      return inOrder(part as JsonObject, (n, p) => (n === 'fields' ? propertyText(p) : canonical(p)));
    return name === 'definitions'
      ? inOrder(part as JsonObject, (_, definition) => propertyText(definition))
      : canonical(part);
  });
}

function propertyText(property: Json): string {
  return inOrder(property as JsonObject, (name, part) => {
    if (name === 'items' || name === 'values') return propertyText(part);
    if (name !== 'properties') return canonical(part);
    const members = Object.entries(part as JsonObject).map(
      ([key, member]) => `${canonical(key)}:${propertyText(member)}`,
    );
    return `{${members.join(',')}}`;
  });
}

/** An object with its members ordered as canonical text has them, each written by `write`. */
function inOrder(object: JsonObject, write: (name: string, member: Json) => string): string {
  const names = Object.keys(object).filter((name) => object[name] !== undefined);
  return `{${names
    .sort(compareText)
    .map((name) => `${canonical(name)}:${write(name, object[name]!)}`)
    .join(',')}}`;
}

export const emptyObject: Property = { kind: 'object', properties: {} };
