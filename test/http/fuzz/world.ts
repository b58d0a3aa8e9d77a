// Where random requests are tried: a server with a workspace in which there is some of everything, people and tokens of every
// kind, and ways to bring it into states that chance does not come to by itself (an apply that waits for approval, a store
// that has failed). Tells what there is, and all that a refusal must leave as it was.

import type { Json } from '../../../src/base/json.ts';
import { RefusalError } from '../../../src/base/result.ts';
import { operationNames } from '../../../src/engine/operations.ts';
import { chance, type Numbers, oneOf } from '../../laws/numbers.ts';
import { siteMutations } from '../../support/site.ts';
import { settingsOf } from '../../support/standing.ts';
import { HttpHouse } from '../house.ts';
import { applied, boxMutations, tokenOf } from '../office.ts';
import { Pool } from './pool.ts';
import type { Things } from './words.ts';

const manage = "async function main() {\n  return { status: 'ok' };\n}";
const judge = "function main() { return [{ level: 'warn', message: 'look' }]; }";
const look = "// @effects\nfunction main({ given }) { return given + ' seen'; }";
const slow = `function main() {
  let n = 0;
  for (let i = 0; i < 3e7; i++) n += i % 7;
  return { result: 'success', message: String(n) };
}`;

/** A resource that somebody has changed, and one that was never in the model. */
const thing = `
const now = (id: string) => ({ ThingId: id, ...(id === 't-1' ? { Size: 7, Mode: 'fast' } : { Size: 2, Mode: 'safe' }) });
export default defineSchema({
  domain: { Size: { kind: 'integer' }, Mode: { kind: 'string' } },
  resource: { ThingId: { kind: 'string' } },
  primaryIdentifier: ['/resource_value/ThingId'],
  actions: {
    make: { kind: 'create', main: async () => ({ status: 'ok', resourceId: 't-1', payload: { ThingId: 't-1', Size: 1, Mode: 'safe' } }) },
    look: { kind: 'refresh', main: async ({ properties }) => ({ status: 'ok', payload: now(properties.si.resourceId!) }) },
    all: { kind: 'list', main: async () => ({ status: 'ok', resources: [{ resourceId: 't-2', payload: now('t-2') }] }) },
  },
});`;

const text = { kind: 'string' };
const empty = { kind: 'object', properties: {} };
const fields = { kind: 'object', properties: { user: text, password: { ...text, widget: 'password' } } };
const login = {
  format: 1,
  domain: empty,
  resourceValue: empty,
  secrets: empty,
  definitions: {},
  secretDefinition: { name: 'Login', fields },
};
const closed = `function main() {
  const url = new PropBuilder().setName('url').setKind('string').build();
  return new AssetBuilder().addProp(url).build();
}`;

const box = (name: string) => ({
  kind: 'component.create',
  schema: 'Box',
  name,
  attributes: { '/domain/Size': 1 },
});
const functionKinds = ['action', 'attribute', 'authentication', 'codegen', 'management', 'qualification'] as const;

/** A function of a kind, as the operation that makes it takes it. */
const functionOf = (kind: (typeof functionKinds)[number]) => ({
  name: `own ${kind}`,
  code: "function main() { return { status: 'ok' }; }",
  ...(kind === 'action' ? { kind: 'Manual' } : {}),
  ...(kind === 'attribute' ? { propId: '/domain/url', argumentBindings: [] } : {}),
});

interface Row {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly intentRoot: string;
  readonly status: string;
}

export class World {
  readonly house: HttpHouse;
  hasFailed = false;
  readonly pool = new Pool();
  readonly things: Things;
  readonly #next: Numbers;
  /** Change sets that edits go to: another once one is closed. */
  #open: readonly string[] = [];
  readonly #statuses = new Map<string, string>();
  #made = 0;
  readonly #answers = new Map<string, Json>();
  /** That are none; good ones that may little here; of who edits and approves. */
  tokens: Readonly<Record<'bad' | 'weak' | 'editors', readonly (string | null)[]>> = {
    bad: [],
    weak: [],
    editors: [],
  };
  /** Of who edits. */
  #eves = '';

  private constructor(house: HttpHouse, next: Numbers) {
    this.house = house;
    this.#next = next;
    this.things = {
      next,
      folder: house.folder,
      fresh: () => `n${this.#made++}`,
      some: (kind) => (kind === 'changeset' && chance(next, 60) ? this.open : this.pool.find(next, kind)) ?? 'none',
      whole: (id) => this.#answers.get(id),
    };
  }

