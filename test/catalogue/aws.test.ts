// Every AWS resource type, and some of them in detail, compared with the specification they were derived from.

import { describe, expect, test } from 'vitest';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import { definitionId, type SpecProperties, type SpecType } from '../../src/adapters/catalogue/spec.ts';
import { isRegionless } from '../../src/formats/cloudformation/regionless.ts';
import { parsePointer } from '../../src/model/path.ts';
import { hasPlacement, withoutPlacement } from '../../src/model/placement.ts';
import { checkPropertyTree, type Property } from '../../src/model/property.ts';
import { locate, parseVariantSpec, type VariantSpec, variantSpecText } from '../../src/model/schema.ts';
import { awsSpec, buildAws, mustResource, temporaryFolder } from './fixture.ts';

const directory = temporaryFolder();
const report = buildAws(directory);
const catalogue = openCatalogue(directory);

function mustLoad(name: string): VariantSpec {
  const spec = catalogue.load(name);
  if (spec === undefined) throw new Error(`the catalogue has no ${name}`);
  return spec;
}

/** The property at a pointer, list elements by index as in a template. */
function at(spec: VariantSpec, pointer: string) {
  const segments = parsePointer(pointer);
  if (!segments.ok) throw new Error(pointer);
  return locate(
    spec,
    segments.value.map((key) => ({ key })),
  );
}

function* trees(spec: VariantSpec): Generator<Property> {
  function* walk(p: Property): Generator<Property> {
    yield p;
    for (const member of Object.values(p.properties ?? {})) yield* walk(member);
    if (p.items) yield* walk(p.items);
    if (p.values) yield* walk(p.values);
  }
  for (const p of [spec.domain, spec.resourceValue, ...Object.values(spec.definitions)]) yield* walk(p);
}

describe('every type', () => {
  const { resources } = awsSpec();

  test('of the specification is in the catalogue, and no other', () => {
    expect(resources.length).toBeGreaterThan(1000);
    expect(catalogue.size).toBe(resources.length);
    expect(report.types).toBe(resources.length);
    expect(catalogue.search('', 10_000).map((e) => e.name)).toEqual(resources.map((r) => r.cloudFormationType).sort());
  });

  test('is a valid variant document, with a summary of one line', () => {
    for (const { cloudFormationType: name } of resources) {
      const spec = mustLoad(name);
      expect(parseVariantSpec(spec), name).toMatchObject({ ok: true });
      for (const tree of [spec.domain, spec.resourceValue, spec.secrets]) {
        expect(checkPropertyTree(tree, '', spec.definitions).ok, name).toBe(true);
      }
      const { category, summary } = catalogue.entry(name)!;
      expect(name.startsWith(`${category}::`)).toBe(true);
      expect(summary, name).toMatch(/^\S.{1,239}$/);
    }
  });

  test('has the members that the specification lists, and a region where it has regions', () => {
    let placed = 0;
    for (const resource of resources) {
      const spec = mustLoad(resource.cloudFormationType);
      const kept = Object.keys(resource.properties).filter((n) => resource.properties[n]!.deprecated !== 'IGNORE');
      const { cloudFormationType: type, primaryIdentifier } = resource;
      const isPlaced = primaryIdentifier !== undefined && !isRegionless(type);
      expect(Object.keys(spec.domain.properties!)).toEqual([...kept.sort(), ...(isPlaced ? ['extra'] : [])]);
      expect(hasPlacement(spec)).toBe(isPlaced);
      expect(Object.keys(withoutPlacement(spec).domain.properties!)).toEqual(kept);
      if (isPlaced)
        expect(at(spec, '/domain/extra/Region')).toMatchObject({ property: { kind: 'string', createOnly: true } });
      placed += isPlaced ? 1 : 0;
    }
    expect(placed).toBeGreaterThan(1000);
  });

  test('has every attribute where its dotted name says, read-only', () => {
    let attributes = 0;
    for (const resource of resources) {
      const spec = mustLoad(resource.cloudFormationType);
      for (const name of Object.keys(resource.attributes)) {
        const found = at(spec, `/resource_value/${name.replaceAll('.', '/')}`);
        expect(found, `${resource.cloudFormationType} ${name}`).toMatchObject({ readOnly: true });
        attributes++;
      }
    }
    expect(attributes).toBeGreaterThan(5000);
  });

  test('has its identifier, and suggests only outputs that exist', () => {
    let suggestions = 0;
    const loaded = new Map(resources.map((r) => [r.cloudFormationType, mustLoad(r.cloudFormationType)]));
    for (const [name, spec] of loaded) {
      const identifier = mustResource(name).primaryIdentifier;
      expect(spec.primaryIdentifier?.length, name).toBe(identifier?.length);
      for (const pointer of spec.primaryIdentifier ?? []) expect(at(spec, pointer), `${name} ${pointer}`).toBeDefined();
      for (const property of trees(spec)) {
        for (const { schema, path } of property.suggests ?? []) {
          expect(at(loaded.get(schema)!, path), `${name} -> ${schema} ${path}`).toBeDefined();
          suggestions++;
        }
      }
    }
    expect(suggestions).toBeGreaterThan(900);
  });

  test('holds only definitions that are reached, and no default of its own', () => {
    for (const { cloudFormationType: name } of resources) {
      const spec = mustLoad(name);
      const reached = new Set<string>();
      const all = [...trees(spec)];
      for (const p of all) if (p.kind === 'ref') reached.add(p.to!);
      expect(Object.keys(spec.definitions).sort(), name).toEqual([...reached].sort());
      expect(all.some((p) => p.default !== undefined)).toBe(false);
    }
  });
});

