// The access matrix: every operation is tried with a token of each kind, in its own workspace and in another one, and what
// comes back is held to the table written by hand. What is refused has to leave everything as it was.

import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import { openCedar } from '../../src/adapters/cedar/cedar.ts';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import { environmentKey } from '../../src/adapters/vault/installation_key.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { openVault } from '../../src/adapters/vault/vault.ts';
import { Fault, type Result } from '../../src/base/result.ts';
import { operationNames } from '../../src/engine/operations.ts';
import { bearerOf, type IssuedToken, principalWith } from '../../src/engine/tokens.ts';
import type { Store } from '../../src/ports/store.ts';
import { House, type Params } from '../engine/house.ts';
import { settingsOf } from '../support/standing.ts';
import { type Column, columns, type Line, matrixLines } from './matrix.ts';

const users: Readonly<Record<Column, string>> = {
  viewer: 'vic',
  collab: 'cole',
  approver: 'bob',
  owner: 'ada',
  agent: 'ada',
  reader: 'ada',
  inst: 'ada',
};
const tokenParams: Readonly<Record<Column, Params>> = {
  viewer: {},
  collab: {},
  approver: {},
  owner: {},
  agent: { agent: true },
  reader: { scopes: ['read'] },
  inst: { reach: 'installation' },
};

interface Issued {
  readonly text: string;
  readonly id: string;
}

/** A workspace of four people and Eve, whose change set `asked` waits for an approver; `theirs` is a workspace of Bea's. */
class Court {
  readonly house: House;
  readonly tokens = {} as Record<Column, Issued>;
  /** Of Eve. */
  eves!: Issued;
  readonly ids: Record<string, string> = {};

  private constructor(house: House) {
    this.house = house;
  }

  static async open(): Promise<Court> {
    const store = new MemoryStore({ synchronousReads: true });
    const vault = async ({ runs }: Store) =>
      openVault({
        documents: runs,
        key: await environmentKey(keyTextOf(new Uint8Array(32).fill(5))),
        clock: systemWorld().clock,
      });
    const court = new Court(await new House(async () => store, { vault, policies: openCedar() }).start());
    await court.#furnish('default');
    for (const column of columns) court.tokens[column] = await court.#token(users[column], tokenParams[column]);
    court.eves = await court.#token('eve', {});
    await court.house.call('workspace.create', { name: 'theirs' });
    await court.#furnish('theirs');
    return court;
  }

  async #token(user: string, more: Params): Promise<Issued> {
    const at = { id: user, role: 'owner' } as const;
    const made = await this.house.call<IssuedToken>('token.create', { name: 't', ...more }, at);
    return { text: made.token, id: made.line.id };
  }

  async #furnish(workspace: string): Promise<void> {
    const { house } = this;
    const by = (id: string): Principal => ({ id, role: 'owner' });
    const owner = by(workspace === 'default' ? 'ada' : 'bea');
    const other = by('eve');
    const call = async (operation: string, params: Params, who = owner) => {
      if (workspace === 'default') return house.call<never>(operation, params, who);
      return house.call<never>(operation, { workspace, ...params }, who);
    };
    const opened = async (name: string, who = owner) =>
      ((await call('change_set.create', { name }, who)) as { id: string }).id;
    const base = await opened('base');
    const made: { steps: { subject: string }[] } = await call('submit', {
      changeSet: base,
      mutations: [
        { kind: 'schema.create', name: 'Box', spec: boxSpec },
        { kind: 'function.create', name: 'f', functionKind: 'qualification', text: 'function main() {}' },
        { kind: 'component.create', schema: 'Box', name: 'a', attributes: {} },
        { kind: 'view.create', name: 'Net' },
        { kind: 'view.add_component', view: 'Net', component: 'a' },
      ],
    });
    this.ids[`${workspace}/component`] = made.steps[2]!.subject;
    await call('change_set.apply', { changeSet: base });
    const roles = { bob: 'approver', cole: 'collaborator', vic: 'viewer', eve: 'collaborator' };
    for (const [member, role] of Object.entries(workspace === 'default' ? roles : { eve: 'collaborator' }))
      await call('member.set', { member, role });
    const rule = { approvers: ['approver'], minimum: 1 };
    const watched = await opened('watched', other);
    await call('submit', { changeSet: watched, mutations: [{ kind: 'view.set_approvers', view: 'Net', rule }] }, other);
    await call('change_set.force_apply', { changeSet: watched });
    const work = await opened('work', other);
    const b = { kind: 'component.create', schema: 'Box', name: 'b', attributes: {} };
    await call('submit', { changeSet: work, mutations: [b] }, other);
    const asked = await opened('asked', other);
    const edit = { kind: 'attribute.set', component: 'a', path: '/domain/size', value: 2 };
    await call('submit', { changeSet: asked, mutations: [edit] }, other);
    const gone = await opened('gone', other);
    await call('change_set.abandon', { changeSet: gone }, other);
    for (const [name, id] of Object.entries({ work, asked, gone })) this.ids[`${workspace}/${name}`] = id;
  }

  /** Carries out the operation with a token, as a server does; `at`: the workspace that it was let in to, if not the one named. */
  async attempt(operation: string, params: Params, token: string, at = params['workspace']): Promise<string> {
    const { engine } = this.house;
    const bearer = await bearerOf(engine, token, (a, b) => a === b);
    if (!bearer.ok) return bearer.refusal.code;
    const workspace = await engine.workspace(String(at ?? 'default'));
    const who = workspace.ok ? await principalWith(bearer.value, workspace.value.workspace) : workspace;
    return who.ok ? codeOf(() => this.house.attempt(operation, params, who.value)) : who.refusal.code;
  }

  /** Everything but the audit, which has the refusals, and when tokens were used. */
  async standing(): Promise<string> {
    const { store } = this.house.engine;
    const out: unknown[] = [];
    for (const w of await store.listWorkspaces()) {
      for (const { auditCount: _, auditHead: __, ...row } of await store.listChangeSets(w.id)) out.push(row);
      out.push(...(await settingsOf(store, w.id)));
    }
    return JSON.stringify(out);
  }
}

