// Schema definitions as they are written today: compiled, run with the builders, and converted to variant documents.

import { readFileSync } from 'node:fs';
import Joi from 'joi';
import { afterAll, describe, expect, test } from 'vitest';
import { openCompiler } from '../../../src/adapters/compiler/compiler.ts';
import { linearMatcher } from '../../../src/adapters/compiler/patterns.ts';
import type { Json } from '../../../src/base/json.ts';
import { validate } from '../../../src/builtins/validation/validation.ts';
import { convertAsset } from '../../../src/formats/asset/asset.ts';
import { builderNames, builderScript } from '../../../src/formats/asset/builders.ts';
import { parseVariantSpec } from '../../../src/model/schema.ts';

const compiler = openCompiler();
afterAll(() => compiler.close());

/** What the definition returns, as JSON. */
function build(text: string): Json {
  const compiled = compiler.compile(text, 'schema-definition');
  if (!compiled.ok) throw new Error(compiled.refusal.got);
  expect(compiled.value.tier).toBe('isolate');
  const main = new Function('Joi', `"use strict"; ${compiled.value.script}\n;return main;`)(Joi);
  return JSON.parse(JSON.stringify(main()));
}

function convert(asset: Json) {
  const result = convertAsset(asset);
  if (!result.ok) throw new Error(`${result.refusal.path} ${result.refusal.expected} ${result.refusal.got}`);
  return result.value;
}

const everything = readFileSync(new URL('./fixtures/everything.js', import.meta.url), 'utf8');

describe('a definition that uses every builder and every method', () => {
  const asset = build(everything);
  const converted = convert(asset);

  test('uses them', () => {
    const script = builderScript(new Set(builderNames));
    for (const name of builderNames) expect(everything).toContain(`new ${name}()`);
    const methods = new Set([...script.matchAll(/this\.(\w+) = /g)].map((m) => m[1]!));
    expect(methods.size).toBeGreaterThan(30);
    for (const method of methods) expect(everything).toContain(`.${method}(`);
  });

  test('loses nothing of what it says', () => {
    // Every word of its own in the definition is in what comes out of it.
    const words = new Set([...everything.matchAll(/\bq[A-Z]\w+/g)].map((m) => m[0]));
    expect(words.size).toBeGreaterThan(40);
    const text = JSON.stringify(converted);
    expect([...words].filter((w) => !text.includes(w))).toEqual([]);
  });

  test('gives a valid variant document', () => {
    expect(parseVariantSpec(JSON.parse(JSON.stringify(converted.spec)))).toMatchObject({ ok: true });
    const { domain, resourceValue, secrets } = converted.spec;
    expect(Object.entries(domain.properties!).map(([name, p]) => `${name}: ${p.kind}`)).toEqual([
      'qText: string',
      'qNumber: integer',
      'qFloat: number',
      'qFlag: boolean',
      'qJson: json',
      'qList: array',
      'qMap: map',
      'qObject: object',
      'qChoice: integer',
    ]);
    expect(domain.properties!['qText']).toMatchObject({
      createOnly: true,
      hidden: true,
      link: 'https://qLinked.example',
      widget: 'comboBox',
      default: 'qDefault',
      suggests: [{ schema: 'qSuggested', path: '/domain/qSuggestedPath' }],
      feeds: [{ schema: 'qFed', path: '/domain/qFedPath' }],
      validation: { type: 'string', flags: { presence: 'required' } },
    });
    expect(domain.properties!['qText']!.docs).toMatch(/qDocumentation[\s\S]*`qOptionValue`: qOptionLabel/);
    expect(domain.properties!['qChoice']).toMatchObject({ enum: [1, 2] });
    expect(domain.properties!['qChoice']!.docs).toContain('`2`: qTwo');
    expect(domain.properties!['qList']!.items).toMatchObject({
      kind: 'object',
      properties: { qElement: { kind: 'string' } },
    });
    expect(domain.properties!['qMap']).toMatchObject({
      values: { kind: 'string' },
      docs: 'Keys: `qKey`, `qFollowed`.',
    });
    expect(resourceValue).toMatchObject({ readOnly: true, properties: { qReported: { kind: 'string' } } });
    expect(secrets.properties!['qCredential']).toMatchObject({
      kind: 'string',
      secret: true,
      suggests: [
        { schema: 'qSecretKind', path: '/secrets/qSecretKind' },
        { schema: 'qOther', path: '/secrets/qOtherPath' },
      ],
    });
  });

  test('gives the bindings and sockets that it implies', () => {
    expect(converted.bindings).toEqual([
      { output: '/domain/qNumber', path: '/si/qSource' },
      { output: '/domain/qMap/qFollowed', path: '/si/name' },
      { output: '/si/name', path: '/domain/qText' },
      { output: '/si/color', path: '/domain/qObject/qColor' },
      { output: '/resource/payload', path: '/domain/qJson' },
    ]);
    expect(converted.secretSlots).toEqual([
      { name: 'qCredential', definition: 'qSecretKind' },
      { name: 'qSkipped', definition: 'qSkippedKind' },
    ]);
    expect(converted.sockets).toEqual([
      {
        direction: 'input',
        name: 'qSecretKind',
        arity: 'one',
        annotations: ['qSecretAnnotation'],
        hidden: false,
        targets: ['/secrets/qCredential'],
      },
      {
        direction: 'input',
        name: 'qIn',
        arity: 'many',
        annotations: ['qInA', 'qInB'],
        hidden: true,
        targets: ['/domain/qFlag'],
      },
      {
        direction: 'output',
        name: 'qOut',
        arity: 'one',
        annotations: [],
        hidden: false,
        source: '/domain/qText',
        targets: [],
      },
    ]);
  });

  test('says what has no place', () => {
    expect(converted.warnings.map((w) => w.path)).toEqual([
      '/props/qText/validations',
      '/props/qList/entry/children/qElement/valueFrom',
      '/secretProps/qCredential/validations',
    ]);
  });
});

