// A client as others have it: generated from the public API v1 alone, by a maintained generator, in the style of clients on
// axios, and used as it comes out against `headwater serve`. Every operation of the contract is asked for, and does its work.

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { generateApi } from 'swagger-typescript-api';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Served } from '../support/served.ts';
import { operationAt, operations, wrongByContract } from './contract.ts';
import { contractDocument } from './contract_document.ts';

// biome-ignore lint/suspicious/noExplicitAny: generated while the test runs, so that its types are not there before.
type Loose = any;

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** Generates the client from the contract, and loads it. */
async function generated(folder: string): Promise<Loose> {
  const options = {
    spec: contractDocument() as never,
    output: folder,
    fileName: 'client.ts',
    httpClientType: 'axios' as const,
    moduleNameFirstTag: true,
    extractRequestParams: true,
    silent: true,
  };
  await generateApi(options);
  symlinkSync(modules, join(folder, 'node_modules'));
  const text = readFileSync(join(folder, 'client.ts'), 'utf8');
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  writeFileSync(join(folder, 'client.mjs'), outputText);
  return import(/* @vite-ignore */ pathToFileURL(join(folder, 'client.mjs')).href);
}

const definition = (more = '') => `function main() {
  const size = new PropBuilder().setName('Size').setKind('integer').build();
  const note = new PropBuilder().setName('Note').setKind('string').build();
  const label = new PropBuilder().setName('Label').setKind('string').build();
  const address = new PropBuilder().setName('Address').setKind('string').build();
  return new AssetBuilder().addProp(size).addProp(note).addProp(label).addResourceProp(address)${more}.build();
}`;
const login = `function main() {
  const field = new PropBuilder().setName('password').setKind('string').setWidget(new PropWidgetDefinitionBuilder().setKind('password').build()).build();
  return new AssetBuilder().defineSecret(new SecretDefinitionBuilder().setName('Login').addProp(field).build()).build();
}`;
const actionCode = (kind: string) => `async function main(input) {
  if (input.properties.domain.Note === 'fails') return { status: 'error', message: 'no such luck' };
  return { status: 'ok', ${kind === 'Create' ? "resourceId: 'box-1', " : ''}payload: { Address: 'here' } };
}
// @idempotent`;

