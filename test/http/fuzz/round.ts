// One round of random requests in a world of its own: no answer is a failure of the server, each comes in time and has a shape
// that is listed, and what is refused has changed nothing. Tells which status of which operation was reached how often. From
// a seed, so that a round that fails fails again.

import { isObject } from '../../../src/base/json.ts';
import { limits } from '../../../src/base/limits.ts';
import type { Route } from '../../../src/surfaces/http/route.ts';
import { routes } from '../../../src/surfaces/http/routes/all.ts';
import { serveHttp } from '../../../src/surfaces/http/server.ts';
import { chance, type Numbers, numbersFrom, oneOf } from '../../laws/numbers.ts';
import type { Answered } from '../house.ts';
import { Requests, type Sent } from './requests.ts';
import { World } from './world.ts';

export interface Round {
  readonly seed: number;
  readonly requests: number;
  /** `operation status` that there may be. */
  readonly listed: readonly string[];
  /** Hears how many requests were made since it heard last. */
  readonly onDone?: (count: number) => void;
}

/** How often each `operation status` was reached. */
export type Reached = Map<string, number>;

/** What makes a change set part of Head. */
const applies = ['ChangeSets.forceApply', 'ChangeSets.applyChangeSet'];
const reportEvery = 10;
const answerMsMax = 60_000;
const scenesEvery = 120;
/** Of those left, when the store fails. */
const lastShare = 0.08;

export interface Outcome {
  readonly reached: Reached;
  /** What is wrong, with the request that shows it; undefined: nothing. */
  readonly problem: string | undefined;
}

export async function runRound(round: Round): Promise<Outcome> {
  const next = numbersFrom(round.seed);
  const world = await World.open(next);
  const run = new Run(world, next, round);
  try {
    await run.whole();
    return { reached: run.reached, problem: undefined };
  } catch (e) {
    return { reached: run.reached, problem: (e as Error).stack ?? String(e) };
  } finally {
    await world.close();
  }
}

class Run {
  readonly #world: World;
  readonly #next: Numbers;
  readonly #round: Round;
  readonly #requests: Requests;
  readonly reached: Reached = new Map();
  readonly #wanted: Set<string>;
  #before = '';
  #made = 0;

  constructor(world: World, next: Numbers, round: Round) {
    this.#world = world;
    this.#next = next;
    this.#round = round;
    this.#requests = new Requests(world, next);
    this.#wanted = new Set(round.listed.filter((one) => !one.endsWith(' 500') && !one.endsWith(' 503')));
  }

  async whole(): Promise<void> {
    const { requests } = this.#round;
    this.#before = await this.#world.state();
    const last = Math.ceil(requests * lastShare);
    while (this.#made < requests - last) {
      if (this.#made % scenesEvery === 0) await this.#scene(this.#made / scenesEvery);
      const { route, status } = this.#aim();
      await this.#try(this.#requests.made(route, status));
    }
    if (this.#world.house.bugs.length > 0) throw new Error(this.#world.house.bugs.join('\n'));
    await this.#fail(requests - this.#made);
    this.#round.onDone?.(requests % reportEvery);
  }

  /** Every other request aims at something that was not reached yet. */
  #aim(): { readonly route: Route; readonly status?: number } {
    if (this.#wanted.size > 0 && chance(this.#next, 60)) {
      const [id, status] = oneOf(this.#next, [...this.#wanted]).split(' ') as [string, string];
      const route = routes.find((r) => r.id === id);
      if (route !== undefined) return { route, status: Number(status) };
    }
    return { route: oneOf(this.#next, routes) };
  }

  /** Sends it, and holds what comes back to all that is said above. */
  async #try(sent: Sent): Promise<void> {
    const { house } = this.#world;
    const status = await this.#sent(sent, async (answered) => {
      if (answered.status >= 500)
        throw new Error(`${answered.status} ${JSON.stringify(answered.body)}\n${house.bugs.join('\n')}`);
      const { route, path } = sent;
      if (answered.status < 300) {
        this.#requests.done(sent);
        this.#world.learn(route, path, answered.body);
      }
      if (route.id === 'Components.executeManagementFunction' && answered.status === 200) {
        const changeSet = decodeURIComponent(path.split('/')[5]!);
        await this.#world.settled(answered.body.managementFuncJobStateId, changeSet);
      }
    });
    const after = await this.#world.state();
    if (status >= 400 && after !== this.#before)
      throw new Error(`${told(sent)}\n${status}, but ${this.#before}\nbecame ${after}`);
    this.#before = (await this.#world.reopen()) ? await this.#world.state() : after;
  }

  /** Requests while something is so that is seldom so. */
  async #scene(n: number): Promise<void> {
    const world = this.#world;
    await world.tidy();
    await world.asked();
    await world.done();
    await world.undone();
    const owner = { roles: { owner: { changedComponentsMax: 0 } } };
    const scenes: readonly (() => Promise<void>)[] = [
      async () => {
        const changeSet = await world.busy();
        this.#before = await world.state();
        for (const id of applies) await this.#try(this.#about(id, changeSet));
        const run = await world.running();
        this.#before = await world.state();
        const kill = routes.find((r) => r.id === 'Runs.killRun')!;
        for (let n = 0; n < 3 && run !== undefined; n++) {
          const sent = this.#requests.made(kill, 200);
          await this.#try({ ...sent, path: sent.path.replace(/[^/]+(?=\/kill)/, run) });
        }
        await world.abandon(changeSet);
      },
      async () => {
        await world.house.call('freeze.set', {
          window: { name: 'now', from: '2000-01-01T00:00', to: '2999-01-01T00:00' },
        });
        await this.#applies();
      },
      async () => {
        await world.house.call('budget.set', { budgets: { format: 1, tokens: {}, ...owner } });
        await this.#applies();
      },
      () => this.#crowded(),
      () => this.#large(),
    ];
    await scenes[n % scenes.length]!();
    await world.tidy();
    this.#before = await world.state();
  }

  /** Whoever applies something is refused. */
  async #applies(): Promise<void> {
    this.#before = await this.#world.state();
    for (let n = 0; n < 6; n++) await this.#try(this.#about(oneOf(this.#next, applies), this.#world.open));
  }