test('a definition of a secret gives its fields, masked ones as secrets', () => {
  const converted = convert(
    build(`function main() {
      const definition = new SecretDefinitionBuilder()
        .setName('Cloud Token')
        .setConnectionAnnotation('Token')
        .addProp(new PropBuilder().setName('url').setKind('string').build())
        .addProp(new PropBuilder().setName('token').setKind('string')
          .setWidget(new PropWidgetDefinitionBuilder().setKind('password').build()).build())
        .build();
      return new AssetBuilder().defineSecret(definition).build();
    }`),
  );
  expect(converted).toMatchObject({
    secretDefinition: {
      name: 'Cloud Token',
      fields: { kind: 'object', properties: { url: { kind: 'string' }, token: { secret: true } } },
    },
    secretSlots: [{ name: 'Cloud Token', definition: 'Cloud Token' }],
    sockets: [{ direction: 'output', name: 'Cloud Token', annotations: ['Token'], source: '/secrets/Cloud Token' }],
    warnings: [],
  });
  expect(converted.spec.secrets.properties!['Cloud Token']).toMatchObject({ secret: true });
});

test('a validation of a definition says what is wrong with a value, and nothing once it is right', () => {
  const { spec } = convert(
    build(`const main = () => new AssetBuilder().addProp(new PropBuilder().setName('email').setKind('string')
      .setValidationFormat(Joi.string().email({ tlds: false }).required()).build()).build();`),
  );
  const check = (value: Json) =>
    validate({ property: spec.domain, definitions: spec.definitions, value, path: '/domain' }, linearMatcher());
  expect(check({})).toMatchObject([{ path: '/domain/email', message: 'email is required' }]);
  expect(check({ email: 'x' })).toMatchObject([{ path: '/domain/email', message: 'email must be a valid email' }]);
  expect(check({ email: 'x@y.org' })).toEqual([]);
});