async function codeOf(body: () => Promise<Result<unknown>>): Promise<string> {
  try {
    const done = await body();
    return done.ok ? 'ok' : done.refusal.code;
  } catch (e) {
    if (e instanceof Fault) return e.code;
    throw e;
  }
}

const text = { kind: 'string' };
const boxSpec = {
  format: 1,
  domain: { kind: 'object', properties: { text, size: { kind: 'integer' } } },
  resourceValue: { kind: 'object', properties: { arn: text } },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
};

const definition = 'function main() { return new AssetBuilder().build(); }';
const nobody = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

/** Parameters of each line, that the fixture has an answer to; what has none here takes none. */
function paramsOf(title: string, court: Court, at: { workspace: string; column: Column }): Params {
  const id = (name: string) => court.ids[`${at.workspace}/${name}`]!;
  const [changeSet, asked, component] = [id('work'), id('asked'), id('component')];
  const box = { changeSet, schema: 'Box' };
  const run = { run: nobody };
  const action = { action: nobody };
  const own = { changeSet, component, function: 'nothing' };
  const params: Readonly<Record<string, Params>> = {
    'workspace.create': { name: 'made' },
    'workspace.restore': { id: nobody },
    'workspace.update': { description: 'd' },
    'member.set': { member: 'zoe', role: 'viewer' },
    'member.remove': { member: 'eve' },
    'member.invite': { member: 'zoe' },
    'member.role': { member: 'eve', role: 'viewer' },
    'budget.set': { budgets: { format: 1, roles: {}, tokens: {} } },
    'policy.set': { text: 'permit(principal, action, resource);' },
    'policy.test': { action: 'edit' },
    'plan_policy.bind': { function: 'nothing' },
    'plan_policy.unbind': { function: 'nothing' },
    'plan_policy.plan': { changeSet },
    'plan_policy.check': { changeSet },
    'freeze.set': { window: { name: 'w', from: '2099-01-01T00:00', to: '2099-01-02T00:00' } },
    'freeze.remove': { name: 'w' },
    'webhook.create': { url: 'https://example.com/hook' },
    'webhook.remove': { id: nobody },
    'webhook.enable': { id: nobody },
    'webhook.test': { id: nobody },
    'template.describe': { changeSet, text: 'const template = { components: () => [] };' },
    'template.run': { changeSet, name: 'a template', text: 'const template = { components: () => [] };' },
    'change_set.edits': { changeSet },
    'change_set.undo': { changeSet, ofAnyone: true },
    'change_set.redo': { changeSet },
    'change_set.pick': { changeSet: asked, into: changeSet, edits: ['1'] },
    'apply.schedule': { changeSet, at: new Date(Date.now() + 3_600_000).toISOString() },
    'apply.unschedule': { id: nobody },
    'token.create': { name: 'more', scopes: ['read'] },
    'token.create#for an agent': { name: 'more', user: 'eve', agent: true },
    "token.revoke#one's own": { token: court.tokens[at.column].id },
    'token.revoke#of another': { token: court.eves.id },
    'change_set.promote': { text: '' },
    'change_set.create': { name: 'made' },
    'change_set.rename': { changeSet, name: 'other' },
    'change_set.split': { changeSet, components: ['b'] },
    'change_set.revert': { first: 2 },
    'change_set.reopen': { changeSet: id('gone') },
    'change_set.steer_action': { changeSet, ...action, event: 'hold' },
    'change_set.add_action': own,
    'change_set.approve': { changeSet: asked },
    'change_set.approve#who is named': { changeSet: asked },
    'change_set.reject': { changeSet: asked },
    "change_set.withdraw#one's own": { changeSet: asked },
    "change_set.withdraw#another's": { changeSet: asked },
    'change_set.force_apply': { changeSet: asked },
    submit: { changeSet, mutations: [{ kind: 'component.create', schema: 'Box', name: 'c', attributes: {} }] },
    diff: { from: 'HEAD', to: changeSet },
    'component.declare': { changeSet, components: [{ component: 'declared', schema: 'Box' }] },
    'lookup.refresh': { changeSet, component },
    'component.declared': { changeSet, query: 'b' },
    'component.bulk_set': { changeSet, query: 'b', set: { '/domain/size': 3 } },
    'component.duplicate': { changeSet, components: ['b'], prefix: 'copy ' },
    'component.suggest': { changeSet, component, path: '/domain/text' },
    'view.get': { view: 'Net' },
    'schema.search': { query: 'Box' },
    'schema.package': { changeSet, schemas: ['Box'] },
    'schema.check': { changeSet, text: definition },
    'schema.author': { changeSet, text: definition, name: 'Made' },
    'schema.update_variant': { ...box, variant: 'default', text: definition },
    'schema.install': { changeSet, schema: 'Test::Catalogued' },
    'schema.add_function': {
      ...box,
      kind: 'qualification',
      name: 'g',
      text: 'function main() { return { result: "success" }; }',
    },
    'schema.detach_function': { ...box, function: 'nothing', kind: 'qualification' },
    'schema.install_package': { changeSet, text: '{"format":"headwater.schemas","version":1,"schemas":[]}' },
    'export.cloudformation': { changeSet },
    'schema.set_refresh': { schema: 'Box', everyMs: 600_000 },
    'function.get': { changeSet, function: 'f' },
    'function.check': { changeSet, function: 'f' },
    'function.declarations': { changeSet, function: 'f' },
    'function.test': { changeSet, function: 'f', component, waitMs: 1 },
    'function.unlock': { changeSet, function: 'f', variant: nobody },
    'management.run': own,
    'management.start': own,
    'management.state': { ticket: nobody },
    'debug.start': { changeSet, name: 'd', text: 'function main() {}', component },
    'debug.state': { ticket: nobody },
    'run.get': run,
    'run.view': run,
    'run.log': run,
    'run.kill': run,
    explain: { changeSet, component, path: '/domain/size' },
    why: { changeSet, component, path: '/domain/size' },
    'action.get': action,
    'action.hold': action,
    'action.release': action,
    'action.cancel': action,
    'action.retry': action,
    'action.signal': { ...action, name: 'go' },
    'action.request': { component },
    'import.cloudformation': { changeSet, name: 't', text: '{"Resources":{}}' },
    'import.terraform': { changeSet, name: 't', text: '{"version":4,"resources":[]}' },
    'resource.import': { ...box, resourceIds: ['r'] },
    'provider.install': { changeSet, provider: 'nothing' },
    'policy_report.get': { report: nobody },
    'policy_report.upload': { changeSet, name: 'n', policy: 'p', report: 'r', result: 'Pass' },
    'secret.get': { secret: 'nothing' },
    'secret.set': { changeSet, name: 's', definition: 'Box', content: { a: 1 } },
    'secret.use': { changeSet, secret: 'nothing' },
    backup: { destination: '/nonexistent/folder/backup.db' },
  };
  const workspace = title.startsWith('workspace.create') ? {} : { workspace: at.workspace };
  const otherwise: Params = /^(change_set|component|drift|schema|resource|blast|export)/.test(title)
    ? { changeSet, component, schema: 'Box', name: 't' }
    : {};
  return { ...workspace, ...(params[title] ?? otherwise) };
}