  static async open(next: Numbers): Promise<World> {
    const world = new World(await HttpHouse.open({ requestsPerMinuteMax: 10_000_000 }), next);
    try {
      await world.#furnish();
    } catch (e) {
      await world.house.close();
      throw e;
    }
    return world;
  }

  get open(): string {
    return oneOf(this.#next, this.#open);
  }

  /** Of the engine, by name. */
  readonly operations = operationNames;

  async #furnish(): Promise<void> {
    const { house } = this;
    const of = { kind: 'view.set_approvers', view: 'Guarded', rule: { approvers: ['approver'], minimum: 1 } };
    await applied(
      house,
      'base',
      ...boxMutations,
      { kind: 'schema.create', name: 'Login', spec: login },
      ...['net', 'sub', 'twin', 'twin', 'guarded'].map(box),
      { kind: 'component.create', schema: 'Box', name: 'failing', attributes: { '/domain/Note': 'fails' } },
      ...siteMutations(look),
      { kind: 'view.create', name: 'Other' },
      { kind: 'view.create', name: 'Guarded' },
      { kind: 'view.add_component', view: 'Guarded', component: 'guarded' },
      { kind: 'function.create', name: 'manage', functionKind: 'management', text: manage },
      { kind: 'binding.attach', function: 'manage', schema: 'Box' },
      { kind: 'function.create', name: 'judge', functionKind: 'policy', text: judge },
    );
    await house.call('action.run', { waitMs: 20_000 });
    const changeSet = (await house.call<{ id: string }>('change_set.create', { name: 'more' })).id;
    const at = `~/change-sets/${changeSet}`;
    await house.must('POST', `${at}/schemas`, { body: { name: 'Thing', code: thing } });
    const schema = await house.must('POST', `${at}/schemas`, { body: { name: 'Closed', code: closed } });
    const variant = `${at}/schemas/${schema.schemaId}/variant/${schema.defaultVariantId}`;
    for (const kind of functionKinds)
      await house.must('POST', `${variant}/funcs/${kind}`, { body: { ...functionOf(kind), skipOverlay: true } });
    await house.call('submit', {
      changeSet,
      mutations: [
        {
          kind: 'component.create',
          schema: 'Thing',
          name: 'one',
          attributes: { '/domain/Size': 1, '/domain/Mode': 'safe' },
        },
        of,
      ],
    });
    await house.call('change_set.apply', { changeSet, waitMs: 20_000, leaveQueued: true });
    await house.call('action.run', { waitMs: 20_000 });
    await house.call('action.request', { component: 'one' });
    await house.call('action.run', { waitMs: 20_000 });
    await this.#people();
    await this.tidy();
    await this.#look();
  }

  async #people(): Promise<void> {
    const { house } = this;
    const made = async (name: string, more: object = {}) => house.must('POST', '~/tokens', { body: { name, ...more } });
    await this.#members();
    await house.call('member.set', { member: 'gone', role: 'collaborator' });
    const out = await tokenOf(house, 'gone');
    await house.call('member.remove', { member: 'gone' });
    const other = await house.must('POST', '/management/workspaces', {
      body: { displayName: 'other', description: '', instanceUrl: '', createSetupToken: true },
    });
    const revoked = await made('revoked');
    await house.must('DELETE', `~/tokens/${revoked.line.id}`);
    this.#eves = await tokenOf(house, 'eve');
    const weak = (await made('reader', { scopes: ['read'] })).token;
    const bobs = await tokenOf(house, 'bob');
    this.tokens = {
      bad: [null, 'x', revoked.token],
      weak: [weak, out, other.initialApiToken.token],
      editors: [this.#eves, bobs],
    };
    const { tokens } = await house.must('GET', '~/tokens');
    for (const { id } of tokens) this.pool.keep(id);
    this.pool.keep(house.workspace);
    this.pool.keep('default');
  }

