// A house whose functions really run: the compiler and both tiers, opened for each.

import { fileURLToPath } from 'node:url';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import { openProcessTier } from '../../src/adapters/process/tier.ts';
import type { Json } from '../../src/base/json.ts';
import { type House, type HouseOptions, sqliteHouse } from './house.ts';

const program = fileURLToPath(new URL('../../dist/adapters/process/child', import.meta.url));

/** What a house of any kind of store needs to run functions. */
export const withFunctions: HouseOptions = {
  functions: () => ({
    compiler: openCompiler(),
    runners: [openIsolate({ workers: 1 }), openProcessTier({ program })],
  }),
};

export async function functionHouse(options: HouseOptions = {}): Promise<House> {
  return sqliteHouse({ ...withFunctions, ...options }).start();
}

const text = { kind: 'string' } as const;

/** `Web`: a URL made of host and port by a function, a code generation and a qualification; `web`, and `proxy` that follows it. */
export const webMutations: readonly Json[] = [
  {
    kind: 'schema.create',
    name: 'Web',
    spec: {
      format: 1,
      domain: {
        kind: 'object',
        properties: { Port: { kind: 'integer', default: 80 }, Host: text, Url: text, Note: text, Upstream: text },
      },
      resourceValue: { kind: 'object', properties: { Address: text } },
      secrets: { kind: 'object', properties: {} },
      definitions: {},
    },
  },
  {
    kind: 'function.create',
    name: 'url',
    functionKind: 'attribute',
    text: "function main({ host, port }: { host: string; port: number }) {\n  console.log('making', host);\n  return `http://${host}:${port}`;\n}\n",
  },
  {
    kind: 'binding.attach',
    function: 'url',
    schema: 'Web',
    arguments: [
      { name: 'host', path: '/domain/Host' },
      { name: 'port', path: '/domain/Port' },
    ],
    output: '/domain/Url',
  },
  {
    kind: 'function.create',
    name: 'conf',
    functionKind: 'code-generation',
    text: "function main(c) { return { format: 'yaml', code: YAML.stringify(c.domain) }; }",
  },
  { kind: 'binding.attach', function: 'conf', schema: 'Web' },
  {
    kind: 'function.create',
    name: 'portOk',
    functionKind: 'qualification',
    text: "function main(c) {\n  if (c.domain.Port > 65535) throw new Error('no such port');\n  return c.domain.Port < 1024 ? { result: 'warning', message: 'privileged' } : { result: 'success' };\n}",
  },
  { kind: 'binding.attach', function: 'portOk', schema: 'Web' },
  { kind: 'component.create', schema: 'Web', name: 'web', attributes: { '/domain/Host': 'example.org' } },
  {
    kind: 'component.create',
    schema: 'Web',
    name: 'proxy',
    attributes: { '/domain/Upstream': { $source: { component: 'web', path: '/domain/Url' } } },
  },
];

/** A change set with `webMutations`, all of `web` and `proxy` computed. */
export async function withWeb(house: House): Promise<string> {
  const changeSet = await house.open('first');
  await house.submit(changeSet, ...webMutations);
  await settled(house, changeSet);
  return changeSet;
}

export async function settled(house: House, changeSet: string, ...components: readonly string[]): Promise<void> {
  for (const component of components.length === 0 ? ['web', 'proxy'] : components)
    await house.call('component.get', { changeSet, component, waitMs: 20_000 });
  await (await house.workspace()).calls.flushed();
}
