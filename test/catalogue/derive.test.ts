// The rules of derivation, each on a specification of a few lines.

import { describe, expect, test } from 'vitest';
import { categoryOf, deriver } from '../../src/adapters/catalogue/derive.ts';
import { pageOf, summaryOf } from '../../src/adapters/catalogue/docs.ts';
import type { SpecDefinition, SpecProperties, SpecResource, SpecType } from '../../src/adapters/catalogue/spec.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import { parseVariantSpec } from '../../src/model/schema.ts';
import { smallSpec } from './fixture.ts';

type DefinitionsById = { readonly [id: string]: SpecDefinition };

function derive(
  thing: Partial<SpecResource>,
  definitions: DefinitionsById = {},
  others: readonly SpecResource[] = [],
): VariantSpec {
  const spec = smallSpec(thing, definitions, others);
  const variant = deriver(spec)(spec.resources[0]!);
  expect(parseVariantSpec(JSON.parse(JSON.stringify(variant))).ok).toBe(true);
  return variant;
}

/** The property that a single input of this type becomes. */
function propertyOf(type: SpecType, definitions: DefinitionsById = {}) {
  return derive({ properties: { P: { type } } }, definitions).domain.properties!['P'];
}

const text: SpecType = { type: 'string' };
const ref = (id: string): SpecType => ({ type: 'ref', reference: { $ref: id } });
const union = (...types: SpecType[]): SpecType => ({ type: 'union', types });

describe('types', () => {
  test.each<[SpecType, object]>([
    [text, { kind: 'string' }],
    [
      { type: 'string', allowedValues: ['a', 'b'] },
      { kind: 'string', enum: ['a', 'b'] },
    ],
    [
      { type: 'integer', allowedValues: [1, 2] },
      { kind: 'integer', enum: [1, 2] },
    ],
    [{ type: 'number' }, { kind: 'number' }],
    [{ type: 'boolean' }, { kind: 'boolean' }],
    [{ type: 'date-time' }, { kind: 'string', format: 'date-time' }],
    [{ type: 'json' }, { kind: 'any' }],
    [
      { type: 'array', element: text },
      { kind: 'array', items: { kind: 'string' } },
    ],
    [
      { type: 'map', element: { type: 'integer' } },
      { kind: 'map', values: { kind: 'integer' } },
    ],
    [
      { type: 'array', element: { type: 'tag' } },
      { kind: 'array', items: { kind: 'ref', to: 'Tag' } },
    ],
  ])('%j', (type, property) => {
    expect(propertyOf(type)).toEqual(property);
  });

  test('a recursive definition is one definition that refers to itself', () => {
    const node = { name: 'Node', properties: { Left: { type: ref('1') }, Label: { type: text } } };
    const variant = derive({ properties: { Root: { type: ref('1') } } }, { 1: node });
    expect(variant.domain.properties).toEqual({ Root: { kind: 'ref', to: 'Node' } });
    expect(variant.definitions['Node']!.properties).toEqual({
      Label: { kind: 'string' },
      Left: { kind: 'ref', to: 'Node' },
    });
  });

  test('definitions that nothing reaches are left out, equal names are numbered', () => {
    const variant = derive(
      { properties: { A: { type: ref('1') }, B: { type: ref('2') }, T: { type: { type: 'tag' } } } },
      {
        1: { name: 'Tag', properties: { Own: { type: text } } },
        2: { name: 'Tag', properties: { Other: { type: text } } },
        3: { name: 'Unused', properties: {} },
      },
    );
    expect(Object.keys(variant.definitions)).toEqual(['Tag', 'Tag2', 'Tag3']);
    expect(variant.domain.properties!['T']).toEqual({ kind: 'ref', to: 'Tag3' });
    expect(Object.keys(variant.definitions['Tag3']!.properties!)).toEqual(['Key', 'Value']);
  });
});

