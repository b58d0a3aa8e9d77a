// Types of functions, looked at for real: a TypeScript language service in a thread, over schemas of the catalogue.

import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import type { FunctionKind } from '../../src/model/function.ts';
import { emptyObject, type VariantSpec } from '../../src/model/schema.ts';
import type { CheckRequest } from '../../src/ports/compiler.ts';
import { repository } from '../architecture/repository.ts';

const compiler = openCompiler();
const catalogue = openCatalogue(join(repository, 'dist/catalogue'));
afterAll(() => compiler.close());

function typeNamed(name: string): VariantSpec {
  const spec = catalogue.load(name);
  if (spec === undefined) throw new Error(`the catalogue has no ${name}`);
  return spec;
}

const subnet = typeNamed('AWS::EC2::Subnet');
const distribution = typeNamed('AWS::CloudFront::Distribution');
const webAcl = typeNamed('AWS::WAFv2::WebACL');

/** Diagnostics as `line:column code`. */
async function check(request: CheckRequest): Promise<string[]> {
  return (await compiler.check(request)).map((d) => `${d.line}:${d.column} ${d.code}`);
}

/** Completions where `|` stands in the text. */
async function complete(request: CheckRequest) {
  const at = request.text.indexOf('|');
  const before = request.text.slice(0, at).split('\n');
  const text = request.text.replace('|', '');
  return compiler.complete({ ...request, text }, before.length, before.at(-1)!.length + 1);
}

describe('an editor completes', () => {
  test('input.domain.VpcId of a catalogue type, with its documentation, in plain JavaScript', async () => {
    const text = 'async function main(input) {\n  const id = input.domain.|\n  return { result: "success" };\n}';
    const found = await complete({ text, kind: 'qualification', spec: subnet });
    expect(found.map((c) => c.name).sort()).toEqual(Object.keys(subnet.domain.properties!).sort());
    expect(found.find((c) => c.name === 'VpcId')).toMatchObject({
      kind: 'property',
      docs: expect.stringContaining('VPC'),
    });
  });

  test('the parts of a large recursive type, as deep as they go', async () => {
    const text =
      'function main({ properties }) {\n  return { status: "ok", payload: properties.domain.Rules?.[0].Statement.NotStatement?.Statement.| };\n}';
    const found = await complete({ text, kind: 'action', spec: webAcl });
    expect(found.map((c) => c.name)).toContain('NotStatement');
  });

  test('arguments by their names, what a function returns, and the names it may use', async () => {
    const named: CheckRequest = {
      text: 'const main = (input) => input.group.|',
      kind: 'attribute',
      spec: distribution,
      arguments: [{ name: 'group', path: '/domain/DistributionConfig/OriginGroups' }],
    };
    expect((await complete(named)).map((c) => c.name)).toEqual(['Items', 'Quantity']);
    const returned = await complete({ text: 'function main() { return { result: "|" } }', kind: 'qualification' });
    expect(returned.map((c) => c.name).sort()).toEqual(['failure', 'success', 'unknown', 'warning']);
    const globals = (await complete({ text: 'function main() { | }', kind: 'authentication' })).map((c) => c.name);
    for (const name of ['_', 'Joi', 'YAML', 'requestStorage', 'siExec', 'fetch']) expect(globals).toContain(name);
    const storage = await complete({ text: 'function main() { requestStorage.| }', kind: 'authentication' });
    expect(storage.map((c) => c.name)).toContain('setItem');
    const builder = await complete({ text: 'function main() { new PropBuilder().| }', kind: 'schema-definition' });
    expect(builder.map((c) => c.name)).toContain('setValidationFormat');
  });

  test('nothing at a place that is not in the text', async () => {
    expect(await compiler.complete({ text: 'const main = 1', kind: 'attribute' }, 1, 16)).toEqual([]);
    expect(await compiler.complete({ text: 'const main = 1', kind: 'attribute' }, 2, 1)).toEqual([]);
  });
});

