// Random and mutated requests, made from the shapes of the routes: no answer is a failure of the server, none is missing, and
// what is refused has changed nothing. HEADWATER_API_REQUESTS says how many (100,000 in a long run, which prints how much of
// what is listed it came across), HEADWATER_SEED from where.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listedStatuses, unreachable } from '../../scripts/statuses.mjs';
import type { Json } from '../../src/base/json.ts';
import type { Route } from '../../src/surfaces/http/route.ts';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { HttpHouse } from './house.ts';
import { applied, boxMutations } from './office.ts';

const requestsOfShortRun = 1_500;
const requests = Number(process.env['HEADWATER_API_REQUESTS'] ?? requestsOfShortRun);
/** Writes a file where it is told to; takes away what all others are tried in; follow until the client goes away. */
const leftOut = [
  'Upkeep.backup',
  'WorkspaceManagement.deleteWorkspace',
  'WorkspaceManagement.leaveWorkspace',
  'Events.streamWorkspaceEvents',
  'Events.streamChangeSetEvents',
];
const tried = routes.filter((r) => !leftOut.includes(r.id));

type Shape = { readonly [key: string]: unknown };

/** Texts for what has a name. */
type TextsFor = (name: string) => fc.Arbitrary<string>;

/** Values that fit a shape, mostly. */
function fittingOf(
  schema: Shape,
  texts: TextsFor,
  { name, depth } = { name: '', depth: 0 },
): fc.Arbitrary<Json | undefined> {
  const below = (s: Shape, of = name) => fittingOf(s, texts, { name: of, depth: depth + 1 });
  const {
    type,
    anyOf,
    const: constant,
    properties,
    items,
    required = [],
  } = schema as {
    readonly type?: string;
    readonly anyOf?: readonly Shape[];
    readonly const?: Json;
    readonly properties?: Readonly<Record<string, Shape>>;
    readonly items?: Shape;
    readonly required?: readonly string[];
  };
  if (constant !== undefined) return fc.constant(constant);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((s) => below(s)));
  if (depth > 5) return fc.constant(null);
  switch (type) {
    case 'string':
      return texts(name);
    case 'integer':
    case 'number':
      return fc.oneof(fc.integer({ min: -2, max: 400 }), fc.constant(1e300), fc.constant(0.5));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(below(items ?? {}), { maxLength: 3 }) as fc.Arbitrary<Json>;
    case 'object': {
      const members = Object.entries(properties ?? {}).map(([member, s]): [string, fc.Arbitrary<Json | undefined>] => {
        const value = below(s, member);
        return [member, required.includes(member) ? value : fc.option(value, { nil: undefined })];
      });
      const own = fc.record(Object.fromEntries(members)) as fc.Arbitrary<Json>;
      return members.length > 0 ? own : (fc.dictionary(texts('path'), anything, { maxKeys: 3 }) as fc.Arbitrary<Json>);
    }
    default:
      return anything;
  }
}

const anything = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;

/** A request as it was sent, for whoever has to look at it. */
interface Sent {
  readonly route: Route;
  readonly path: string;
  readonly body: Json | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** As `HttpHouse.ask` has it. */
  readonly token: string | null | undefined;
}

const nowhere = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const manage = "async function main() {\n  return { status: 'ok' };\n}";