/** Compares what a specification says of properties with what was derived, structures included. */
function expectDerived(from: SpecProperties, to: Property, spec: VariantSpec, seen = new Set<string>()): number {
  let compared = 0;
  for (const [name, p] of Object.entries(from)) {
    const derived = to.properties![name]!;
    expect(derived.required === true, `${name} required`).toBe(p.required === true);
    expect(derived.createOnly === true, `${name} createOnly`).toBe(p.causesReplacement === 'yes');
    if (p.documentation) expect(derived.docs?.length, `${name} docs`).toBeGreaterThan(0);
    compared += 1 + expectType(p.type, derived, spec, seen);
  }
  return compared;
}

function expectType(type: SpecType, derived: Property, spec: VariantSpec, seen: Set<string>): number {
  switch (type.type) {
    case 'array':
      expect(derived.kind).toBe('array');
      return expectType(type.element, derived.items!, spec, seen);
    case 'map':
      expect(derived.kind).toBe('map');
      return expectType(type.element, derived.values!, spec, seen);
    case 'ref': {
      expect(derived.kind).toBe('ref');
      const id = definitionId(type)!;
      if (seen.has(id)) return 0;
      seen.add(id);
      return expectDerived(awsSpec().definition(id).properties, spec.definitions[derived.to!]!, spec, seen);
    }
    case 'string':
    case 'integer':
      expect(derived.kind).toBe(type.type);
      expect(derived.enum).toEqual(type.allowedValues);
      return 0;
    case 'number':
    case 'boolean':
      expect(derived.kind).toBe(type.type);
      return 0;
    default:
      return 0;
  }
}

describe('compared with the specification', () => {
  test.each([
    'AWS::EC2::VPC',
    'AWS::EC2::Subnet',
    'AWS::EC2::Instance',
    'AWS::S3::Bucket',
    'AWS::Lambda::Function',
    'AWS::WAFv2::WebACL',
    'AWS::DynamoDB::Table',
    'AWS::RDS::DBInstance',
  ])('%s', (name) => {
    const resource = mustResource(name);
    const spec = mustLoad(name);
    expect(expectDerived(resource.properties, spec.domain, spec)).toBeGreaterThan(5);
    for (const [property, p] of Object.entries(resource.properties)) {
      for (const { cloudFormationType, propertyName } of p.relationshipRefs ?? []) {
        const target = mustResource(cloudFormationType);
        if (!(propertyName in target.attributes) && !(propertyName in target.properties)) continue;
        const root = propertyName in target.attributes ? 'resource_value' : 'domain';
        const path = `/${root}/${propertyName.replaceAll('.', '/')}`;
        const derived = spec.domain.properties![property]!;
        const suggests = [...(derived.suggests ?? []), ...(derived.items?.suggests ?? [])];
        expect(suggests).toContainEqual({ schema: cloudFormationType, path });
      }
    }
  });

  test('a subnet’s VpcId is required, create-only, and fed by the VPC’s output', () => {
    expect(at(mustLoad('AWS::EC2::Subnet'), '/domain/VpcId')).toMatchObject({
      createOnly: true,
      property: {
        kind: 'string',
        required: true,
        suggests: [{ schema: 'AWS::EC2::VPC', path: '/resource_value/VpcId' }],
      },
    });
    expect(mustLoad('AWS::EC2::Subnet').primaryIdentifier).toEqual(['/resource_value/SubnetId']);
    expect(mustLoad('AWS::S3::Bucket').primaryIdentifier).toEqual(['/domain/BucketName']);
  });

  test('a web ACL’s statements are recursive and stay small', () => {
    const spec = mustLoad('AWS::WAFv2::WebACL');
    const and = spec.definitions['AndStatement']!.properties!['Statements']!;
    expect(and.items).toMatchObject({ kind: 'ref', to: 'Statement' });
    expect(variantSpecText(spec).length).toBeLessThan(400_000);
  });
});