describe('a type error is told where it is', () => {
  const cases: Readonly<Record<string, readonly [request: CheckRequest, diagnostics: readonly string[]]>> = {
    'a property that the schema has not': [
      {
        text: 'function main(input) {\n  return { result: "success", message: input.domain.VpcIdd };\n}',
        kind: 'qualification',
        spec: subnet,
      },
      ['2:53 TS2551'],
    ],
    'two, in order': [
      {
        text: 'const main = async (input) => {\r\n  const a: number = input.domain.VpcId;\r\n  return input.domian;\r\n};',
        kind: 'code-generation',
        spec: subnet,
      },
      ['2:9 TS2322', '3:16 TS2551'],
    ],
    'a result of another shape': [
      { text: 'function main() {\n  return { result: "good" };\n}', kind: 'qualification' },
      ['2:12 TS2322'],
    ],
    'a main whose own types are others': [
      {
        text: 'export async function main(input: { domain: { a: number } }): Promise<{ x: number }> {\n  return { x: 1 };\n}',
        kind: 'qualification',
        spec: subnet,
      },
      ['1:23 TS2345'],
    ],
    'what reads on after the function': [
      { text: 'function main(input) {\n  return { status: "ok" };\n}\nnope();', kind: 'action' },
      ['4:1 TS2304'],
    ],
    'a text that does not parse': [{ text: 'function main() {\n  return 1 +;\n}', kind: 'attribute' }, ['2:13 TS1109']],
    'a text that is cut off': [
      { text: 'function main() {\n  return {', kind: 'attribute' },
      ['2:11 TS1136', '2:11 TS1005'],
    ],
    'an import, once': [
      { text: "import _ from 'lodash';\nfunction main(input) { return _.get(input, 'a') }", kind: 'attribute' },
      ['1:1 import_refused'],
    ],
    'no main': [{ text: 'const other = 1;\nother.x;', kind: 'attribute' }, ['1:1 no_main', '2:7 TS2339']],
    'a text that nests too deeply': [{ text: '('.repeat(50_000), kind: 'attribute' }, ['1:1 too_deep']],
    'a file of the machine': [
      {
        text: '/// <reference path="/etc/passwd" />\nfunction main() { return {} as typeof import("/etc/passwd") }',
        kind: 'attribute',
      },
      ['1:22 TS6231', '2:46 TS2307'],
    ],
    'code that writes to storage where it may only read': [
      { text: 'function main() { requestStorage.setItem("a", 1); return { status: "ok" } }', kind: 'action' },
      ['1:34 TS2551'],
    ],
  };
  for (const [name, [request, diagnostics]] of Object.entries(cases)) {
    test(name, async () => expect(await check(request)).toEqual(diagnostics));
  }
});