describe('a client that is generated from the contract', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-client-'));
  let served: Served;
  let api: Loose;
  let w: { workspaceId: string };
  const seen = new Map<string, number>();
  const wrong: string[] = [];

  const clientFor = (Api: Loose, token: string): Loose => {
    const client = new Api({
      baseURL: served.address,
      securityWorker: (held: string) => ({ headers: { Authorization: `Bearer ${held}` } }),
    });
    client.setSecurityData(token);
    const note = (response: Loose) => {
      const { method, url } = response.config;
      const operation = operationAt(method.toUpperCase(), url);
      if (operation === undefined) throw new Error(`${method} ${url} is not of the contract`);
      wrong.push(...wrongByContract(operation, response.status, response.data));
      if (response.status < 300 || operation === 'Schemas.contribute') seen.set(operation, response.status);
    };
    client.instance.interceptors.response.use(
      (response: Loose) => {
        note(response);
        return response;
      },
      (error: Loose) => {
        if (error.response !== undefined) note(error.response);
        return Promise.reject(error);
      },
    );
    return client;
  };

  let Api: Loose;
  beforeAll(async () => {
    ({ Api } = await generated(folder));
    served = await Served.start(join(folder, 'data'));
    api = clientFor(Api, served.token!);
  }, 120_000);
  afterAll(async () => {
    expect(await served.stop()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (changeSetName: string) => {
    const { data } = await api.changeSets.createChangeSet(w, { changeSetName });
    return { ...w, changeSetId: data.changeSet.id };
  };
  const until = async <T>(ask: () => Promise<T>, done: (got: T) => boolean): Promise<T> => {
    for (let n = 0; n < 600; n++) {
      const got = await ask();
      if (done(got)) return got;
      await new Promise((r) => setTimeout(r, 50));
    }
    throw new Error('does not come to what is waited for');
  };
  const ended = (got: Loose) => ['success', 'failure', 'completed'].includes(got.data.state);

  test('[EN580] asks who it is and what there is', async () => {
    expect((await api.root.systemStatusRoute()).data).toBeTypeOf('object');
    const { data } = await api.whoami.whoami();
    w = { workspaceId: data.workspaceId };
    const { data: all } = await api.changeSets.listChangeSets(w);
    expect(all.changeSets).toMatchObject([{ isHead: true, status: 'Open' }]);
    const bad = clientFor(Api, 'hw_no_such_token');
    await expect(bad.whoami.whoami()).rejects.toMatchObject({
      response: { status: 401, data: { statusCode: 401, message: expect.any(String), code: null } },
    });
  });

  /** Ids that the tests after it go on with. */
  let at: Loose;
  let schema: Loose;
  let create: { funcId: string };
  const box = (name: string, attributes: object = {}) => ({ schemaName: 'Box', name, attributes });

  test('[EN580] makes a schema, its variants and functions of every kind', async () => {
    at = await open('types');
    const made = (await api.schemas.createSchema(at, { name: 'Box', category: 'Things', code: definition() })).data;
    schema = { schemaId: made.schemaId, schemaVariantId: made.defaultVariantId };
    const one = { ...at, ...schema };
    const variant = (await api.schemas.getVariant(one)).data;
    expect((await api.schemas.getDefaultVariant(one)).data).toEqual(variant);
    expect((await api.schemas.getSchema(one)).data).toEqual(made);
    expect((await api.schemas.findSchema({ ...at, schema: 'Box' })).data.schemaId).toBe(made.schemaId);
    expect((await api.schemas.searchSchemas(at, { category: 'Things' })).data.schemas).toHaveLength(1);
    expect((await api.schemas.listSchemas({ ...at, limit: '2' })).data.schemas).toHaveLength(2);
    const propId = (name: string) => variant.domainProps.children.find((p: Loose) => p.name === name).propId;
    for (const kind of ['Create', 'Update', 'Destroy', 'Refresh', 'Manual']) {
      const body = { name: `box-${kind}`, kind, code: actionCode(kind) };
      const { data } = await api.schemas.createVariantAction(one, body);
      if (kind === 'Create') create = data;
    }
    const bound = {
      attribute: (
        await api.schemas.createVariantAttribute(one, {
          name: 'label',
          propId: propId('Label'),
          argumentBindings: [{ name: 'size', kind: 'integer', propId: propId('Size') }],
          code: 'function main({ size }) { return `box of ${size}`; }',
        })
      ).data.funcId,
    } as Loose;
    for (const [kind, code] of [
      ['Qualification', "function main() { return { result: 'success' }; }"],
      ['Codegen', "function main() { return { format: 'json', code: '{}' }; }"],
      ['Management', "function main() { return { status: 'ok', message: 'managed' }; }"],
      ['Authentication', 'function main() {}'],
    ])
      bound[kind!.toLowerCase()] = (
        await api.schemas[`createVariant${kind}`](one, { name: `box-${kind}`, code })
      ).data.funcId;
    expect((await api.schemas.getVariant(one)).data.variantFuncs).toHaveLength(10);
    // One more of each that can be taken off again, on a schema of its own.
    const spare = (await api.schemas.createSchema(at, { name: 'Spare', code: definition() })).data;
    const other = { ...at, schemaId: spare.schemaId, schemaVariantId: spare.defaultVariantId };
    const spareProps = (await api.schemas.getVariant(other)).data.domainProps.children;
    for (const kind of ['Action', 'Attribute', 'Authentication', 'Codegen', 'Management', 'Qualification']) {
      const { data } = await api.schemas[`createVariant${kind}`](other, {
        name: `spare-${kind}`,
        code: 'function main() { return {}; }',
        ...(kind === 'Action' ? { kind: 'Manual' } : {}),
        ...(kind === 'Attribute'
          ? { propId: spareProps.find((p: Loose) => p.name === 'Label').propId, argumentBindings: [] }
          : {}),
      });
      const gone = await api.schemas[`detach${kind}FuncBinding`]({ ...other, funcId: data.funcId });
      expect(gone.data).toEqual({ success: true });
    }
    const described = { name: 'Spare box', category: 'Things', code: definition() };
    expect((await api.schemas.updateSchemaVariant(other, described)).data.displayName).toBe('Spare box');
    await expect(api.schemas.contribute(other)).rejects.toMatchObject({ response: { status: 400 } });
    const file = (format: string) => ({
      pkg_spec: new Blob([
        JSON.stringify({ format, version: 1, schemas: [{ name: 'Packed', category: 'Things', text: definition() }] }),
      ]),
    });
    await expect(api.schemas.installFromFile(at, file('of another'))).rejects.toMatchObject({
      response: { status: 422, data: { message: expect.any(String) } },
    });
    expect((await api.schemas.installFromFile(at, file('headwater.schemas'))).data.schemaName).toBe('Packed');
    const vpc = (await api.schemas.findSchema({ ...at, schema: 'AWS::EC2::VPC' })).data;
    expect((await api.schemas.installSchema({ ...at, schemaId: vpc.schemaId })).data.name).toBe('AWS::EC2::VPC');
    const copy = (await api.schemas.unlockSchema({ ...at, schemaId: vpc.schemaId })).data;
    expect(copy.unlockedVariant.isLocked).toBe(false);
  }, 120_000);

  test('[EN580] works on functions: reads, writes, tries, follows their runs', async () => {
    const made = (
      await api.funcs.createTransformation(at, { name: 'upper', code: 'function main({ input }) { return input; }' })
    ).data;
    const func = { ...at, funcId: made.funcId };
    expect((await api.funcs.updateFunc(func, { code: 'function main() { return 1; }' })).data.success).toBe(true);
    expect((await api.funcs.getFunc(func)).data.code).toBe('function main() { return 1; }');
    const { data } = await api.components.createComponent(at, box('tried', { '/domain/Size': 3 }));
    const started = await api.debugFuncs.execDebugFunc(at, {
      code: 'function main({ component }) { console.log("seen"); return component.domain.Size; }',
      handler: 'main',
      name: 'look',
      componentId: data.component.id,
    });
    const ask = () => api.debugFuncs.getDebugFuncState({ ...at, ...started.data });
    const done = await until(() => ask(), ended);
    expect(done.data).toMatchObject({ state: 'success', result: 3 });
    const run = await api.funcs.getFuncRun({ ...at, funcRunId: done.data.funcRunId });
    expect(run.data.funcRun.state).toBe('Success');
    expect((await api.components.deleteComponent({ ...at, componentId: data.component.id })).data.status).toBe(
      'deleted',
    );
  }, 60_000);

  test('[EN580] makes, reads, searches, edits and links components', async () => {
    const first = (await api.components.createComponent(at, box('first', { '/domain/Size': 5 }))).data.component;
    const second = (
      await api.components.createComponent(at, {
        ...box('second', { '/domain/Note': { $source: { component: 'first', path: '/domain/Label' } } }),
      })
    ).data.component;
    const one = { ...at, componentId: second.id };
    const label = await until(
      () => api.components.getComponent(one),
      (got: Loose) => got.data.component.domainProps.some((p: Loose) => p.value === 'box of 5'),
    );
    expect(label.data.component.attributes['/domain/Note']).toEqual({
      $source: { component: first.id, path: '/domain/Label' },
    });
    await api.components.updateComponent(one, { name: 'second box', attributes: { '/domain/Size': 7 } });
    expect((await api.components.findComponent({ ...at, component: 'second box' })).data.component.id).toBe(second.id);
    const listed = (await api.components.listComponents({ ...at, limit: '1' })).data;
    expect(listed.nextCursor).toBeTypeOf('string');
    const rest = (await api.components.listComponents({ ...at, cursor: listed.nextCursor })).data;
    const ids = [...listed.componentDetails, ...rest.componentDetails].map((c) => c.componentId);
    expect(new Set(ids)).toEqual(new Set([first.id, second.id]));
    expect((await api.components.searchComponents(at, { queryString: 'Size:7' })).data.components).toEqual([second.id]);
    expect((await api.search.search({ ...at, q: 'schema:Box' })).data.components).toHaveLength(2);
    const copied = await api.components.duplicateComponents(at, { components: [first.id], prefix: 'copy of ' });
    expect(copied.data.components).toHaveLength(1);
    const copy = { ...at, componentId: copied.data.components[0] };
    expect((await api.components.manageComponent({ ...at, componentId: first.id }, copy)).status).toBe(200);
    const view = { viewName: first.views[0].name, componentIds: [copy.componentId] };
    expect((await api.components.addToView(at, view)).status).toBe(204);
    const managed = await api.components.executeManagementFunction(one, {
      managementFunction: { function: 'box-Management' },
    });
    const job = { ...at, managementFuncJobStateId: managed.data.managementFuncJobStateId };
    const state = await until(() => api.managementFuncs.getManagementFuncRunState(job), ended);
    expect(state.data.state).toBe('success');
    expect((await api.components.eraseComponent(copy)).data.status).toBe(true);
  }, 60_000);

  test('[EN580] keeps secrets, whose content never comes back', async () => {
    await api.schemas.createSchema(at, { name: 'Login', code: login });
    const body = { name: 'prod', definitionName: 'Login', rawData: { password: 'hush' } };
    const { secret } = (await api.secrets.createSecret(at, body)).data;
    const one = { ...at, secretId: secret.id };
    expect((await api.secrets.updateSecret(one, { id: secret.id, name: 'production' })).data.secret.name).toBe(
      'production',
    );
    const listed = (await api.secrets.getSecrets(at)).data;
    expect(listed.Login.secrets).toMatchObject([{ name: 'production' }]);
    expect(JSON.stringify(listed)).not.toContain('hush');
    expect((await api.secrets.deleteSecret(one)).data.success).toBe(true);
  });

  test('[EN580] reviews and applies, and sees what was done', async () => {
    const review = (await api.changeSets.reviewChangeSet({ ...at, includeResourceDiff: true })).data;
    expect(review.components.map((c: Loose) => c.diffStatus)).toContain('Added');
    const report = { name: 'all', policy: 'p', report: 'r', result: 'Pass' };
    expect((await api.policyReports.uploadPolicyReport(at, report)).data.id).toBeTypeOf('string');
    expect((await api.changeSets.getChangeSet(at)).data.changeSet.status).toBe('Open');
    await until(
      () => api.changeSets.forceApply(at).catch((e: Loose) => e.response),
      (got: Loose) => got.status !== 428,
    );
    const merged = await until(
      () => api.changeSets.mergeStatus(at),
      (got: Loose) => got.data.actions.every((a: Loose) => !['Queued', 'Dispatched', 'Running'].includes(a.state)),
    );
    expect(merged.data.changeSet.status).toBe('Applied');
    expect(merged.data.actions.filter((a: Loose) => a.state === 'Failed')).toEqual([]);
    const head = { ...w, changeSetId: 'HEAD' };
    const first = (await api.components.findComponent({ ...head, component: 'first' })).data.component;
    const resource = (await api.components.getComponentResource({ ...head, componentId: first.id })).data;
    expect(resource).toMatchObject({ payload: { Address: 'here' } });
    await expect(api.components.createComponent(head, box('x'))).rejects.toMatchObject({ response: { status: 400 } });
  }, 120_000);

  test('[EN580] steers actions', async () => {
    const next = await open('actions');
    const found = (await api.components.findComponent({ ...next, component: 'first' })).data.component;
    const one = { ...next, componentId: found.id };
    await api.components.addAction(one, { action: { function: 'box-Manual' } });
    await api.components.createComponent(next, box('unlucky', { '/domain/Note': 'fails' }));
    const planned = async (kind: string) =>
      (await api.actions.getActions(next)).data.actions.find((a: Loose) => a.kind === kind);
    const action = { ...next, actionId: (await planned('Create')).id };
    expect((await api.actions.putOnHold(action)).data.success).toBe(true);
    expect((await planned('Create')).state).toBe('OnHold');
    expect((await api.actions.retryAction(action)).data.success).toBe(true);
    expect((await planned('Create')).state).toBe('Queued');
    const added = { ...next, actionId: (await planned('Manual')).id };
    expect((await api.actions.cancelAction(added)).data.success).toBe(true);
    expect(await planned('Manual')).toBeUndefined();
    await until(
      () => api.changeSets.requestApproval(next).catch((e: Loose) => e.response),
      (got: Loose) => got.status !== 428,
    );
    const failed = await until(
      () => api.actions.getActions({ ...w, changeSetId: 'HEAD' }),
      (got: Loose) => got.data.actions.some((a: Loose) => a.state === 'Failed'),
    );
    const id = failed.data.actions.find((a: Loose) => a.state === 'Failed').id;
    expect((await api.actions.retryAction({ ...w, changeSetId: 'HEAD', actionId: id })).data.success).toBe(true);
  }, 60_000);

  test('[EN580] marks for deletion, restores, unlocks and upgrades', async () => {
    const next = await open('new variant');
    const found = (await api.components.findComponent({ ...next, component: 'first' })).data.component;
    const one = { ...next, componentId: found.id };
    expect((await api.components.deleteComponent(one)).data.status).toBe('marked_for_deletion');
    expect((await api.components.restoreComponent(one)).data.status).toBe(true);
    const { unlockedVariantId } = (await api.schemas.unlockSchema({ ...next, ...schema })).data;
    const func = { ...next, funcId: create.funcId };
    const unlocked = await api.funcs.unlockFunc(func, { schemaVariantId: unlockedVariantId });
    expect(unlocked.data.unlockedFuncId).toBeTypeOf('string');
    await api.schemas.updateSchemaVariant(
      { ...next, ...schema, schemaVariantId: unlockedVariantId },
      {
        name: 'Box',
        category: 'Things',
        code: definition(".addProp(new PropBuilder().setName('More').setKind('string').build())"),
      },
    );
    expect((await api.components.upgradeComponent(one)).data.component.schemaVariantId).toBe(unlockedVariantId);
    expect((await api.changeSets.abandonChangeSet(next)).data.success).toBe(true);
    await open('left open');
    expect((await api.changeSets.purgeOpen(w)).data.success).toBe(true);
    expect((await api.changeSets.listChangeSets(w)).data.changeSets).toHaveLength(1);
  }, 60_000);

  test('[EN580] manages workspaces and their members', async () => {
    const about = { displayName: 'second', description: 'd', instanceUrl: 'https://x.example', createSetupToken: true };
    const made = (await api.workspaceManagement.createWorkspace(about)).data;
    const one = { workspaceId: made.id };
    expect((await api.workspaceManagement.listWorkspaces()).data).toHaveLength(2);
    await api.workspaceManagement.updateWorkspace(one, { description: 'other' });
    expect((await api.workspaceManagement.getWorkspace(one)).data.description).toBe('other');
    await api.workspaceManagement.inviteMember(one, { email: 'eve@x.example' });
    await api.workspaceManagement.inviteMember(one, { email: 'bob@x.example' });
    const role = { userId: 'eve@x.example', role: 'OWNER' };
    await api.workspaceManagement.updateMemberRole(one, role);
    await api.workspaceManagement.removeMember(one, { email: 'bob@x.example' });
    const members = (await api.workspaceManagement.listMembers(one)).data;
    expect(members.map((m: Loose) => m.role)).toEqual(['OWNER', 'OWNER']);
    const own = (await api.workspaceManagement.createWorkspace({ ...about, displayName: 'third' })).data;
    expect((await api.workspaceManagement.deleteWorkspace({ workspaceId: own.id })).status).toBe(204);
    await api.workspaceManagement.leaveWorkspace(one);
  });

  test('[EN580] has had every operation of the contract, each as the contract has it', () => {
    expect(Object.keys(operations).filter((id) => !seen.has(id))).toEqual([]);
    expect(seen.size).toBe(79);
    expect(wrong).toEqual([]);
  });
});