  async #members(): Promise<void> {
    const roles = { ada: 'owner', bob: 'approver', eve: 'collaborator' };
    for (const [member, role] of Object.entries(roles)) await this.house.call('member.set', { member, role });
  }

  /** Looks at what there is as a client does, so that requests have something to be about. */
  async #look(): Promise<void> {
    const { house } = this;
    const at = `/v1/w/${house.workspace}/change-sets/HEAD`;
    const schema = await house.must('GET', `${at}/schemas/find?schema=Closed`);
    const variant = await house.must('GET', `${at}/schemas/${schema.schemaId}/variant/default`);
    for (const id of [
      'Schemas.listSchemas',
      'Schemas.getVariant',
      'Views.listViews',
      'Actions.getActions',
      'Runs.listRuns',
      'Funcs.listFuncs',
    ])
      this.pool.learn(
        { id, path: '' },
        '',
        await house.must(
          'GET',
          id === 'Schemas.getVariant'
            ? `${at}/schemas/${schema.schemaId}/variant/${variant.variantId}`
            : id === 'Runs.listRuns'
              ? '~/runs'
              : `${at}/${id.split('.')[0]!.toLowerCase()}`,
        ),
      );
    this.pool.learn(
      { id: 'Schemas.getSchema', path: '' },
      '',
      await house.must('GET', `${at}/schemas/${schema.schemaId}`),
    );
  }

  /** Takes away what would keep everything after it from happening, and opens what has been closed. */
  async tidy(): Promise<void> {
    const { house } = this;
    await this.#members();
    await house.call('budget.set', { budgets: { format: 1, roles: {}, tokens: {} } });
    await house.call('policy.remove', {});
    for (const { name, endsAtMs } of await house.call<{ name: string; endsAtMs?: number }[]>('freeze.list'))
      if (endsAtMs !== undefined) await house.call('freeze.remove', { name });
    await this.reopen();
  }

  /** As far as was seen when it was last looked. */
  isOpen(changeSet: string): boolean {
    return this.#statuses.get(changeSet) === 'Open';
  }

  /** Is each of the open ones still open? Others are opened in the place of those that are not. */
  async reopen(): Promise<boolean> {
    for (const { id, status } of await this.house.engine.store.listChangeSets(this.house.workspace as never))
      this.#statuses.set(id, status);
    const kept = this.#open.filter((id) => this.isOpen(id));
    if (kept.length === 2) return false;
    while (kept.length < 2) kept.push(await this.#opened());
    this.#open = kept;
    return true;
  }

  /** A change set with something in it of its own, and all that can be unlocked unlocked. */
  async #opened(): Promise<string> {
    const { house } = this;
    const { id } = await house.call<{ id: string }>('change_set.create', { name: `open ${this.things.fresh()}` });
    const old = { kind: 'component.create', schema: 'Closed', name: this.things.fresh() };
    for (const edit of [box(this.things.fresh()), old, { kind: 'component.delete', component: 'sub' }])
      await this.#tried(() => house.call('submit', { changeSet: id, mutations: [edit] }));
    await this.#tried(async () => {
      const at = { changeSet: id, schema: 'Closed' };
      const { schema, variant } = await house.call<{ schema: string; variant: string }>('schema.unlock', at);
      const told = { id: 'Schemas.unlock.update.schema.variant.func', path: '/{change_set_id}/{schema_id}' };
      const view = await house.must('GET', `~/change-sets/${id}/schemas/${schema}/variant/${variant}`);
      this.pool.learn(told, `/${id}/${schema}`, view);
    });
    this.#told('Components.upgrade', id, { component: old.name });
    this.#told('Components.refresh.lookups', id, { component: 'site' });
    this.#told('Components.restore', id, { component: 'sub' });
    return id;
  }

  /** What an answer tells. */
  learn(route: { readonly id: string; readonly path: string }, asked: string, answer: Json): void {
    this.pool.learn(route, asked, answer);
    this.#answers.set(route.id, answer);
  }

  /** All that a refusal must leave as it was. That somebody was refused may be written down. */
  async state(): Promise<string> {
    const { house } = this;
    const { store } = house.engine;
    // Being carried over what Head has become is nobody's request: whoever reads a change set finds that done.
    for (const { id, status } of await house.call<Row[]>('change_set.list'))
      if (status !== 'Applied') await house.call('change_set.get', { changeSet: id });
    const out: Json[] = [];
    for (const w of await store.listWorkspaces()) {
      const rows = await store.listChangeSets(w.id);
      out.push([w.id, w.name, rows.map((r) => [r.id, r.version, r.intentRoot, r.status, r.name])]);
      for (const setting of await settingsOf(store, w.id)) out.push(setting ?? null);
    }
    return JSON.stringify(out);
  }

  /** Waits until nothing that was started goes on, as it may edit when its request has long been answered. */
  async settled(ticket: string, changeSet: string): Promise<void> {
    for (let n = 0; n < 600; n++) {
      const { state } = await this.house.call<{ state: string }>('management.state', { changeSet, ticket });
      if (state === 'success' || state === 'failure') return;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error(`the management function ${ticket} does not end`);
  }

  /** A change set of somebody who needs an approval and asks for it. */
  async asked(): Promise<void> {
    const { house, things } = this;
    const token = this.#eves;
    await this.#members();
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: things.fresh() }, token });
    const name = things.fresh();
    const mutations = [box(name), { kind: 'view.add_component', view: 'Guarded', component: name }];
    const at = `~/change-sets/${changeSet.id}`;
    await house.ask('POST', `${at}/mutations`, { body: { mutations }, token });
    await house.ask('POST', `${at}/request_approval`, { token });
    this.#told('ChangeSets.approve.reject.withdraw.approval', changeSet.id, await house.must('GET', `${at}/approvals`));
  }

  /** A change set in which something is being computed. */
  async busy(): Promise<string> {
    const { house, things } = this;
    const { id } = await house.call<{ id: string }>('change_set.create', { name: things.fresh() });
    const name = things.fresh();
    const mutations = [
      { kind: 'function.create', name, functionKind: 'qualification', text: `${slow} // ${name}` },
      { kind: 'binding.attach', function: name, schema: 'Box' },
      box(things.fresh()),
    ];
    await this.#tried(() => house.call('submit', { changeSet: id, mutations }));
    return id;
  }

  /** One that is applied already, as what was computed was computed in time, is left. */
  async abandon(changeSet: string): Promise<void> {
    await this.#tried(() => this.house.call('change_set.abandon', { changeSet }));
  }

  /** A run that goes on; undefined where what it would run on cannot be made: chance may have made another default of the schema. */
  async running(): Promise<string | undefined> {
    const { house } = this;
    const changeSet = this.open;
    const component = this.things.fresh();
    let isMade = false;
    await this.#tried(async () => {
      await house.call('submit', { changeSet, mutations: [box(component)] });
      isMade = true;
    });
    if (!isMade) return undefined;
    const text = 'async function main() {\n  await new Promise((done) => setTimeout(done, 20_000));\n}';
    const ask = { changeSet, name: 'slow', text, handler: 'main', component };
    const { ticket } = await house.call<{ ticket: string }>('debug.start', ask);
    for (let n = 0; n < 600; n++) {
      const { run } = await house.call<{ run: string | null }>('debug.state', { changeSet: ask.changeSet, ticket });
      if (run !== null) return run;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error('a debug function does not begin');
  }

  /** A change set that was applied, with actions of it that wait and that have failed. */
  async done(): Promise<void> {
    const { house, things } = this;
    const { id } = await house.call<{ id: string }>('change_set.create', { name: things.fresh() });
    const fails = { ...box(things.fresh()), attributes: { '/domain/Note': 'fails' } };
    await this.#tried(async () => {
      await house.call('submit', { changeSet: id, mutations: [box(things.fresh()), fails] });
      await house.call('change_set.apply', { changeSet: id, waitMs: 20_000, leaveQueued: true });
    });
    this.#told('Actions.getActions', id, await house.must('GET', `~/change-sets/${id}/actions`));
    this.#told('ChangeSets.outcome.revert.receipt', id, {});
  }

  /** Edits that were undone. */
  async undone(): Promise<void> {
    const { house } = this;
    const changeSet = this.open;
    await this.#tried(async () => {
      await house.call('submit', { changeSet, mutations: [box(this.things.fresh())] });
      await house.call('change_set.undo', { changeSet });
    });
    this.#told('Edits.redo.undo.pick', changeSet, await house.must('GET', `~/change-sets/${changeSet}/edits`));
  }

  /** What a scene begins with may be gone by then, or be something else: then it is a scene without that. */
  async #tried(body: () => Promise<unknown>): Promise<void> {
    try {
      await body();
    } catch (e) {
      if (!(e instanceof RefusalError)) throw e;
    }
  }

  /** Closes everything. Of a store that has failed nothing more can be written. */
  async close(): Promise<void> {
    // What chance came across counts for nothing at the end of the suite.
    this.house.seen.clear();
    await this.house.close().catch((e: unknown) => {
      if (!this.hasFailed || (e as { code?: string }).code !== 'store_failed') throw e;
    });
  }

  async fail(): Promise<void> {
    this.hasFailed = true;
    await this.house.engine.close();
  }

  #told(id: string, changeSet: string, answer: Json): void {
    this.pool.learn({ id, path: '/{change_set_id}' }, `/${changeSet}`, answer);
  }
}