describe('nothing is said of a function that fits', () => {
  const texts: Readonly<Record<string, CheckRequest>> = {
    'plain JavaScript': {
      text: 'async function main(component) {\n  if (!component.domain.VpcId) return { result: "failure", message: "no VPC" };\n  try { return { result: "success" } } catch (e) { return { result: "warning", message: e.message } }\n}',
      kind: 'qualification',
      spec: subnet,
    },
    'the types that existing functions name': {
      text: 'async function main(component: Input): Promise<Output> {\n  return { format: "yaml", code: YAML.stringify(component.domain) };\n}',
      kind: 'code-generation',
      spec: subnet,
    },
    'names of its own': {
      text: 'interface Input { a: string }\nconst path = "x";\nfunction main(input) { return path + _.get(input, "b") }',
      kind: 'attribute',
    },
    'an action': {
      text: 'async function main({ properties }) {\n  const child = await siExec.waitUntilEnd("aws", ["--id", `${properties.resource_value.SubnetId}`]);\n  if (child.exitCode !== 0) return { status: "error", message: child.stderr };\n  return { payload: JSON.parse(child.stdout), status: "ok" };\n}',
      kind: 'action',
      spec: subnet,
    },
    'a management function': {
      text: 'async function main({ thisComponent, currentView }) {\n  return { status: "ok", ops: { create: { a: { kind: "AWS::EC2::VPC", properties: { si: { name: thisComponent.properties.si.name + currentView } } } } } };\n}',
      kind: 'management',
      spec: subnet,
    },
    'an authentication function': {
      text: 'async function main(secret: Input): Promise<Output> {\n  requestStorage.setEnv("TOKEN", secret.Token);\n}',
      kind: 'authentication',
    },
    'a schema definition': {
      text: 'function main() {\n  return new AssetBuilder().addProp(new PropBuilder().setName("a").setKind("string").setValidationFormat(Joi.string()).build()).build();\n}',
      kind: 'schema-definition',
    },
    'an arrow without parentheses': { text: 'const main = input => input.a', kind: 'attribute' },
  };
  for (const [name, request] of Object.entries(texts)) {
    test(name, async () => expect(await compiler.check(request)).toEqual([]));
  }

  test('where the schema is another one than before, and the same again', async () => {
    const request: CheckRequest = {
      text: 'const main = (input) => ({ result: "success", message: input.domain.VpcId })',
      kind: 'qualification',
      spec: subnet,
    };
    expect(await check(request)).toEqual([]);
    expect(await check({ ...request, spec: distribution })).toEqual(['1:69 TS2339']);
    expect(await check(request)).toEqual([]);
    expect(await check(request)).toEqual([]);
    const { spec: _, ...open } = request;
    expect(await check(open)).toEqual([]);
  });
});

describe('the thread', () => {
  const slow = `type Deep<N extends number, T extends unknown[] = []> = T['length'] extends N ? T : Deep<N, [...T, unknown]>;
type Many = { [A in Deep<400>['length'] | Deep<401>['length']]: Deep<${'900'}> };
${Array.from({ length: 60 }, (_, i) => `type S${i} = ${Array.from({ length: 12 }, (_, b) => `\`\${0 | 1 | ${i}}${b}\``).join(' | ')};`).join('\n')}
function main() {}`;

  test('that answers too late is ended; the next question is answered by another', async () => {
    const hasty = openCompiler({ checkTimeMs: 1 });
    const request: CheckRequest = { text: slow, kind: 'attribute' };
    expect((await hasty.check(request)).map((d) => d.code)).toEqual(['check_timed_out']);
    await expect(hasty.complete(request, 1, 1)).rejects.toMatchObject({ code: 'compiler_failed' });
    await hasty.close();
    expect(await check({ text: 'const main = () => 1', kind: 'attribute' })).toEqual([]);
  });

  test('answers questions that are asked at once, each its own', async () => {
    const texts = ['const main = () => a1', 'const main = () => 1', 'const main = () => { let b: string = 2 }'];
    const found = await Promise.all(texts.map((text) => check({ text, kind: 'attribute' })));
    expect(found).toEqual([['1:20 TS2304'], [], ['1:26 TS2322']]);
  });

  test('is not asked any more once the compiler is closed', async () => {
    const closed = openCompiler();
    await closed.close();
    await expect(closed.check({ text: 'const main = 1', kind: 'attribute' })).rejects.toMatchObject({
      code: 'compiler_failed',
    });
    expect(closed.compile('const main = () => 1', 'attribute')).toMatchObject({ ok: true });
  });
});

test('declarations are those of the kind and the schema', () => {
  const kinds: readonly FunctionKind[] = ['attribute', 'qualification'];
  const [attribute, qualification] = kinds.map((kind) =>
    compiler.declarations({ kind, spec: { ...subnet, domain: emptyObject } }),
  );
  expect(attribute).toContain('type Input = any;');
  expect(qualification).toContain('interface Input extends ComponentOutputs { domain: Schema.Domain }');
});