describe('unions', () => {
  test.each<[string, SpecType, object]>([
    ['of one', union(text, { type: 'null' }), { kind: 'string' }],
    ['of one written twice', union(text, text), { kind: 'string' }],
    ['of nothing', union({ type: 'null' }), { kind: 'any' }],
    [
      'of lists of values',
      union({ type: 'string', allowedValues: ['a', 'b'] }, { type: 'string', allowedValues: ['b', 'c'] }),
      { kind: 'string', enum: ['a', 'b', 'c'] },
    ],
    ['of a list of values and free text', union({ type: 'string', allowedValues: ['a'] }, text), { kind: 'string' }],
    ['of integer and number', union({ type: 'integer' }, { type: 'number' }), { kind: 'number' }],
    [
      'of arrays',
      union({ type: 'array', element: { type: 'integer' } }, { type: 'array', element: { type: 'number' } }),
      { kind: 'array', items: { kind: 'number' } },
    ],
    ['of text and a number', union(text, { type: 'integer' }), { kind: 'any', docs: 'Takes text or an integer.' }],
    ['of text and JSON', union({ type: 'json' }, text), { kind: 'any', docs: 'Takes a JSON document or text.' }],
    ['in a union', union(text, union(text, { type: 'boolean' })), { kind: 'any', docs: 'Takes text or a boolean.' }],
  ])('%s', (_title, type, property) => {
    expect(propertyOf(type)).toEqual(property);
  });

  test('of structures is one structure; required is what all of them require', () => {
    const variant = derive(
      { properties: { P: { type: union(ref('1'), ref('2')) }, Q: { type: union(ref('2'), ref('1')) } } },
      {
        1: { name: 'One', properties: { Both: { type: text, required: true }, A: { type: text, required: true } } },
        2: { name: 'Two', properties: { Both: { type: text, required: true }, B: { type: { type: 'integer' } } } },
      },
    );
    expect(variant.domain.properties!['P']).toEqual({ kind: 'ref', to: 'OneOrTwo' });
    expect(variant.domain.properties!['Q']).toEqual({ kind: 'ref', to: 'OneOrTwo' });
    expect(variant.definitions).toEqual({
      OneOrTwo: {
        kind: 'object',
        docs: 'Takes the members of One or Two.',
        properties: { A: { kind: 'string' }, B: { kind: 'integer' }, Both: { kind: 'string', required: true } },
      },
    });
  });

  test('of structures that contain each other end', () => {
    const pair = (name: string) => ({ name, properties: { Next: { type: ref(name === 'One' ? '1' : '2') } } });
    const variant = derive(
      { properties: { P: { type: union(ref('1'), ref('2')) } } },
      { 1: pair('One'), 2: pair('Two') },
    );
    expect(variant.definitions['OneOrTwo']!.properties).toEqual({ Next: { kind: 'ref', to: 'OneOrTwo' } });
  });
});

describe('what is said of a property', () => {
  const one = (p: SpecProperties[string]) => derive({ properties: { P: p } }).domain.properties!['P'];

  test('required, and create-only for certain replacement', () => {
    expect(one({ type: text, required: true, causesReplacement: 'yes' })).toEqual({
      kind: 'string',
      required: true,
      createOnly: true,
    });
  });

  test('possible replacement is told, not enforced', () => {
    const property = one({ type: text, causesReplacement: 'maybe' });
    expect(property!.createOnly).toBeUndefined();
    expect(property!.docs).toMatch(/may replace/);
  });

  test('the provider’s default is told and is no default of the model', () => {
    const property = one({ type: text, documentation: 'The tier.', defaultValue: '"STANDARD"' });
    expect(property).toEqual({ kind: 'string', docs: 'The tier.\n\nDefault: `"STANDARD"`.' });
  });

  test('deprecated is told; listed by mistake is left out', () => {
    const variant = derive({
      properties: { Old: { type: text, deprecated: 'WARN' }, Wrong: { type: text, deprecated: 'IGNORE' } },
    });
    expect(variant.domain.properties).toEqual({ Old: { kind: 'string', docs: '**Deprecated.**' } });
  });

  test('previous types do not count', () => {
    const property = { type: { type: 'integer' }, previousTypes: [{ type: 'number' }] } as SpecProperties[string];
    expect(one(property)).toEqual({ kind: 'integer' });
  });

  test('replacement paths of the type are marked where they lie, lists included', () => {
    const variant = derive(
      {
        properties: { Info: { type: ref('1') }, Tags: { type: { type: 'array', element: { type: 'tag' } } } },
        additionalReplacementProperties: [
          ['Info', 'Owner'],
          ['Tags', '*', 'Key'],
          ['Nowhere', 'X'],
        ],
      },
      { 1: { name: 'Info', properties: { Owner: { type: text }, Mode: { type: text } } } },
    );
    const { Info, Tags } = variant.domain.properties!;
    expect(Info!.properties).toEqual({ Owner: { kind: 'string', createOnly: true }, Mode: { kind: 'string' } });
    expect(Tags!.items!.properties!['Key']!.createOnly).toBe(true);
    expect(Tags!.items!.properties!['Value']!.createOnly).toBeUndefined();
    expect(variant.definitions).toEqual({});
  });
});