describe('a mistake in a definition throws where it is made', () => {
  const cases: Readonly<Record<string, string>> = {
    'a child of a text': "new PropBuilder().setKind('string').addChild({})",
    'an entry of an object': "new PropBuilder().setKind('object').setEntry({})",
    'a secret widget on a prop':
      "new PropBuilder().setWidget(new PropWidgetDefinitionBuilder().setKind('secret').build())",
    'a secret prop without a kind': 'new SecretPropBuilder().build()',
    'a secret without a name': 'new SecretDefinitionBuilder().build()',
    'a secret without fields': "new SecretDefinitionBuilder().setName('a').build()",
  };
  for (const [name, expression] of Object.entries(cases)) {
    test(name, () => expect(() => build(`const main = () => ${expression}`)).toThrow(Error));
  }
});

test('builders may be declared by the definition itself, and used above their lines', () => {
  expect(
    build('class PropBuilder { build() { return 1 } }\nfunction main() { return new PropBuilder().build() }'),
  ).toBe(1);
  expect(build("const shared = new PropBuilder().setName('a').build();\nfunction main() { return shared }")).toEqual({
    name: 'a',
  });
  expect(
    build(
      "class Named extends PropBuilder { constructor() { super(); this.setName('b') } }\nconst main = () => new Named().build()",
    ),
  ).toEqual({ name: 'b' });
});

describe('data that no builder makes is refused at its place', () => {
  const cases: readonly (readonly [asset: Json, path: string])[] = [
    [null, ''],
    [{ props: 1 }, '/props'],
    [{ props: [{ kind: 'string' }] }, '/props/0/name'],
    [{ props: [{ name: 'a', kind: 'text' }] }, '/props/a/kind'],
    [
      {
        props: [
          { name: 'a', kind: 'string' },
          { name: 'a', kind: 'string' },
        ],
      },
      '/props/1/name',
    ],
    [{ props: [{ name: 'a', kind: 'object', children: [1] }] }, '/props/a/children/0'],
    [{ secretProps: [{ name: 'a', kind: 'string', suggestSources: [{}] }] }, '/secretProps/a/suggestSources'],
    [{ docLinks: { a: 1 } }, '/docLinks/a'],
    [{ inputSockets: [{}] }, '/inputSockets/0/name'],
  ];
  for (const [asset, path] of cases) {
    test(JSON.stringify(asset), () =>
      expect(convertAsset(asset)).toMatchObject({ ok: false, refusal: { code: 'request_malformed', path } }),
    );
  }

  test('also when it nests without end', () => {
    let prop: Json = { name: 'a', kind: 'string' };
    for (let i = 0; i < 1_000; i++) prop = { name: 'a', kind: 'object', children: [prop] };
    expect(convertAsset({ props: [prop] })).toMatchObject({ ok: false, refusal: { code: 'request_malformed' } });
  });
});

test('what cannot be kept as it is given is said, and the rest is kept', () => {
  const { spec, warnings } = convert({
    props: [
      { name: '__proto__', kind: 'string', defaultValue: 5, extra: 'x' },
      {
        name: 'b',
        kind: 'integer',
        widget: { kind: 'select', options: [{ label: 'one', value: 'x' }] },
        docLinkRef: 'nowhere',
      },
      { name: 'c', kind: 'array', validationFormat: 'nonsense', valueFrom: { kind: 'prop', prop_path: ['domain'] } },
      {
        name: 'd',
        kind: 'string',
        valueFrom: { kind: 'inputSocket', socket_name: 'lost' },
        widget: { kind: 'codeEditor', options: [{ label: 'a', value: 'b' }] },
      },
    ],
    docLinks: { Manual: 'https://example.org' },
    other: 1,
  });
  expect(warnings.map((w) => w.path)).toEqual([
    '/other',
    '/props/__proto__/extra',
    '/props/__proto__/defaultValue',
    '/props/b/widget/options',
    '/props/b/docLinkRef',
    '/props/c/valueFrom',
    '/props/c/validationFormat',
    '/props/c/entry',
    '/props/d/widget/options',
    '/domain/d',
  ]);
  expect(Object.keys(spec.domain.properties!)).toEqual(['__proto__', 'b', 'c', 'd']);
  expect(spec.domain.properties!['d']).toEqual({ kind: 'string', widget: 'codeEditor' });
  expect(spec.docs).toBe('[Manual](https://example.org)');
});
