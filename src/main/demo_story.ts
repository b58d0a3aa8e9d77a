// What the demonstration tells: an application of linked components, made for real on this machine, looked at, changed by hand, put
// back, changed in one change set while another is open, taken back and taken away. What is told is held against what is there:
// where it differs the demonstration fails.

import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareText, type Json } from '../base/json.ts';
import { Fault } from '../base/result.ts';
import type { ComponentDrift } from '../engine/drift.ts';
import type { Review } from '../engine/operations.ts';
import type { InstallReply } from '../engine/providers.ts';
import type { ActionRecord } from '../model/action.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { applicationEdits, secretNames, setValue } from './demo_application.ts';
import { countNamed, type FoundPostgres } from './demo_postgres.ts';
import { pause, type Stage } from './demo_stage.ts';
import { reviewed, shown, type Teller } from './demo_teller.ts';

interface Seen {
  readonly value: { readonly domain: { [name: string]: Json }; readonly resource_value?: { [name: string]: Json } };
}

interface Drifted {
  readonly name: string;
  readonly path: string;
  readonly intent?: Json;
  readonly reality?: Json;
}

const actionWaitMs = 150;

export class Demonstration {
  readonly #stage: Stage;
  readonly #teller: Teller;
  readonly #port: number;
  readonly #found: FoundPostgres;

  constructor(stage: Stage, teller: Teller, { port, found }: { port: number; found: FoundPostgres }) {
    this.#stage = stage;
    this.#teller = teller;
    this.#port = port;
    this.#found = found;
  }