describe('outputs', () => {
  test('a dotted name is a member of what is before the dot', () => {
    const variant = derive({
      attributes: { Arn: { type: text }, 'Endpoint.Port': { type: text }, 'Endpoint.Address': { type: text } },
    });
    expect(variant.resourceValue).toEqual({
      kind: 'object',
      readOnly: true,
      properties: {
        Arn: { kind: 'string' },
        Endpoint: { kind: 'object', properties: { Address: { kind: 'string' }, Port: { kind: 'string' } } },
      },
    });
  });

  test('a member that the definition has is not written again, one that it lacks is added', () => {
    const definitions = { 1: { name: 'Endpoint', properties: { Port: { type: text } } } };
    const known = derive(
      { attributes: { Endpoint: { type: ref('1') }, 'Endpoint.Port': { type: text } } },
      definitions,
    );
    expect(known.resourceValue.properties!['Endpoint']).toEqual({ kind: 'ref', to: 'Endpoint' });
    const added = derive(
      { attributes: { Endpoint: { type: ref('1') }, 'Endpoint.Zone': { type: text } } },
      definitions,
    );
    expect(added.resourceValue.properties!['Endpoint']).toEqual({
      kind: 'object',
      properties: { Port: { kind: 'string' }, Zone: { kind: 'string' } },
    });
  });

  test('a member that the definition leaves open is described', () => {
    const definitions = { 1: { name: 'State', properties: { Error: { type: { type: 'json' as const } } } } };
    const variant = derive({ attributes: { State: { type: ref('1') }, 'State.Error': { type: text } } }, definitions);
    expect(variant.resourceValue.properties!['State']!.properties).toEqual({ Error: { kind: 'string' } });
  });

  test('a scalar with members is of no known shape', () => {
    const variant = derive({ attributes: { A: { type: text }, 'A.B': { type: text } } });
    expect(variant.resourceValue.properties).toEqual({ A: { kind: 'any' } });
  });

  test('an output is neither required nor create-only', () => {
    const variant = derive({
      attributes: { A: { type: text, required: true, causesReplacement: 'yes', defaultValue: '1' } },
    });
    expect(variant.resourceValue.properties).toEqual({ A: { kind: 'string' } });
  });

  test('identifiers point at the output, else at the input, nested ones included', () => {
    const variant = derive({
      properties: { Name: { type: text }, Both: { type: text } },
      attributes: { Both: { type: text }, Id: { type: text } },
      primaryIdentifier: ['Id', 'Both', 'Name', 'Config/Id'],
    });
    expect(variant.primaryIdentifier).toEqual([
      '/resource_value/Id',
      '/resource_value/Both',
      '/domain/Name',
      '/domain/Config/Id',
    ]);
  });
});

describe('suggestions', () => {
  const other = (more: Partial<SpecResource>): SpecResource => ({
    cloudFormationType: 'T::Test::Other',
    properties: { Name: { type: text } },
    attributes: { Arn: { type: text }, Ids: { type: { type: 'array', element: text } } },
    ...more,
  });
  const suggested = (type: SpecType, propertyName: string, more: Partial<SpecResource> = {}) =>
    derive(
      { properties: { P: { type, relationshipRefs: [{ cloudFormationType: 'T::Test::Other', propertyName }] } } },
      {},
      [other(more)],
    ).domain.properties!['P']!;
  const to = (path: string) => [{ schema: 'T::Test::Other', path }];

  test('an output by its place, an input by its own', () => {
    expect(suggested(text, 'Arn').suggests).toEqual(to('/resource_value/Arn'));
    expect(suggested(text, 'Name').suggests).toEqual(to('/domain/Name'));
  });

  test('Id of a type without one is what a reference to it gives', () => {
    expect(suggested(text, 'Id', { primaryIdentifier: ['Name'] }).suggests).toEqual(to('/domain/Name'));
    expect(suggested(text, 'Id', { primaryIdentifier: ['Name'], cfnRefIdentifier: ['Arn'] }).suggests).toEqual(
      to('/resource_value/Arn'),
    );
    expect(suggested(text, 'Id', { primaryIdentifier: ['Name', 'Arn'] }).suggests).toBeUndefined();
  });

  test('an output that is not there is not suggested', () => {
    expect(suggested(text, 'Nothing').suggests).toBeUndefined();
  });

  test('one value feeds the elements of a list, a list feeds the list', () => {
    const list: SpecType = { type: 'array', element: text };
    expect(suggested(list, 'Arn')).toEqual({
      kind: 'array',
      items: { kind: 'string', suggests: to('/resource_value/Arn') },
    });
    expect(suggested(list, 'Ids')).toEqual({
      kind: 'array',
      items: { kind: 'string' },
      suggests: to('/resource_value/Ids'),
    });
  });
});

describe('texts', () => {
  test.each([
    ['Specifies a virtual private cloud (VPC).\n\nA VPC must…', 'Specifies a virtual private cloud (VPC).'],
    ['The `A::B::C` resource makes *one* thing. See [there](https://x.y/z) .', 'The A::B::C resource makes one thing.'],
    ['> A note first . \n\nThen the text.', 'Then the text.'],
    ['Uses a tool, e.g. Git, and U.S. rules. More.', 'Uses a tool, e.g. Git, and U.S. rules.'],
    ['Definition of X Resource Type', 'Definition of X Resource Type.'],
    ['https://example.com/page', 'T'],
    [undefined, 'T'],
  ])('summary of %j', (documentation, summary) => {
    expect(summaryOf(documentation, 'T')).toBe(summary);
  });

  test('a summary is cut at its bound', () => {
    expect(summaryOf(`${'long '.repeat(100)}.`, 'T')).toMatch(/^.{1,239}…$/);
  });

  test('category and page', () => {
    expect(categoryOf('AWS::EC2::VPC')).toBe('AWS::EC2');
    expect(pageOf('AWS::EC2::VPC')).toMatch(/\/aws-resource-ec2-vpc\.html$/);
    expect(pageOf('AWS::Serverless::HttpApi')).toMatch(/\/sam-resource-httpapi\.html$/);
  });
});