/** What has to have been done before, where the fixture is not enough. */
async function prepare(title: string, court: Court, column: Column): Promise<void> {
  const { house } = court;
  const [changeSet, user] = [court.ids['default/asked']!, users[column]];
  const by = (id: string): Principal => ({ id, role: 'owner' });
  const ask = (id: string) => house.call('change_set.request_approval', { changeSet }, by(id));
  // Somebody has to own what the last owner leaves.
  if (title === 'member.leave') await house.call('member.set', { member: 'zoe', role: 'owner' });
  if (title === 'secret.rekey#owner everywhere')
    await house.call('member.set', { workspace: 'theirs', member: user, role: 'owner' }, by('bea'));
  if (title === 'change_set.approve' || title === 'change_set.reject') await ask('eve');
  if (title === "change_set.withdraw#another's") await ask('eve');
  if (title === 'change_set.approve#who is named') {
    const rule = { approvers: [user], minimum: 1 };
    const named = await house.open('named');
    await house.submit(named, { kind: 'view.set_approvers', view: 'Net', rule });
    await house.call('change_set.force_apply', { changeSet: named });
    await ask('eve');
  }
  if (title === "change_set.withdraw#one's own") {
    if (column === 'viewer') await house.call('member.set', { member: user, role: 'collaborator' });
    await ask(user);
    if (column === 'viewer') await house.call('member.set', { member: user, role: 'viewer' });
  }
}

