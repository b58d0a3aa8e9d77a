// Existing code finds every name it expects: each builder with each method, each global name in every kind of function,
// in the tier to which naming it leads. What is kept from a kind of function is refused by name.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import type { AuthorReply } from '../../src/engine/author.ts';
import type { TestReply } from '../../src/engine/function_test.ts';
import { functionKinds } from '../../src/model/function.ts';
import { functionHouse } from './function_house.ts';
import { authenticationMembers, builders, globals } from './function_surface.ts';
import type { House } from './house.ts';

let house: House;
let changeSet: string;
const compiler = openCompiler();
beforeAll(async () => {
  house = await functionHouse();
  changeSet = await house.open();
});
afterAll(async () => {
  await compiler.close();
  await house.close();
});

const run = (kind: string, text: string, input: object = {}) =>
  house.call<TestReply>('function.test', { changeSet, kind, text, input: input as never, waitMs: 60_000 });
const errors = async (text: string, kind: (typeof functionKinds)[number]) =>
  (await compiler.check({ text, kind })).map((d) => `${d.line}:${d.column} ${d.message}`);

describe('[EN144] a schema definition finds', () => {
  test('every builder with every method, when it runs', { timeout: 60_000 }, async () => {
    const table = Object.entries(builders)
      .map(([name, methods]) => `[${JSON.stringify(name)}, new ${name}(), ${JSON.stringify(methods)}]`)
      .join(',\n');
    const text = `function main() {
  for (const [name, made, methods] of [${table}])
    for (const method of methods) if (typeof made[method] !== 'function') console.log('missing', name, method);
  console.log('looked');
  return new AssetBuilder().build();
}`;
    const { log } = await house.call<AuthorReply>('schema.author', { changeSet, name: 'Surface', text });
    expect(log).toEqual(['looked']);
  });

  test('and in its types', { timeout: 60_000 }, async () => {
    const uses = Object.entries(builders).flatMap(([name, methods]) => methods.map((m) => `void new ${name}().${m};`));
    expect(
      await errors(`function main() {\n${uses.join('\n')}\nreturn new AssetBuilder().build();\n}`, 'schema-definition'),
    ).toEqual([]);
  });

  test('and is told by name of a builder that there is not', async () => {
    const refusal = await house.refused('schema.author', {
      changeSet,
      name: 'Nothing',
      text: 'function main() { return new CommandBuilder().build(); }',
    });
    expect([refusal.code, refusal.got]).toEqual(['function_invalid', expect.stringContaining('CommandBuilder')]);
  });
});

describe('[EN144] a function finds', () => {
  test.each(globals)('%s, in the tier to which it leads', { timeout: 120_000 }, async (name, holds) => {
    const text = `function main() { return { result: (${holds}) ? 'success' : 'failure' }; }`;
    const { outcome } = await run('qualification', text);
    expect(outcome).toEqual({ ok: true, value: { result: 'success' } });
    // By its types too, whatever kind of function names it.
    for (const kind of functionKinds) {
      const typed = await errors(`function main(): any { return ${name}; }`, kind);
      expect(typed.filter((e) => /Cannot find name/.test(e))).toEqual([]);
    }
  });

  test('requestStorage to write to in an authentication function', { timeout: 60_000 }, async () => {
    const calls = authenticationMembers.map((m) => `requestStorage.${m}('a', 'b');`).join(' ');
    const { outcome } = await run(
      'authentication',
      `function main() { ${calls} if (requestStorage.getItem('a') !== 'b') throw new Error('lost'); }`,
    );
    expect(outcome).toEqual({ ok: true, value: null });
    expect(await errors(`function main() { ${calls} }`, 'authentication')).toEqual([]);
  });

  test.each(authenticationMembers)(
    'requestStorage.%s refused by name in every other',
    { timeout: 60_000 },
    async (member) => {
      const text = `function main() { requestStorage.${member}('a', 'b'); return { status: 'ok' }; }`;
      const { outcome } = await run('action', text, { properties: {} });
      expect(outcome).toMatchObject({
        ok: false,
        code: 'refused_by_sandbox',
        message: expect.stringContaining(`requestStorage.${member}`),
      });
      expect((await errors(text, 'action')).join()).toContain(member);
    },
  );

  test('by its types that there is no such name', async () => {
    const found = await errors("function main() { return siEcho.run('a'); }", 'qualification');
    expect(found).toEqual([expect.stringMatching(/^1:26 Cannot find name 'siEcho'/)]);
  });
});

test('[EN144] the fields of a secret complete in its authentication function', { timeout: 60_000 }, async () => {
  const { spec } = await house
    .call<{ spec: never }>('schema.author', {
      changeSet,
      name: 'Login',
      text: `export default defineSchema({
  domain: {},
  definesSecret: { name: 'Login', fields: { User: { kind: 'string', required: true }, Password: { kind: 'string', secret: true } } },
  authentication: {
    login: (secret) => { requestStorage.setItem('user', secret.User.length); requestStorage.setEnv('P', secret.Password ?? ''); },
  },
});`,
    })
    .then(() => house.call<{ spec: never }>('schema.describe', { changeSet, schema: 'Login' }));
  const text =
    "function main(secret) { requestStorage.setItem('u', secret.User); requestStorage.setItem('p', secret.); }";
  const column = text.indexOf('secret.)') + 'secret.'.length + 1;
  const found = await compiler.complete({ text, kind: 'authentication', spec }, 1, column);
  expect(found.map((c) => c.name)).toEqual(['Password', 'User']);
});
