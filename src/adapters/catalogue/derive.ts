// From a resource type of the specification to the variant document of a schema. Pure: the same specification gives
// the same document, its members in order of their names.
//
// What can be set becomes `domain`, what is read back becomes `resourceValue`; a name that is both is in both. Outputs
// lie where their dotted name says, so an attribute look-up `A.B` is always the property `/resource_value/A/B`.

import { compareText } from '../../base/json.ts';
import { isRegionless } from '../../formats/cloudformation/regionless.ts';
import { pointerOf } from '../../model/path.ts';
import { placement, placementName } from '../../model/placement.ts';
import { type Definitions, derefProperty, type Property } from '../../model/property.ts';
import { emptyObject, type VariantSpec, variantSpecFormat } from '../../model/schema.ts';
import { pageOf, paragraphs } from './docs.ts';
import type { Spec, SpecResource, SpecType } from './spec.ts';
import { type FindOutput, Translation } from './translation.ts';

/** The derivation of any resource type of `spec`. */
export function deriver(spec: Spec): (resource: SpecResource) => VariantSpec {
  const byName = new Map(spec.resources.map((r) => [r.cloudFormationType, r]));
  const findOutput: FindOutput = (schema, propertyName) => {
    const resource = byName.get(schema);
    if (resource === undefined) return undefined;
    const name = outputName(resource, propertyName);
    if (name === undefined) return undefined;
    const type: SpecType | undefined = (resource.attributes[name] ?? resource.properties[name])?.type;
    return { schema, path: pointerIn(resource, name), list: type?.type === 'array' };
  };
  return (resource) => deriveVariant(resource, spec, findOutput);
}

/** `AWS::EC2::VPC` is in the category `AWS::EC2`. */
export function categoryOf(name: string): string {
  const parts = name.split('::');
  return parts.length < 2 ? name : parts.slice(0, -1).join('::');
}

function deriveVariant(resource: SpecResource, spec: Spec, findOutput: FindOutput): VariantSpec {
  const translation = new Translation(spec, findOutput);
  let domain: Property = { kind: 'object', properties: translation.properties(resource.properties) };
  const resourceValue = outputs(resource, translation);
  for (const path of resource.additionalReplacementProperties ?? []) {
    domain = withCreateOnly(domain, path, translation.definitions);
  }
  // Where the provider can act on a type at all, components of it say in which region.
  if (resource.primaryIdentifier !== undefined && !isRegionless(resource.cloudFormationType))
    domain = { ...domain, properties: { ...domain.properties, [placementName]: placement } };
  const docs = paragraphs(resource.documentation);
  return {
    format: variantSpecFormat,
    ...(docs === undefined ? {} : { docs }),
    link: pageOf(resource.cloudFormationType),
    domain,
    resourceValue,
    secrets: resource.primaryIdentifier === undefined ? emptyObject : credentialSlot,
    definitions: reached([domain, resourceValue], translation.definitions),
    ...(resource.primaryIdentifier === undefined
      ? {}
      : { primaryIdentifier: resource.primaryIdentifier.map((name) => pointerIn(resource, name)) }),
    ...referenceOf(resource),
  };
}

/** The kind of secret with which the provider of this catalogue is spoken to. */
const credential = 'AWS Credential';

/** Where the provider can act on a type at all, components of it say with which credential. */
const credentialSlot: Property = {
  kind: 'object',
  properties: {
    credential: {
      kind: 'string',
      docs: 'The credential with which the resource is made and looked at.',
      secret: true,
      suggests: [{ schema: credential, path: `/secrets/${credential}` }],
    },
  },
};

/** Of a reference in parts the last, which is its name: the others are told only where they are not the usual ones. */
function referenceOf({ cfnRefIdentifier: given = [], primaryIdentifier = [] }: SpecResource): { reference?: string } {
  const name = given.at(-1)?.replaceAll('/', '.');
  if (name === undefined || name.includes('.') || given.join() === primaryIdentifier.join()) return {};
  return { reference: name };
}