type Attempt = (operation: string, params: Params, token: string) => Promise<string>;

/** Where what comes back is not what the line says, one text for each cell. `attempt`: how an operation is carried out. */
async function wrongCells(line: Line, attempt?: (court: Court) => Attempt): Promise<string[]> {
  const wrong: string[] = [];
  let court = await Court.open();
  for (const column of columns) {
    for (const workspace of ['theirs', 'default'] as const) {
      const isAway = workspace === 'theirs';
      if (isAway && line.away === undefined) continue;
      const start = await court.standing();
      if (!isAway) await prepare(line.title, court, column);
      let params = paramsOf(line.title, court, { workspace, column });
      if (line.operation === 'change_set.promote') params = { ...params, text: await exported(court, workspace) };
      const before = await court.standing();
      const carryOut = attempt?.(court) ?? court.attempt.bind(court);
      const got = await carryOut(line.operation, params, court.tokens[column].text);
      const expected = (isAway ? line.away : line.may[column]) ? line.answer : 'access_denied';
      if (got !== expected) wrong.push(`${line.title}, ${column} in ${workspace}: ${got}, not ${expected}`);
      // Somebody who is a member there, too, with a token that is good at home only; let in by either door.
      if (isAway) {
        const eves = await court.attempt(line.operation, params, court.eves.text);
        const byHome = await court.attempt(line.operation, params, court.eves.text, 'default');
        if (eves !== 'access_denied' || byHome !== 'access_denied')
          wrong.push(`${line.title}, eve in theirs: ${eves}, ${byHome}`);
      }
      const after = await court.standing();
      if (got !== 'ok' && before !== after)
        wrong.push(`${line.title}, ${column} in ${workspace}: refused, and changed`);
      if (after !== start) {
        await court.house.close();
        court = await Court.open();
      }
    }
  }
  await court.house.close();
  return wrong;
}

async function exported(court: Court, workspace: string): Promise<string> {
  const who: Principal = { id: workspace === 'default' ? 'ada' : 'bea', role: 'owner' };
  const changeSet = court.ids[`${workspace}/work`]!;
  const done = await court.house.call('change_set.export', { workspace, changeSet }, who);
  return JSON.stringify(done);
}

const lines = matrixLines();

describe('the access matrix', () => {
  test('[AC40] has a line for every operation, and for nothing else', () => {
    const named = lines.map((l) => l.operation);
    expect(operationNames.filter((n) => !named.includes(n))).toEqual([]);
    expect(named.filter((n) => !(operationNames as readonly string[]).includes(n))).toEqual([]);
    expect(new Set(lines.map((l) => l.title)).size).toBe(lines.length);
  });

  test.each(lines.map((l) => [l.title, l] as const))('[AC40] %s is answered as the table says', async (_, line) => {
    expect(await wrongCells(line)).toEqual([]);
  });

  test('[AC42] an agent or a person with a token of one workspace does nothing in another that they are members of', async () => {
    const court = await Court.open();
    for (const [at, expected] of [
      ['theirs', 'access_denied'],
      ['default', 'ok'],
    ] as const) {
      const params = { workspace: at, name: 'made' };
      expect(await court.attempt('change_set.create', params, court.eves.text, 'default')).toBe(expected);
      expect(await court.attempt('change_set.create', params, court.eves.text, at)).toBe(expected);
    }
    await court.house.close();
  });

  test('[AC40] a hole is found: an operation that asks for too little, and a workspace that lets others in', async () => {
    const gc = lines.find((l) => l.title === 'gc')!;
    const asOwner = (court: Court) => (operation: string, params: Params, token: string) =>
      court.attempt(operation, params, token === court.tokens.viewer.text ? court.tokens.owner.text : token);
    expect(await wrongCells(gc, asOwner)).toEqual(['gc, viewer in default: ok, not access_denied']);
    const atHome = (court: Court) => (operation: string, params: Params, token: string) =>
      court.attempt(operation, { ...params, workspace: 'default' }, token);
    const found = await wrongCells(gc, atHome);
    expect(found).toContain('gc, owner in theirs: ok, not access_denied');
  });
});