  #about(id: string, changeSet: string): Sent {
    const sent = this.#requests.made(routes.find((r) => r.id === id)!, 200);
    const path = sent.path.replace(/(?<=\/change-sets\/)[^/]+/, changeSet);
    return { ...sent, path, body: undefined, token: undefined };
  }

  /** At a server that takes few requests of one token in a minute. */
  async #crowded(): Promise<void> {
    const { engine, token } = this.#world.house;
    const requestsPerMinuteMax = 5;
    const server = await serveHttp({ engine, host: '127.0.0.1', port: 0, version: '0.0.0', requestsPerMinuteMax });
    this.#before = await this.#world.state();
    let refused = 0;
    try {
      for (let n = 0; n < 2 * requestsPerMinuteMax; n++) {
        // What fills the minute changes nothing; what comes after it would.
        const isOver = n >= requestsPerMinuteMax;
        const some = isOver
          ? routes.filter((r) => r.method !== 'GET')
          : [routes.find((r) => r.id === 'Whoami.whoami')!];
        const { route, path, body } = this.#requests.made(oneOf(this.#next, some));
        const answer = await fetch(server.address + path, {
          method: route.method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          signal: AbortSignal.timeout(answerMsMax),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        await answer.text();
        this.#made++;
        if (isOver && answer.status === 429) refused++;
      }
    } finally {
      await server.close();
    }
    if ((await this.#world.state()) !== this.#before) throw new Error('too many requests, and something has changed');
    if (refused !== requestsPerMinuteMax)
      throw new Error(`of ${requestsPerMinuteMax} too many, ${refused} were refused`);
  }

  /** A body that nobody takes. */
  async #large(): Promise<void> {
    this.#before = await this.#world.state();
    const takes = routes.filter((r) => r.body !== undefined && r.isMultipart !== true && r.entrance !== 'public');
    const sent = this.#requests.made(oneOf(this.#next, takes), 200);
    const large = { ...sent, token: undefined, body: { name: 'x'.repeat(limits.httpBodyBytesMax) } };
    await this.#sent(large, async ({ status }) => {
      if (status !== 413) throw new Error(`${status}, and should be too large`);
    });
    if ((await this.#world.state()) !== this.#before)
      throw new Error(`${told(sent)}\ntoo large, and something has changed`);
  }

  /** When the store has failed, every operation says so in time, and none finds something that nobody expected. */
  async #fail(count: number): Promise<void> {
    const { house } = this.#world;
    await this.#world.fail();
    for (const one of this.#round.listed) if (/ 50[03]$/.test(one)) this.#wanted.add(one);
    for (let n = 0; n < count; n++) {
      const [id] =
        this.#wanted.size > 0 ? oneOf(this.#next, [...this.#wanted]).split(' ') : [oneOf(this.#next, routes).id];
      const sent = this.#requests.made(routes.find((r) => r.id === id)!, 200);
      await this.#sent({ ...sent, token: undefined }, async ({ status, body }) => {
        if (status >= 500 && body.reason === 'internal_error') throw new Error(house.bugs.at(-1));
      });
    }
  }

  async #sent(sent: Sent, look: (answered: Answered) => Promise<void>): Promise<number> {
    try {
      const answered = await this.#answer(sent);
      await look(answered);
      this.#note(`${sent.route.id} ${answered.status}`);
      return answered.status;
    } catch (e) {
      throw new Error(`${told(sent)}\n${(e as Error).message}`, { cause: e });
    }
  }

  #note(key: string): void {
    this.reached.set(key, (this.reached.get(key) ?? 0) + 1);
    this.#wanted.delete(key);
    this.#made++;
    if (this.#made % reportEvery === 0) this.#round.onDone?.(reportEvery);
  }

  async #answer({ route, path, body, headers, token }: Sent): Promise<Answered> {
    const { house } = this.#world;
    const asking = { headers, signal: AbortSignal.timeout(answerMsMax), ...(token === undefined ? {} : { token }) };
    if (route.contentType === 'text/event-stream') return house.follow(path, asking);
    if (route.isMultipart === true && isObject(body ?? null) && !chance(this.#next, 10)) {
      const form = new FormData();
      for (const [name, value] of Object.entries(body as object))
        form.set(name, typeof value === 'string' ? value : JSON.stringify(value));
      return house.ask(route.method, path, { ...asking, form });
    }
    return house.ask(route.method, path, { ...asking, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }
}

/** Enough of it to send it again. */
function told({ route, path, body, headers, token }: Sent): string {
  const parts = [route.method, path, body === undefined ? '' : JSON.stringify(body), JSON.stringify(headers)];
  const by = token === undefined ? 'the owner' : token === null ? 'nobody' : token;
  return `${route.id}: ${parts.join(' ')} by ${by}`.slice(0, 3_000);
}