/** Where a named input or output of the type lies: an output if there is one of that name, else an input. */
function pointerIn(resource: SpecResource, name: string): string {
  const dotted = name.replaceAll('/', '.');
  return Object.hasOwn(resource.attributes, dotted)
    ? pointerOf(['resource_value', ...dotted.split('.')])
    : pointerOf(['domain', ...name.split('/')]);
}

/**
 * The name of the output a relationship means. `Id` is written for “whatever a reference gives” in types that have no
 * such member; a name that is nowhere in the type is a slip of the specification and is left out.
 */
function outputName(resource: SpecResource, name: string): string | undefined {
  if (Object.hasOwn(resource.attributes, name) || Object.hasOwn(resource.properties, name)) return name;
  const identifier = resource.cfnRefIdentifier ?? resource.primaryIdentifier ?? [];
  return name === 'Id' && identifier.length === 1 ? identifier[0] : undefined;
}

/** A tree under construction. */
type Growing = { -readonly [K in keyof Property]: Property[K] } & { properties: { [name: string]: Property } };

function outputs(resource: SpecResource, translation: Translation): Property {
  const root: Growing = { kind: 'object', readOnly: true, properties: {} };
  // In order of their names an output comes before its own members.
  for (const name of Object.keys(resource.attributes).sort(compareText)) {
    const attribute = resource.attributes[name]!;
    const segments = name.split('.');
    if (attribute.deprecated === 'IGNORE' || describes(root, segments, translation.definitions)) continue;
    place(root, segments, translation.output(attribute), translation.definitions);
  }
  return root;
}

/** Does the tree say already what lies at `segments`? Not when all it says is that there may be anything. */
function describes(tree: Property, segments: readonly string[], definitions: Definitions): boolean {
  let p: Property | undefined = tree;
  for (const segment of segments) {
    p = p.kind === 'map' ? p.values : p.properties?.[segment];
    if (p === undefined) return false;
    p = derefProperty(p, definitions);
  }
  return p.kind !== 'any';
}

/** Puts `property` at `segments` below `into`; a reference on the way is written out. */
function place(into: Growing, segments: readonly string[], property: Property, definitions: Definitions): void {
  const [name, ...rest] = segments as [string, ...string[]];
  if (rest.length === 0) {
    into.properties[name] = property;
    return;
  }
  const there = Object.hasOwn(into.properties, name) ? into.properties[name] : undefined;
  const whole = there === undefined ? { kind: 'object' as const } : derefProperty(there, definitions);
  if (whole.kind !== 'object') {
    // The specification calls it something else and names members of it: its shape is not known.
    into.properties[name] = { kind: 'any', ...(whole.docs === undefined ? {} : { docs: whole.docs }) };
    return;
  }
  const grown: Growing = { ...whole, properties: { ...whole.properties } };
  place(grown, rest, property, definitions);
  into.properties[name] = grown;
}

/** The definitions that `trees` refer to, directly or through others: a tree written out no longer needs its own. */
function reached(trees: readonly Property[], definitions: Definitions): Definitions {
  const out: { [name: string]: Property } = {};
  const walk = (p: Property): void => {
    if (p.kind === 'ref' && !Object.hasOwn(out, p.to!)) {
      out[p.to!] = definitions[p.to!]!;
      walk(out[p.to!]!);
    }
    for (const member of Object.values(p.properties ?? {})) walk(member);
    if (p.items !== undefined) walk(p.items);
    if (p.values !== undefined) walk(p.values);
  };
  trees.forEach(walk);
  return out;
}

/** A copy of `property` with the property at `path` marked create-only; references on the way are written out. */
function withCreateOnly(property: Property, path: readonly string[], definitions: Definitions): Property {
  const [step, ...rest] = path;
  if (step === undefined) return { ...property, createOnly: true };
  const whole = derefProperty(property, definitions);
  if (step === '*') {
    if (whole.items !== undefined) return { ...whole, items: withCreateOnly(whole.items, rest, definitions) };
    if (whole.values !== undefined) return { ...whole, values: withCreateOnly(whole.values, rest, definitions) };
    return property;
  }
  const member = whole.properties?.[step];
  if (member === undefined) return property;
  return { ...whole, properties: { ...whole.properties, [step]: withCreateOnly(member, rest, definitions) } };
}