describe('the API', () => {
  let house: HttpHouse;
  /** The change set that edits go to: another once it is closed. */
  let open = '';
  /** What there is, by what a member or a part of a path is called; `OPEN` for the change set. */
  let known: Readonly<Record<string, readonly string[]>>;
  /** Of a token that may read and no more. */
  let weak: string;

  beforeAll(async () => {
    house = await HttpHouse.open({ requestsPerMinuteMax: 10_000_000 });
    const box = (name: string): Json => ({
      kind: 'component.create',
      schema: 'Box',
      name,
      attributes: { '/domain/Size': 1 },
    });
    await applied(
      house,
      'base',
      ...boxMutations,
      ...['net', 'sub', 'twin', 'twin'].map(box),
      { kind: 'view.create', name: 'Other' },
      { kind: 'function.create', name: 'manage', functionKind: 'management', text: manage },
      { kind: 'binding.attach', function: 'manage', schema: 'Box' },
    );
    await opened();
    await house.call('member.set', { member: 'ada', role: 'owner' });
    await house.call('member.set', { member: 'eve', role: 'collaborator' });
    weak = (await house.must('POST', '~/tokens', { body: { name: 'reader', scopes: ['read'] } })).token;
    const at = `~/change-sets/${open}`;
    const idOf = async (schema: string) => (await house.must('GET', `${at}/schemas/find?schema=${schema}`)).schemaId;
    const [boxId, netId] = [await idOf('Box'), await idOf('AWS::EC2::VPC')];
    const variant = await house.must('GET', `${at}/schemas/${boxId}/variant/default`);
    const { defaultVariantId } = await house.must('GET', `${at}/schemas/${netId}`);
    const { actions } = await house.must('GET', '~/change-sets/HEAD/actions');
    const { components } = await house.must('POST', `${at}/components/search`, { body: {} });
    known = {
      changeset: ['OPEN', 'OPEN', 'OPEN', 'HEAD'],
      component: ['net', 'sub', 'twin', ...components],
      schemavariant: [variant.variantId, defaultVariantId],
      schema: ['Box', boxId, netId, 'AWS::EC2::VPC'],
      func: [...variant.variantFuncIds, 'manage'],
      action: [...actions.map((a: { id: string }) => a.id), 'box-manual'],
      view: ['Other'],
      code: [manage],
      operation: ['submit', 'component.list'],
      path: ['/domain/Size', '/domain/Note', '/si/name', '/domain', '/'],
      user: ['eve', 'ada'],
      email: ['eve', 'bob'],
    };
  });
  afterAll(async () => {
    // What chance came across counts for nothing at the end of the suite.
    house.seen.clear();
    await house.close();
  });

  /** All that a refusal must leave as it was. */
  const state = async () => {
    // Being carried over what Head has become is nobody's request: whoever reads a change set finds that done.
    for (const { id, status } of await house.call<{ id: string; status: string }[]>('change_set.list'))
      if (status !== 'Applied') await house.call('change_set.get', { changeSet: id });
    const rows = await house.call<{ id: string; version: number; intentRoot: string; status: string; name: string }[]>(
      'change_set.list',
      { all: true },
    );
    return JSON.stringify([
      rows.map((r) => [r.id, r.version, r.intentRoot, r.status, r.name]),
      await house.call('member.list'),
    ]);
  };

  async function opened(): Promise<void> {
    open = (await house.call<{ id: string }>('change_set.create', { name: `open ${changeSets++}` })).id;
  }
  let changeSets = 0;

  const isOpen = (all: string): boolean =>
    (JSON.parse(all)[0] as unknown[][]).some(([id, , , status]) => id === open && status === 'Open');

  /** Of what there is what the name asks for; else any of it. */
  const thatFit = (name: string): readonly string[] => {
    const plain = name.toLowerCase().replaceAll('_', '');
    const of = Object.keys(known).find((k) => plain.includes(k));
    const all = of === undefined ? Object.values(known).flat() : known[of]!;
    return all.map((k) => (k === 'OPEN' ? open : k));
  };

  const sent: fc.Arbitrary<() => Sent> = fc
    .record({
      route: fc.constantFrom(...tried),
      seed: fc.nat(),
      pick: fc.array(fc.nat({ max: 1_000 }), { minLength: 4, maxLength: 4 }),
      spoil: fc.nat({ max: 9 }),
      junk: anything,
      text: fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('x'.repeat(3_000))),
    })
    .map(({ route, seed, pick, spoil, junk, text }) => () => {
      let at = 0;
      const id = (name: string) => {
        const n = pick[at++ % pick.length]!;
        const fit = thatFit(n % 7 === 3 ? '' : name);
        const part = n % 7 === 4 ? text.slice(0, 40) : fit[n % fit.length]!;
        // Nothing, and dots alone, lead to another place.
        return /^\.*$/.test(part) ? 'x' : encodeURIComponent(part);
      };
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        name === 'workspace_id' ? (spoil === 5 ? nowhere : house.workspace) : id(name),
      );
      const texts: TextsFor = (name) =>
        fc.oneof(
          { arbitrary: fc.constantFrom(...thatFit(name)), weight: 3 },
          fc.constantFrom(...thatFit(''), text),
          fc.string({ maxLength: 8 }),
        );
      const one = <T>(arbitrary: fc.Arbitrary<T>): T => fc.sample(arbitrary, { numRuns: 1, seed })[0]!;
      const query =
        route.query === undefined ? {} : (one(fittingOf(route.query as never, texts)) as Record<string, Json>);
      const pairs = Object.entries(query ?? {}).filter(([, v]) => v !== undefined && v !== null);
      const asked = pairs.map(([k, v]) => `${k}=${encodeURIComponent(typeof v === 'string' ? v : JSON.stringify(v))}`);
      const fitting = route.body === undefined ? undefined : (one(fittingOf(route.body as never, texts)) ?? {});
      const body = spoil === 0 && route.method !== 'GET' && route.method !== 'DELETE' ? junk : fitting;
      const headers =
        spoil === 1
          ? { 'if-match': pick[0]! % 6 === 5 ? 'new' : `"${pick[0]! % 6}"` }
          : spoil === 2
            ? { 'idempotency-key': `k${pick[0]}` }
            : {};
      const token = spoil === 3 || (spoil === 5 && pick[1]! % 2 === 0) ? [null, 'x', weak][pick[0]! % 3] : undefined;
      const whole = asked.length === 0 ? path : `${path}?${asked.join('&')}`;
      return { route, path: whole, body, headers: headers as never, token };
    });

  test('answers whatever it is sent, and what it refuses has changed nothing', async () => {
    const reached = new Map<string, number>();
    let before = await state();
    const makers = fc.sample(sent, { numRuns: requests, seed: Number(process.env['HEADWATER_SEED'] ?? 1) });
    for (const make of makers) {
      const { route, path, body, headers, token } = make();
      const asking = {
        headers,
        ...(token === undefined ? {} : { token }),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      };
      const what = `${route.id}: ${route.method} ${path} ${JSON.stringify(body)} ${JSON.stringify(headers)}`.slice(
        0,
        2_000,
      );
      const { status, body: said } = await house.ask(route.method, path, asking).catch((e: Error) => {
        throw new Error(`${what}\n${e.message}`);
      });
      if (status >= 500) throw new Error(`${what}\n${status} ${JSON.stringify(said)}\n${house.bugs.join('\n')}`);
      const after = await state();
      if (status >= 400 && after !== before) throw new Error(`${what}\n${status}, but ${before}\nbecame ${after}`);
      before = after;
      if (!isOpen(after)) before = await opened().then(state);
      const key = `${route.id} ${status}`;
      reached.set(key, (reached.get(key) ?? 0) + 1);
    }
    expect(house.bugs).toEqual([]);
    const listed = listedStatuses(routes).filter((one) => !one.endsWith(' 500') && unreachable[one] === undefined);
    const found = listed.filter((one) => reached.has(one));
    const share = found.length / listed.length;
    if (requests > requestsOfShortRun)
      process.stdout.write(`${found.length} of ${listed.length} listed statuses (${Math.round(100 * share)} %)\n`);
    expect(share).toBeGreaterThan(0.4);
    // That it looked at something: most routes are reached, and some of everything is done.
    const ids = new Set([...reached.keys()].map((k) => k.split(' ')[0]));
    expect(ids.size).toBeGreaterThan(tried.length * 0.8);
    expect([...reached.keys()].filter((k) => k.endsWith(' 200')).length).toBeGreaterThan(30);
  }, 3_600_000);
});
