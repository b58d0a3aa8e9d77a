// Random and mutated requests, made from the shapes of the routes and of what there is. A request aims at a status that its
// operation lists and that was not reached yet, or at nothing; what is spoiled in it follows from that. Some are earlier
// requests over again, with one thing in them another.

import type { Json } from '../../../src/base/json.ts';
import type { Route } from '../../../src/surfaces/http/route.ts';
import { chance, type Numbers, oneOf } from '../../laws/numbers.ts';
import { groupOf, kindOf } from './pool.ts';
import { altered, anyText, anything, type Filling, fitting, type Schema } from './shapes.ts';
import { bodyFor, wordFor } from './words.ts';
import type { World } from './world.ts';

/** A request as it was sent, for whoever has to look at it. */
export interface Sent {
  readonly route: Route;
  readonly path: string;
  readonly body: Json | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** As `HttpHouse.ask` has it: undefined is the owner's. */
  readonly token: string | null | undefined;
}

type Spoil =
  | 'nothing'
  | 'part'
  | 'body'
  | 'stale'
  | 'version'
  | 'key'
  | 'used key'
  | 'again'
  | 'no token'
  | 'token'
  | 'away'
  | 'head'
  | 'twin'
  | 'junk';

/** What may lead to a status. */
const spoilsFor: Readonly<Record<string, readonly Spoil[]>> = {
  200: ['nothing'],
  204: ['nothing'],
  400: ['head', 'body', 'nothing'],
  401: ['no token'],
  403: ['token', 'away'],
  404: ['part', 'body', 'away'],
  409: ['used key', 'again', 'nothing'],
  412: ['twin', 'stale', 'nothing'],
  422: ['body', 'version', 'junk'],
  428: ['nothing'],
};
const spoils = [...new Set(Object.values(spoilsFor).flat()), 'key' as const];

/** A name may have become that of the workspace that all is tried in. */
const byId = (workspace: string): string => (/^[0-9A-Z]{26}$/.test(workspace) ? workspace : nowhere);

/** Deeper than what follows a value by calling itself has a stack for. */
const deepOne = Array.from({ length: 3_000 }).reduce<Json>((deep) => [deep], 0);
const nowhere = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
/** What others are tried in may not go away. */
const leave = 'WorkspaceManagement.leaveWorkspace';
const endsWorkspace = ['WorkspaceManagement.deleteWorkspace', leave];
/** Operations of the engine that would end what all is tried in, or do so by their own way. */
const endsByName = ['workspace.remove', 'member.leave', 'token.revoke', 'backup'];
/** What is about change sets that are not open, too. */
const steps = /apply|approv|withdraw|reject|reopen|outcome|schedule|revert|actions/i;
const historyMax = 240;

/** As a part of an address; half of a character is none. */
const inUrl = (text: string): string => encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '?'));

export class Requests {
  readonly #world: World;
  readonly #next: Numbers;
  readonly #history: Sent[] = [];
  /** Of requests that were carried out. */
  readonly #usedKeys: string[] = [];

  constructor(world: World, next: Numbers) {
    this.#world = world;
    this.#next = next;
  }

  /** A request of the operation, or with that aim. */
  made(route: Route, status?: number): Sent {
    const next = this.#next;
    const spoil =
      status !== undefined
        ? oneOf(next, spoilsFor[status] ?? spoils)
        : chance(next, 40)
          ? 'nothing'
          : oneOf(next, spoils);
    const earlier = spoil === 'again' ? this.#history.filter((s) => s.route.id === route.id) : [];
    const sent = earlier.length > 0 ? this.#again(oneOf(next, earlier)) : this.#fresh(route, spoil);
    this.#history.push(sent);
    if (this.#history.length > historyMax) this.#history.splice(0, 1);
    return sent;
  }

  /** Hears what was carried out. */
  done({ headers, token }: Sent): void {
    const key = headers['idempotency-key'];
    if (key !== undefined && token === undefined) this.#usedKeys.push(key);
  }

  #again(sent: Sent): Sent {
    const next = this.#next;
    const { body } = sent;
    return chance(next, 50) || body === undefined ? sent : { ...sent, body: altered(body, next) };
  }

