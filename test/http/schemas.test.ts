// Schemas, their variants and functions over the wire, as clients of the public API v1 use them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answered, HttpHouse } from './house.ts';

const definition = (more = '') => `function main() {
  const port = new PropBuilder().setName('port').setKind('integer').setDefaultValue(80).build();
  const host = new PropBuilder().setName('host').setKind('string').setDocumentation('Where it is.').build();
  const url = new PropBuilder().setName('url').setKind('string').build();
  const tags = new PropBuilder().setName('tags').setKind('array')
    .setEntry(new PropBuilder().setName('tag').setKind('string').build()).build();
  return new AssetBuilder().addProp(port).addProp(host).addProp(url).addProp(tags)${more}.build();
}`;

const note = ".addProp(new PropBuilder().setName('note').setKind('string').build())";

interface Prop {
  readonly propId: string;
  readonly name: string;
  readonly children?: readonly Prop[];
}

describe('schemas over HTTP', () => {
  let house: HttpHouse;
  let made = 0;
  beforeAll(async () => {
    house = await HttpHouse.open();
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  /** A change set of its own, as the beginning of a path. */
  async function opened(): Promise<string> {
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: `c${made++}` } });
    return `~/change-sets/${changeSet.id}`;
  }

  const root = async (at: string): Promise<string> => {
    const changeSet = at.split('/')[2]!;
    return (await house.call<{ intentRoot: string }>('change_set.get', { changeSet })).intentRoot;
  };

  /** Refused with that status and code, and nothing is another. */
  async function refused(
    at: string,
    ask: () => Promise<Answered>,
    status: number,
    reason: string,
  ): Promise<Answered['body']> {
    const before = await root(at);
    const answer = await ask();
    expect({ status: answer.status, reason: answer.body.reason }).toEqual({ status, reason });
    expect(await root(at)).toBe(before);
    return answer.body;
  }

  async function withSchema(name: string): Promise<{ at: string; schema: string; variant: string; of: string }> {
    const at = await opened();
    const body = { name, code: definition(), category: 'Mine', color: '#112233', description: 'A thing.', link: null };
    const { schemaId, defaultVariantId } = await house.must('POST', `${at}/schemas`, { body });
    return {
      at,
      schema: schemaId,
      variant: defaultVariantId,
      of: `${at}/schemas/${schemaId}/variant/${defaultVariantId}`,
    };
  }

  const propOf = (variant: { domainProps: Prop }, name: string): string =>
    variant.domainProps.children!.find((p) => p.name === name)!.propId;

  test('[EN540] a schema of the catalogue is found, listed and described under the ids that it has once it is installed', async () => {
    const at = await opened();
    const found = await house.must('GET', `${at}/schemas/find?schema=AWS::EC2::VPC`);
    expect(found).toMatchObject({ schemaName: 'AWS::EC2::VPC', category: 'AWS::EC2', installed: false });
    const one = `${at}/schemas/${found.schemaId}`;
    const before = { schema: await house.must('GET', one), variant: await house.must('GET', `${one}/variant/default`) };
    expect(before.variant).toMatchObject({
      isLocked: true,
      isDefaultVariant: true,
      installedFromUpstream: true,
      assetFuncId: '',
    });
    const cidr = propOf(before.variant, 'CidrBlock');
    const installed = await house.must('POST', `${one}/install`);
    expect(installed).toEqual(before.schema);
    expect(await house.must('GET', `${one}/variant/${installed.defaultVariantId}`)).toEqual(before.variant);
    expect(propOf(await house.must('GET', `${one}/variant/default`), 'CidrBlock')).toBe(cidr);
    expect((await house.must('GET', `${at}/schemas/find?schemaId=${found.schemaId}`)).installed).toBe(true);
    const again = await root(at);
    expect(await house.must('POST', `${one}/install`)).toEqual(installed);
    expect(await root(at)).toBe(again);
    await refused(at, () => house.ask('GET', `${at}/schemas/find?schema=No::Such`), 404, 'schema_not_found');
    await refused(at, () => house.ask('GET', `${at}/schemas/find`), 422, 'request_malformed');
    await refused(at, () => house.ask('GET', `${at}/schemas/01ARZ3NDEKTSV4RRFFQ69G5FAV`), 404, 'schema_not_found');
    await refused(
      at,
      () => house.ask('POST', `${at}/schemas/01ARZ3NDEKTSV4RRFFQ69G5FAV/install`),
      404,
      'schema_not_found',
    );
    expect((await house.ask('POST', `~/change-sets/HEAD/schemas/${found.schemaId}/install`)).body.reason).toBe(
      'head_is_read_only',
    );
  });

  test('[EN541] every schema is on exactly one page of the list, in order of the names', async () => {
    const { at } = await withSchema('Aaa::First');
    const names: string[] = [];
    let cursor = '';
    for (;;) {
      const page = await house.must('GET', `${at}/schemas?limit=300${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(page.schemas.length).toBeLessThanOrEqual(300);
      names.push(...page.schemas.map((s: { schemaName: string }) => s.schemaName));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(names.length).toBeGreaterThan(1_000);
    expect(new Set(names).size).toBe(names.length);
    expect([...names].sort()).toEqual(names);
    expect(names).toContain('Aaa::First');
    expect((await house.must('GET', `${at}/schemas`)).schemas.length).toBe(50);
    await refused(at, () => house.ask('GET', `${at}/schemas?limit=some`), 422, 'request_malformed');
    await refused(
      at,
      () => house.ask('GET', `${at}/schemas?cursor=01ARZ3NDEKTSV4RRFFQ69G5FAV`),
      422,
      'request_malformed',
    );
    const mine = await house.must('POST', `${at}/schemas/search`, { body: { category: 'Mine' } });
    expect(mine.schemas).toMatchObject([{ schemaName: 'Aaa::First', category: 'Mine', installed: true }]);
    const none = await house.ask('POST', `${at}/schemas/search`, { body: { category: 'None' } });
    expect(none).toMatchObject({ status: 200, body: { schemas: [] } });
    expect((await house.must('POST', `${at}/schemas/search`, { body: {} })).schemas.length).toBe(names.length);
  });

  test('[EN542] a definition makes a schema with what is said beside it; one of the name of another is refused', async () => {
    const { at, schema, variant, of } = await withSchema('Acme::Web');
    const view = await house.must('GET', of);
    expect(view).toMatchObject({
      variantId: variant,
      displayName: 'Acme::Web',
      category: 'Mine',
      color: '#112233',
      description: 'A thing.',
      isLocked: false,
      isDefaultVariant: true,
      installedFromUpstream: false,
    });
    const { domainProps } = view;
    expect(domainProps).toMatchObject({ name: 'domain', propType: 'object' });
    expect(domainProps.children).toMatchObject([
      { name: 'port', propType: 'integer', defaultValue: 80 },
      { name: 'host', propType: 'string', description: 'Where it is.' },
      { name: 'url', propType: 'string' },
      { name: 'tags', propType: 'array', children: [{ name: 'tagsItem', propType: 'string' }] },
    ]);
    const source = await house.must('GET', `${at}/funcs/${view.assetFuncId}`);
    expect(source).toMatchObject({ code: definition(), kind: 'SchemaVariantDefinition', isLocked: false });
    const body = { name: 'Acme::Web', code: definition(note) };
    await refused(at, () => house.ask('POST', `${at}/schemas`, { body }), 422, 'name_taken');
    const bad = { name: 'Acme::Bad', code: 'function main() {\n  return 5 +;\n}' };
    const said = await refused(at, () => house.ask('POST', `${at}/schemas`, { body: bad }), 422, 'function_invalid');
    expect(said.errors[0].path).toMatch(/^text:2:/);
    await refused(at, () => house.ask('POST', `${at}/schemas`, { body: { name: 'x' } }), 422, 'request_malformed');
    const onHead = await house.ask('POST', '~/change-sets/HEAD/schemas', { body: { ...body, name: 'Acme::Other' } });
    expect({ status: onHead.status, reason: onHead.body.reason }).toEqual({ status: 400, reason: 'head_is_read_only' });
    await refused(
      at,
      () => house.ask('GET', `${at}/schemas/${schema}/variant/01ARZ3NDEKTSV4RRFFQ69G5FAV`),
      404,
      'schema_not_found',
    );
    const headers = { 'idempotency-key': 'one-schema' };
    const first = await house.must('POST', `${at}/schemas`, { body: { ...body, name: 'Acme::Once' }, headers });
    expect(await house.must('POST', `${at}/schemas`, { body: { ...body, name: 'Acme::Once' }, headers })).toEqual(
      first,
    );
  });

  test('[EN543] a variant of another schema is told from one that is nowhere', async () => {
    const { at, schema } = await withSchema('Acme::One');
    const other = await house.must('POST', `${at}/schemas`, { body: { name: 'Acme::Two', code: definition(note) } });
    const path = `${at}/schemas/${schema}/variant/${other.defaultVariantId}`;
    await refused(at, () => house.ask('GET', path), 412, 'variant_of_another_schema');
    const body = { name: 'x', code: definition(), category: 'Mine' };
    await refused(at, () => house.ask('PUT', path, { body }), 412, 'variant_of_another_schema');
  });

  test('[EN544] a locked variant is edited in an unlocked copy, of which there is one', async () => {
    const { at, schema, of } = await withSchema('Acme::Locked');
    await house.call('change_set.apply', { changeSet: at.split('/')[2]! });
    const next = await opened();
    const locked = of.replace(at, next);
    const body = { name: 'A locked one', code: definition(note), category: 'Yours', color: '#445566' };
    await refused(next, () => house.ask('PUT', locked, { body }), 412, 'locked');
    const unlocked = await house.must('POST', `${next}/schemas/${schema}/unlock`);
    expect(unlocked.unlockedVariant).toMatchObject({ isLocked: false, isDefaultVariant: false });
    const before = await root(next);
    expect(await house.must('POST', `${next}/schemas/${schema}/unlock`)).toEqual(unlocked);
    expect(await root(next)).toBe(before);
    const edited = await house.must('PUT', `${next}/schemas/${schema}/variant/${unlocked.unlockedVariantId}`, { body });
    expect(edited).toMatchObject({
      variantId: unlocked.unlockedVariantId,
      displayName: 'A locked one',
      category: 'Yours',
      color: '#445566',
      description: 'A thing.',
    });
    expect(propOf(edited, 'note')).toMatch(/^[0-9A-Z]{26}$/);
    await refused(next, () => house.ask('POST', `${next}/schemas/none/unlock`), 404, 'schema_not_found');
    const fresh = await house.must('GET', `${next}/schemas/find?schema=AWS::S3::Bucket`);
    const copy = await house.must('POST', `${next}/schemas/${fresh.schemaId}/unlock`);
    expect(copy.unlockedVariant).toMatchObject({ isLocked: false, displayName: 'AWS::S3::Bucket' });
  });

  test('[EN545] functions of every kind are made and bound in one step, and taken off again', async () => {
    const { at, of } = await withSchema('Acme::Functions');
    const variant = await house.must('GET', of);
    const make = (kind: string, body: object) => house.must('POST', `${of}/funcs/${kind}`, { body });
    const url = await make('attribute', {
      name: 'makeUrl',
      displayName: null,
      description: 'Makes the URL.',
      code: 'async function main({ host, scheme }) {\n  return `${scheme}://${host}`;\n}',
      propId: propOf(variant, 'url'),
      argumentBindings: [
        { name: 'host', kind: 'String', propId: propOf(variant, 'host'), staticValue: null },
        { name: 'scheme', kind: 'string', elementKind: null, staticValue: 'https' },
      ],
    });
    expect(url.attributePrototypeId).toMatch(/^[0-9A-Z]{26}$/);
    const ids = {
      attribute: url.funcId,
      qualification: (
        await make('qualification', { name: 'ok', code: "function main() { return { result: 'success' }; }" })
      ).funcId,
      codegen: (
        await make('codegen', {
          name: 'gen',
          code: "function main() { return { format: 'json', code: '{}' }; }",
          skipOverlay: true,
        })
      ).funcId,
      management: (await make('management', { name: 'manage', code: "function main() { return { status: 'ok' }; }" }))
        .funcId,
      authentication: (await make('authentication', { name: 'auth', code: 'function main() {}' })).funcId,
      action: (
        await make('action', {
          name: 'create it',
          kind: 'Create',
          code: "function main() { return { status: 'ok' }; }",
          skipOverlay: false,
        })
      ).funcId,
    };
    const { variantFuncs, variantFuncIds } = await house.must('GET', of);
    expect(new Set(variantFuncIds)).toEqual(new Set(Object.values(ids)));
    const kindOf = (id: string) => variantFuncs.find((f: { id: string }) => f.id === id);
    expect(kindOf(ids.action)).toEqual({
      id: ids.action,
      isOverlay: true,
      funcKind: { kind: 'action', actionKind: 'Create' },
    });
    expect(kindOf(ids.codegen)).toEqual({
      id: ids.codegen,
      isOverlay: false,
      funcKind: { kind: 'other', funcKind: 'CodeGeneration' },
    });
    expect(kindOf(ids.management).funcKind).toEqual({ kind: 'management', managementFuncKind: 'Other' });
    const changeSet = at.split('/')[2]!;
    const component = {
      kind: 'component.create',
      schema: 'Acme::Functions',
      name: 'shop',
      attributes: { '/domain/host': 'a.b' },
    };
    await house.call('submit', { changeSet, mutations: [component] });
    const { value } = await house.call<{ value: { domain: { url: string } } }>('component.get', {
      changeSet,
      component: 'shop',
      waitMs: 20_000,
    });
    expect(value.domain.url).toBe('https://a.b');
    for (const [kind, id] of Object.entries(ids)) {
      const wrong = kind === 'action' ? 'codegen' : 'action';
      await refused(at, () => house.ask('DELETE', `${of}/funcs/${wrong}/${id}`), 404, 'binding_not_found');
      expect(await house.must('DELETE', `${of}/funcs/${kind}/${id}`)).toEqual({ success: true });
      await refused(at, () => house.ask('DELETE', `${of}/funcs/${kind}/${id}`), 404, 'binding_not_found');
      expect((await house.ask('GET', `${at}/funcs/${id}`)).status).toBe(200);
    }
    expect((await house.must('GET', of)).variantFuncIds).toEqual([]);
  });

  test('[EN545] asked for again with the same key, each is done once and answered the same', async () => {
    const { at, schema, of } = await withSchema('Acme::Once');
    const code = "function main() { return { result: 'success' }; }";
    const twice = async (method: string, path: string, body?: object) => {
      const asking = { headers: { 'idempotency-key': `${method} ${path}` }, ...(body === undefined ? {} : { body }) };
      const first = await house.must(method, path, asking);
      const before = await root(at);
      expect(await house.must(method, path, asking)).toEqual(first);
      expect(await root(at)).toBe(before);
      return first;
    };
    const { funcId } = await twice('POST', `${of}/funcs/qualification`, { name: 'ok', code, skipOverlay: true });
    await twice('PUT', `${at}/funcs/${funcId}`, { code: `${code}//` });
    await twice('POST', `${at}/funcs/${funcId}/unlock`, { schemaVariantId: of.split('/').at(-1) });
    await twice('PUT', of, { name: 'Once', code: definition(note), category: 'Mine' });
    await twice('DELETE', `${of}/funcs/qualification/${funcId}`);
    await twice('POST', `${at}/schemas/${schema}/unlock`);
    const vpc = await house.must('GET', `${at}/schemas/find?schema=AWS::EC2::Subnet`);
    await twice('POST', `${at}/schemas/${vpc.schemaId}/install`);
    await twice('POST', `${at}/schemas/${vpc.schemaId}/unlock`);
  });

  test('[EN546] what does not fit is refused: a second action of a kind, a taken name or output, properties that are not there', async () => {
    const { at, of } = await withSchema('Acme::Refusals');
    const post = (kind: string, body: object) => () => house.ask('POST', `${of}/funcs/${kind}`, { body });
    const code = "function main() { return { status: 'ok' }; }";
    const action = { name: 'one', kind: 'Create', code };
    expect((await post('action', action)()).status).toBe(200);
    await refused(at, post('action', { ...action, name: 'two' }), 412, 'already_exists');
    await refused(at, post('action', { ...action, kind: 'Manual' }), 412, 'name_taken');
    expect((await post('action', { ...action, name: 'm1', kind: 'Manual' })()).status).toBe(200);
    expect((await post('action', { ...action, name: 'm2', kind: 'manual' })()).status).toBe(200);
    await refused(at, post('action', { ...action, name: 'x', kind: 'Explode' }), 422, 'request_malformed');
    const variant = await house.must('GET', of);
    const attribute = (more: object) => ({
      name: 'a',
      code: 'function main() {}',
      propId: propOf(variant, 'url'),
      argumentBindings: [],
      ...more,
    });
    await refused(at, post('attribute', attribute({ propId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' })), 404, 'path_not_found');
    const binding = { name: 'host', kind: 'string' };
    for (const more of [{}, { propId: propOf(variant, 'host'), staticValue: 5 }])
      await refused(
        at,
        post('attribute', attribute({ argumentBindings: [{ ...binding, ...more }] })),
        422,
        'request_malformed',
      );
    const oddKind = [{ name: 'x', kind: 'date', staticValue: 1 }];
    await refused(at, post('attribute', attribute({ argumentBindings: oddKind })), 422, 'request_malformed');
    await refused(
      at,
      post('attribute', attribute({ componentId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' })),
      422,
      'operation_not_supported',
    );
    expect((await post('attribute', attribute({}))()).status).toBe(200);
    await refused(at, post('attribute', attribute({ name: 'b' })), 412, 'already_exists');
    await refused(at, post('codegen', { name: 'x' }), 422, 'request_malformed');
    const nowhere = of.replace(/schemas\/[^/]+/, 'schemas/none');
    await refused(
      at,
      () => house.ask('POST', `${nowhere}/funcs/codegen`, { body: { name: 'x', code } }),
      404,
      'schema_not_found',
    );
    const late = { body: { name: 'late', code }, headers: { 'if-match': '"1"' } };
    await refused(at, () => house.ask('POST', `${of}/funcs/codegen`, late), 412, 'version_conflict');
    const etag = (await house.ask('GET', of)).headers.get('etag') ?? '';
    const made = await house.ask('POST', `${of}/funcs/codegen`, { ...late, headers: { 'if-match': etag } });
    expect({ status: made.status, etag: made.headers.get('etag') }).toEqual({
      status: 200,
      etag: `"${Number(etag.slice(1, -1)) + 1}"`,
    });
    const { token } = await house.must('POST', '~/tokens', { body: { name: 'reader', scopes: ['read'] } });
    const reader = await house.ask('POST', `${of}/funcs/codegen`, { body: { name: 'x', code }, token });
    expect(reader.status).toBe(403);
  });

  test('[EN547] nothing is put on a locked variant or taken off it; on its schema it is', async () => {
    const { at, of } = await withSchema('Acme::Closed');
    const code = "function main() { return { result: 'success' }; }";
    const own = await house.must('POST', `${of}/funcs/qualification`, {
      body: { name: 'own', code, skipOverlay: true },
    });
    await house.call('change_set.apply', { changeSet: at.split('/')[2]! });
    const next = await opened();
    const closed = of.replace(at, next);
    const body = { name: 'more', code };
    await refused(
      next,
      () => house.ask('POST', `${closed}/funcs/qualification`, { body: { ...body, skipOverlay: true } }),
      412,
      'locked',
    );
    await refused(next, () => house.ask('POST', `${closed}/funcs/authentication`, { body }), 412, 'locked');
    await refused(next, () => house.ask('DELETE', `${closed}/funcs/qualification/${own.funcId}`), 412, 'locked');
    const { funcId } = await house.must('POST', `${closed}/funcs/qualification`, { body });
    expect(await house.must('DELETE', `${closed}/funcs/qualification/${funcId}`)).toEqual({ success: true });
    const onHead = await house.ask(
      'POST',
      `${of.replace(/change-sets\/[^/]+/, 'change-sets/HEAD')}/funcs/qualification`,
      { body },
    );
    expect({ status: onHead.status, reason: onHead.body.reason }).toEqual({ status: 400, reason: 'head_is_read_only' });
  });

  test('[EN548] a wish for an action goes with its function, unless another function carries it out', async () => {
    const { at, of } = await withSchema('Acme::Wishes');
    const changeSet = at.split('/')[2]!;
    const code = "function main() { return { status: 'ok' }; }";
    const overlay = await house.must('POST', `${of}/funcs/action`, { body: { name: 'restart', kind: 'Manual', code } });
    const other = await house.must('POST', `${of}/funcs/action`, {
      body: { name: 'restart', kind: 'Manual', code, skipOverlay: true },
    });
    await house.call('submit', {
      changeSet,
      mutations: [
        { kind: 'component.create', schema: 'Acme::Wishes', name: 'w' },
        { kind: 'action.add', component: 'w', action: 'manual', name: 'restart' },
      ],
    });
    const wishes = async () => {
      const w = (
        (await house.engine.workspace(house.workspace)) as {
          value: {
            workspace: {
              present(id: never): Promise<{ value: { snapshot: { scan(c: string, p: string): Iterable<unknown> } } }>;
            };
          };
        }
      ).value.workspace;
      return [...(await w.present(changeSet as never)).value.snapshot.scan('overrides', '')].length;
    };
    expect(await wishes()).toBe(1);
    await house.must('DELETE', `${of}/funcs/action/${overlay.funcId}`);
    expect(await wishes()).toBe(1);
    await house.must('DELETE', `${of}/funcs/action/${other.funcId}`);
    expect(await wishes()).toBe(0);
  });

  test('[EN549] a schema goes to another workspace as a package; another file is refused with the reason', async () => {
    const { at, schema } = await withSchema('Acme::Packaged');
    const pack = await house.must('GET', `${at}/schemas/${schema}/package`);
    const next = await opened();
    const send = (text: string, field = 'pkg_spec') => {
      const form = new FormData();
      form.append(field, new Blob([text], { type: 'application/json' }), 'package.json');
      return house.ask('POST', `${next}/schemas/install_from_file`, { form });
    };
    for (const text of [
      '{"kind":"module","name":"x"}',
      'no json',
      JSON.stringify({ ...pack, version: 2 }),
      JSON.stringify({ ...pack, schemas: [] }),
    ])
      expect((await refused(next, () => send(text), 422, 'request_malformed')).errors[0].path).toMatch(/^text/);
    await refused(next, () => send('{}', 'other'), 422, 'request_malformed');
    const { status, body } = await send(JSON.stringify(pack));
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { schemaName: 'Acme::Packaged', displayName: 'Acme::Packaged', category: 'Mine' },
    });
    const view = await house.must('GET', `${next}/schemas/${body.schemaId}/variant/${body.schemaVariantId}`);
    expect(view).toMatchObject({ color: '#112233', description: 'A thing.' });
    const before = await root(next);
    expect((await send(JSON.stringify(pack))).body.schemaVariantId).toBe(body.schemaVariantId);
    expect(await root(next)).toBe(before);
    await refused(at, () => house.ask('POST', `${at}/schemas/${schema}/contribute`), 400, 'operation_not_supported');
    await refused(at, () => house.ask('POST', `${at}/schemas/none/contribute`), 404, 'schema_not_found');
  });

  test('[EN550] an editor is told what is wrong with a definition, and gets types', async () => {
    const { at, schema } = await withSchema('Acme::Editor');
    const wrong = await house.must('POST', `${at}/schemas/check`, {
      body: { code: 'function main() {\n  return new Nope();\n}' },
    });
    expect(wrong.ok).toBe(false);
    expect(wrong.diagnostics[0]).toMatchObject({ severity: 'error', line: 2, column: 14 });
    expect(await house.must('POST', `${at}/schemas/check`, { body: { code: definition() } })).toMatchObject({
      ok: true,
    });
    const types = await house.must('GET', `${at}/schemas/${schema}/types?kind=qualification`);
    expect(types.text).toContain('host?: ');
    await refused(at, () => house.ask('GET', `${at}/schemas/${schema}/types?kind=odd`), 422, 'request_malformed');
  });
});
