// Declarations are TypeScript: those of a sample of the catalogue, and of a schema made to break them, compile under
// `--strict` for every kind of function.

import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import { declarationsOf } from '../../src/adapters/compiler/declarations.ts';
import { functionKinds } from '../../src/model/function.ts';
import { emptyObject, parseVariantSpec, type VariantSpec } from '../../src/model/schema.ts';
import type { CheckRequest } from '../../src/ports/compiler.ts';
import { repository } from '../architecture/repository.ts';

const catalogue = openCatalogue(join(repository, 'dist/catalogue'));
const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  types: [],
};
const libraries = new Map<string, ts.SourceFile | undefined>();

/** What the compiler says of files that exist in memory only. */
function errorsOf(files: Readonly<Record<string, string>>): string[] {
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile;
  host.getSourceFile = (name, version) => {
    const text = files[name];
    if (text !== undefined) return ts.createSourceFile(name, text, version);
    if (!libraries.has(name)) libraries.set(name, read(name, version));
    return libraries.get(name);
  };
  const program = ts.createProgram(Object.keys(files), options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map((d) => `TS${d.code} ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`);
}

const hostile: VariantSpec = {
  format: 1,
  domain: {
    kind: 'object',
    docs: 'ends */ here\r\nand `there` \u2028 on',
    properties: {
      'a-b': { kind: 'string', enum: ["it's", '"x"', 'a\nb', '\\'] },
      'q\'"\n': { kind: 'integer', enum: [1, 2], default: 1 },
      __proto__x: { kind: 'boolean', required: true },
      class: { kind: 'ref', to: 'my definition', docs: '/** nested */' },
      '0': { kind: 'array', items: { kind: 'array', items: { kind: 'string', enum: ['a', 'b'] } } },
      '': { kind: 'map', values: { kind: 'map', values: { kind: 'ref', to: 'string' } } },
      open: { kind: 'object' },
      json: { kind: 'json', enum: [{ a: [1, null] }, 'x'] },
      any: { kind: 'any' },
      secret: { kind: 'string', secret: true, pattern: '*/', format: '*/' },
    },
  },
  resourceValue: { kind: 'map' },
  secrets: emptyObject,
  definitions: {
    'my definition': {
      kind: 'object',
      properties: { self: { kind: 'ref', to: 'my definition' }, list: { kind: 'ref', to: 'list' } },
    },
    my_definition: { kind: 'object', properties: {} },
    list: { kind: 'array', items: { kind: 'ref', to: 'my definition' } },
    string: { kind: 'string' },
    Domain: { kind: 'object', properties: {} },
    '1st': { kind: 'any' },
    class: { kind: 'object', properties: {} },
  },
};

const sample = [
  'AWS::EC2::VPC',
  'AWS::CloudFront::Distribution',
  'AWS::WAFv2::WebACL',
  'AWS::Budgets::BudgetsAction',
  'AWS::QuickSight::Dashboard',
  'AWS::IAM::Role',
  'AWS::EMR::Cluster',
];

describe('declarations compile under --strict for every kind', () => {
  const requests = (spec: VariantSpec | undefined): Omit<CheckRequest, 'text'>[] =>
    functionKinds.map((kind) => ({
      kind,
      ...(spec === undefined ? {} : { spec }),
      ...(kind === 'attribute' || kind === 'transformation'
        ? {
            arguments: [
              { name: 'a', path: '/domain' },
              { name: 'b-c', path: '/nowhere/at/all' },
              { name: 'd' },
              { name: 'e', path: '/resource_value/x' },
            ],
          }
        : {}),
    }));

  test('without a schema', () => {
    for (const request of requests(undefined))
      expect(errorsOf({ '/a.d.ts': declarationsOf(request) }), request.kind).toEqual([]);
  });

  test('of a schema made to break them', () => {
    expect(parseVariantSpec(hostile)).toMatchObject({ ok: true });
    for (const request of requests(hostile))
      expect(errorsOf({ '/a.d.ts': declarationsOf(request) }), request.kind).toEqual([]);
  });

  for (const name of sample) {
    test(`of ${name}`, () => {
      const spec = catalogue.load(name)!;
      // The schema's own types are the same for every kind, and every kind is tried above.
      const some = requests(spec).filter((r) => r.kind === 'action' || r.kind === 'attribute');
      for (const request of some) expect(errorsOf({ '/a.d.ts': declarationsOf(request) }), request.kind).toEqual([]);
    });
  }

  test('with recursive types among them', () => {
    const text = declarationsOf({ kind: 'action', spec: catalogue.load('AWS::WAFv2::WebACL')! });
    expect(text).toMatch(/interface NotStatement \{[\s\S]{0,400}Schema\.Statement/);
  });
});

test('required members are there, others may be missing, and enums are closed', () => {
  const use = (body: string) =>
    errorsOf({
      '/a.d.ts': declarationsOf({ kind: 'action', spec: hostile }),
      '/b.ts': `declare const d: Schema.Domain; ${body}\nexport {};`,
    });
  expect(
    use('const a: boolean = d.__proto__x; const b: 1 | 2 = d["q\'\\"\\n"]; const c = d.class?.self?.list?.[0]?.self;'),
  ).toEqual([]);
  expect(use('const a: "it\'s" = d["a-b"]')).toHaveLength(1);
  expect(use('const a: string = d.secret')).toHaveLength(1);
  expect(use('d.nothing')).toHaveLength(1);
});