  async tell(): Promise<void> {
    this.#teller.say(
      'An application is made on this machine, changed, and taken away again; also when you press Ctrl+C.',
    );
    this.#tellPostgres();
    await this.#prepare();
    await this.#make();
    await this.#drift();
    await this.#change();
    const cloud = await this.#template();
    await this.#takeAway(cloud);
  }

  async #prepare(): Promise<void> {
    this.#teller.chapter('A machine, and types for what is on it');
    this.#teller.say(`An agent does what it is asked below ${this.#stage.root}, and nowhere else.`);
    const changeSet = await this.#open('types');
    const { schemas } = await this.#stage.call<InstallReply>('provider.install', { changeSet, provider: 'local' });
    const types = schemas.map(({ name }) => name).filter((name) => name.includes('::'));
    this.#teller.say(`The provider local brings types of components: ${types.join(', ')}.`);
    const content = this.#stage.credential as unknown as Json;
    await this.#stage.call('secret.set', {
      changeSet,
      name: secretNames.machine,
      definition: 'Local Machine',
      content,
    });
    this.#teller.say('A secret, sealed: where the agent is, and its token.');
    await this.#preparePostgres(changeSet);
    await this.#apply(changeSet);
  }

  #tellPostgres(): void {
    const how = '--postgres postgres://USER:PASSWORD@HOST:5432';
    this.#teller.say(
      'why' in this.#found
        ? `A role and a database are left out: ${this.#found.why}. To have them: ${how}`
        : `There is a PostgreSQL server at ${this.#found.server.place}: a role and a database are made there, too.`,
    );
  }

  async #preparePostgres(changeSet: string): Promise<void> {
    if ('why' in this.#found) return;
    const { server } = this.#found;
    const name = `headwater_demo_${randomBytes(4).toString('hex')}`;
    this.#stage.postgres = { server, name };
    await this.#stage.call('provider.install', { changeSet, provider: 'postgres' });
    const password = { definition: 'Postgres Password', content: { Password: randomBytes(16).toString('hex') } };
    await this.#stage.call('secret.set', { changeSet, name: secretNames.password, ...password });
    const credential = { definition: 'Postgres Server', content: { Url: server.url } };
    await this.#stage.call('secret.set', { changeSet, name: secretNames.postgres, ...credential });
    this.#teller.say('The provider postgres brings Postgres::Role and Postgres::Database, among others.');
  }

  async #make(): Promise<void> {
    this.#teller.chapter('An application is proposed, reviewed and made');
    const changeSet = await this.#open('application');
    await this.#stage.call('submit', {
      changeSet,
      mutations: applicationEdits(this.#port, this.#stage.postgres?.name),
    });
    for (const component of ['program', 'settings']) await this.#seen(component, changeSet);
    await this.#review(changeSet);
    this.#teller.say('It is applied. Each waits for those whose values it follows, and what was made is looked at:');
    await this.#apply(changeSet);
    this.#teller.say('In the folder there is now:');
    this.#teller.show('files', this.#stage.files);
    await this.#askPostgres(2);
    await this.#visit('Hello', 'navy');
  }

  async #drift(): Promise<void> {
    this.#teller.chapter('Somebody changes reality by hand');
    const file = join(this.#stage.root, 'site/site.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('Hello', 'Hacked'));
    this.#teller.say('The title in the file site.json is overwritten.');
    await this.#visit('Hacked', 'navy');
    const { Pid } = (await this.#seen('server')).value.resource_value!;
    process.kill(Number(Pid), 'SIGKILL');
    this.#teller.say(`The server, process ${Pid}, is killed.`);
    this.#teller.say('A refresh looks at both:');
    await this.#ask({ component: 'settings', kind: 'refresh' }, { component: 'server', kind: 'refresh' });
    this.#teller.say('So there is drift, what reality has otherwise than the model says:');
    const drift = await this.#drifted();
    this.#teller.show(
      'drift',
      drift.flatMap(({ name, path, intent, reality }) => [
        `${name} ${path}`,
        `  is to be  ${shown(intent)}`,
        `  and is    ${shown(reality)}`,
      ]),
    );
    const places = drift.map(({ name, path }) => `${name} ${path}`);
    this.#expect('the drift', places.join() === 'server /domain/State,settings /domain/Content');
    const changeSet = await this.#open('put back');
    await this.#stage.call('drift.enforce', { changeSet, all: true });
    this.#teller.say('Change set "put back" enforces the model (another could accept what is there instead).');
    await this.#review(changeSet);
    this.#teller.say('It is applied:');
    await this.#apply(changeSet);
    this.#expect('an end of the drift', (await this.#drifted()).length === 0);
    await this.#visit('Hello', 'navy');
  }

  async #change(): Promise<void> {
    this.#teller.chapter('Two people change it at once');
    const [colours, words] = [await this.#open('colours'), await this.#open('words')];
    await this.#submit(colours, setValue('settings', '/domain/Values/colour', 'darkgreen'));
    this.#teller.say('Change set "colours" makes the title dark green. It is not applied yet.');
    await this.#submit(words, setValue('settings', '/domain/Values/title', 'Good day'));
    this.#teller.say('Change set "words" has another title.');
    await this.#seen('settings', words);
    await this.#review(words);
    this.#teller.say('It is applied first:');
    await this.#apply(words);
    await this.#visit('Good day', 'navy');
    const seen = await this.#seen('settings', colours);
    this.#teller.say(
      '"colours", still open, has the new title already, beside its own colour. In it the file will be:',
    );
    this.#teller.show('settings in "colours"', [shown(seen.value.domain['Content'])]);
    this.#teller.say('It is applied, too:');
    await this.#apply(colours);
    await this.#visit('Good day', 'darkgreen');
    this.#teller.say('"words" is reverted, by a change set of its own; what "colours" did stays:');
    const { changeSet } = await this.#stage.call<{ changeSet: ChangeSetRow }>('change_set.revert', {
      changeSet: words,
    });
    await this.#apply(changeSet.id);
    await this.#visit('Hello', 'darkgreen');
  }

  /** A CloudFormation template on the local cloud, with the provider that talks to AWS. Answers the cloud's address. */
  async #template(): Promise<string> {
    this.#teller.chapter('A template, on a cloud of this machine');
    const Endpoint = await this.#stage.openCloud();
    this.#teller.say(`"headwater cloud" at ${Endpoint} stands in for AWS; the provider is the one that talks to AWS.`);
    const types = await this.#open('aws');
    await this.#stage.call('provider.install', { changeSet: types, provider: 'aws' });
    const content = { AccessKeyId: 'demo', SecretAccessKey: 'demo', Region: 'eu-central-1', Endpoint };
    await this.#stage.call('secret.set', { changeSet: types, name: 'cloud', definition: 'AWS Credential', content });
    await this.#apply(types);
    const changeSet = await this.#open('network');
    const text = readFileSync(new URL('../../examples/network.yaml', import.meta.url), 'utf8');
    const { created } = await this.#stage.call<{ created: number }>('import.cloudformation', {
      changeSet,
      text,
      name: 'network',
    });
    this.#teller.say(
      `examples/network.yaml, a CloudFormation template, is imported: ${created} components, linked as its references say.`,
    );
    this.#teller.say('Some are resources; the others are its parameters, mappings, conditions and outputs.');
    await this.#stage.call('secret.use', { changeSet, secret: 'cloud' });
    await this.#review(changeSet);
    this.#teller.say('It is applied, as many at once as do not wait for each other:');
    await this.#apply(changeSet);
    this.#expect('the template at the cloud', (await resourcesAt(Endpoint)) > 0);
    this.#teller.say(`The cloud has ${await resourcesAt(Endpoint)} resources.`);
    return Endpoint;
  }

  async #takeAway(cloud: string): Promise<void> {
    this.#teller.chapter('Everything is taken away');
    const changeSet = await this.#open('the end');
    const { items: all } = await this.#stage.call<{ items: { id: string }[] }>('component.search', { changeSet });
    const mutations = all.map(({ id }) => ({ kind: 'component.delete', component: id }));
    await this.#stage.call('submit', { changeSet, mutations });
    this.#teller.say('All components are deleted in one change set. It is applied, who follows others first:');
    await this.#apply(changeSet);
    const { items = [] } = await this.#stage.ask('GET', 'process');
    this.#expect('nothing that is left', this.#stage.files.length === 0 && items.length === 0);
    await this.#askPostgres(0);
    // Its template says so.
    this.#expect('a cloud with nothing but the bucket that is to be kept', (await resourcesAt(cloud)) === 1);
    const audit = await this.#stage.call<{ ok: boolean; entries: number }>('audit.verify');
    this.#expect('a whole audit trail', audit.ok);
    this.#teller.say(
      'No file and no process is left, and of the cloud only the bucket Logs, which its template retains.',
    );
    this.#teller.say(`The audit trail of all of it is whole: ${audit.entries} entries in hash chains.`, {
      entries: audit.entries,
    });
    this.#teller.say('What to try next: README.md, and docs/local.md for what was shown here, step by step.');
  }

  async #open(name: string): Promise<string> {
    return (await this.#stage.call<ChangeSetRow>('change_set.create', { name })).id;
  }

  async #submit(changeSet: string, ...mutations: Json[]): Promise<void> {
    await this.#stage.call('submit', { changeSet, mutations });
  }

  #seen(component: string, changeSet = 'HEAD'): Promise<Seen> {
    return this.#stage.call<Seen>('component.get', { changeSet, component, waitMs: 30_000 });
  }

  async #review(changeSet: string): Promise<void> {
    const review = await this.#stage.call<Review>('change_set.review', { changeSet });
    this.#teller.say(`Its review: ${reviewed(review.summary)}. To be done:`);
    const marks: { readonly [kind: string]: string } = { create: '+', update: '~', destroy: '-' };
    this.#teller.show(
      'plan',
      review.actions.map((a) => `${marks[a.kind] ?? '-/+'} ${a.kind} ${a.name}`),
    );
  }

  /** What reality has otherwise than the model says, a property each. */
  async #drifted(): Promise<Drifted[]> {
    const { components } = await this.#stage.call<{ components: { items: ComponentDrift[] } }>('drift.list');
    return components.items
      .flatMap(({ name, differences }) => differences.map((d) => ({ name, ...d })))
      .sort((a, b) => compareText(a.name, b.name));
  }

  async #apply(changeSet: string): Promise<void> {
    await this.#stage.call('change_set.apply', { changeSet, waitMs: 30_000 });
    await this.#watch({ changeSet });
  }

  async #ask(...asked: { readonly [name: string]: Json }[]): Promise<void> {
    const ids: string[] = [];
    for (const params of asked) ids.push((await this.#stage.call<ActionRecord>('action.request', params)).id);
    await this.#watch({ ids });
  }

  /** Shows the actions until nothing more can be done. */
  async #watch({ changeSet, ids }: { changeSet?: string; ids?: readonly string[] }): Promise<void> {
    let actions: readonly ActionRecord[] = [];
    for (let isQuiet = false; !isQuiet; ) {
      isQuiet = (await this.#stage.call<{ quiet: boolean }>('action.run', { waitMs: actionWaitMs })).quiet;
      actions =
        ids === undefined
          ? (await this.#stage.call<{ items: ActionRecord[] }>('action.list', { changeSet })).items.toReversed()
          : await Promise.all(ids.map((action) => this.#stage.call<ActionRecord>('action.get', { action })));
      this.#teller.actions(actions);
    }
    this.#teller.settled();
    const open = actions.find((a) => a.status !== 'succeeded' && a.status !== 'cancelled');
    if (open !== undefined)
      throw new Fault(
        'demo_failed',
        `${open.kind} ${open.componentName} is ${open.status}: ${open.failure?.message ?? ''}`,
      );
  }

  /** Asks the real server. */
  async #visit(title: string, colour: string): Promise<void> {
    const url = `http://127.0.0.1:${this.#port}/`;
    const page = (await (await fetch(url)).text()).trim();
    this.#teller.say(`GET ${url} answers`, { url, page });
    this.#teller.show('page', page.split('\n'));
    const { name = '' } = this.#stage.postgres ?? {};
    this.#expect('the page with the name of its database', page.includes(name));
    this.#expect(`the page with ${title} in ${colour}`, page.includes(`>${title}<`) && page.includes(colour));
    await pause(0);
  }

  /** Asks the server itself whether both, role and database, are there, or none of them. */
  async #askPostgres(count: 0 | 2): Promise<void> {
    if (this.#stage.postgres === undefined) return;
    const { server, name } = this.#stage.postgres;
    this.#expect(`a server with ${count} of role and database`, (await countNamed(server, name)) === count);
    const has = count === 0 ? 'neither role nor database' : 'the role and the database';
    this.#teller.say(`The server at ${server.place} has ${has} ${name}.`, { postgres: count, name });
  }

  #expect(what: string, isSo: boolean): void {
    if (!isSo) throw new Fault('demo_failed', `${what} is not there`);
  }
}

/** How many resources the local cloud has, by its journal. */
async function resourcesAt(cloud: string): Promise<number> {
  const there = new Set<string>();
  for (const text of (await (await fetch(`${cloud}/_journal`)).text()).trimEnd().split('\n')) {
    const { kind, operation, type, identifier } = JSON.parse(text) as { readonly [name: string]: string };
    if (kind !== 'effect') continue;
    if (operation === 'DELETE') there.delete(`${type} ${identifier}`);
    else there.add(`${type} ${identifier}`);
  }
  return there.size;
}