  #fresh(route: Route, spoil: Spoil): Sent {
    const next = this.#next;
    const world = this.#world;
    const { id } = route;
    const plausible = spoil !== 'junk';
    const finding = chance(next, 80) ? this.#drawn(id) : undefined;
    const ofKind = (kind: string): string | undefined => {
      if (kind === 'component' && spoil === 'twin') return 'twin';
      const found = finding?.get(kind);
      if (found !== undefined) return oneOf(next, found);
      return kind === 'changeset' && chance(next, 80) ? world.open : world.pool.find(next, kind);
    };
    const things = { ...world.things, some: (kind: string) => ofKind(kind) ?? 'none' };
    const filling: Filling = {
      next,
      plausible,
      meant: (name) => (plausible || chance(next, 50) ? wordFor(id, name, things) : undefined),
      text: (name) => {
        if (!plausible && chance(next, 50)) return anyText(next);
        const word = wordFor(id, name, things);
        if (typeof word === 'string') return word;
        const kind = kindOf(name, groupOf(id));
        return (kind === undefined ? undefined : ofKind(kind)) ?? things.fresh();
      },
    };
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    const spoiled = spoil === 'part' ? oneOf(next, names.length > 1 ? names.slice(1) : names) : undefined;
    const part = (name: string): string => {
      if (name === 'workspace_id') return this.#workspace(id, spoil, ofKind);
      if (name === spoiled) return chance(next, 60) ? nowhere : anyText(next).slice(0, 40);
      if (name === 'change_set_id') return this.#changeSet(id, spoil, ofKind);
      if (name === 'operation' && chance(next, 60)) return this.#operation();
      const kind = kindOf(name, id);
      return (kind !== undefined && chance(next, 85) ? ofKind(kind) : undefined) ?? filling.text(name);
    };
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const text = part(name);
      // Nothing, and dots alone, lead to another place.
      return /^\.*$/.test(text) ? 'x' : inUrl(text);
    });
    const query = route.query === undefined ? {} : (fitting(route.query as Schema, filling) as Record<string, Json>);
    const asked = Object.entries(query).filter(([, v]) => v !== null);
    if (spoil === 'version' || spoil === 'stale') asked.push(['baseVersion', spoil === 'version' ? 'new' : next() % 9]);
    const pairs = asked.map(([k, v]) => `${k}=${inUrl(typeof v === 'string' ? v : JSON.stringify(v))}`);
    return {
      route,
      path: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
      body: this.#body(route, path, spoil, filling),
      headers: this.#headers(spoil),
      token: this.#token(id, path, spoil),
    };
  }

  /** Of a change set that is open, where the operation is about one. */
  #drawn(id: string): ReturnType<World['pool']['drawn']> {
    for (let n = 0; n < 6; n++) {
      const finding = this.#world.pool.drawn(this.#next, id);
      const [changeSet] = finding?.get('changeset') ?? [];
      if (changeSet === undefined || steps.test(id) || this.#world.isOpen(changeSet)) return finding;
    }
    return undefined;
  }

  #workspace(id: string, spoil: Spoil, ofKind: (kind: string) => string | undefined): string {
    const { house, pool } = this.#world;
    const next = this.#next;
    const other = pool.find(next, 'workspace') ?? nowhere;
    // Somebody else may leave what all is tried in.
    if (id === leave && chance(next, 50)) return house.workspace;
    if (endsWorkspace.includes(id)) return chance(next, 15) ? nowhere : byId(ofKind('workspace') ?? other);
    if (id.startsWith('WorkspaceManagement.') && chance(next, 50)) return ofKind('workspace') ?? other;
    if (spoil === 'away') return chance(next, 50) ? nowhere : other;
    return house.workspace;
  }

  #changeSet(id: string, spoil: Spoil, ofKind: (kind: string) => string | undefined): string {
    const next = this.#next;
    if (spoil === 'head' || chance(next, 5)) return 'HEAD';
    const found = ofKind('changeset');
    if (found === undefined || (!steps.test(id) && !this.#world.isOpen(found) && chance(next, 85)))
      return this.#world.open;
    return found;
  }

  #operation(): string {
    const name = oneOf(this.#next, this.#world.operations);
    return endsByName.includes(name) ? 'submit' : name;
  }

  #body({ id, body, method }: Route, path: string, spoil: Spoil, filling: Filling): Json | undefined {
    const next = this.#next;
    if (body === undefined) return method === 'POST' && chance(next, 10) ? {} : undefined;
    const drawn = bodyFor(id, this.#world.things) ?? fitting(body as Schema, filling);
    // Who looks at the state does that as the one owner of the workspace, and has to stay it.
    const isOwner = id === 'WorkspaceManagement.updateMemberRole' && path.includes(this.#world.house.workspace);
    const whole = isOwner ? { ...(drawn as object), role: oneOf(next, ['APPROVER', 'EDITOR', 'VIEWER']) } : drawn;
    if (spoil === 'body') return chance(next, 4) ? { ...(whole as object), deep: deepOne } : altered(whole, next);
    if (spoil === 'junk' && chance(next, 15)) return anything(next);
    return whole;
  }

  #headers(spoil: Spoil): Readonly<Record<string, string>> {
    const next = this.#next;
    const out: Record<string, string> = {};
    if (spoil === 'version') out['if-match'] = 'new';
    if (spoil === 'stale') out['if-match'] = oneOf(next, ['"0"', '"1"', '"2"', '"9"', '*']);
    if (spoil === 'key' || chance(next, 10)) out['idempotency-key'] = this.#world.things.fresh();
    if (spoil === 'used key' && this.#usedKeys.length > 0) out['idempotency-key'] = oneOf(next, this.#usedKeys);
    if (chance(next, 3)) out['accept-encoding'] = 'gzip';
    if (chance(next, 2))
      out['traceparent'] = anyText(next)
        .replaceAll(/[^ -~]/g, '')
        .trim();
    return out;
  }

  #token(id: string, path: string, spoil: Spoil): string | null | undefined {
    const next = this.#next;
    const { bad, weak, editors } = this.#world.tokens;
    if (spoil === 'no token') return oneOf(next, bad);
    if (id === leave && path.includes(this.#world.house.workspace)) return oneOf(next, [...weak, ...editors]);
    if (spoil === 'token' || (spoil === 'away' && chance(next, 50))) return oneOf(next, weak);
    return chance(next, 5) ? oneOf(next, [...bad, ...weak, ...editors]) : undefined;
  }
}
