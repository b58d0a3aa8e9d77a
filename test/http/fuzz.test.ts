// Random and mutated requests, made from the shapes of the routes: no answer is a failure of the server, none is missing, and
// what is refused has changed nothing. HEADWATER_API_REQUESTS says how many (100,000 in a long run), HEADWATER_SEED from where.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { Route } from '../../src/surfaces/http/route.ts';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { HttpHouse } from './house.ts';

const requests = Number(process.env['HEADWATER_API_REQUESTS'] ?? 1_500);
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

/** Values that fit a shape, mostly. */
function fittingOf(schema: Shape, texts: fc.Arbitrary<string>, depth = 0): fc.Arbitrary<Json | undefined> {
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
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((s) => fittingOf(s, texts, depth + 1)));
  if (depth > 5) return fc.constant(null);
  switch (type) {
    case 'string':
      return texts;
    case 'integer':
    case 'number':
      return fc.oneof(fc.integer({ min: -2, max: 400 }), fc.constant(1e300), fc.constant(0.5));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(fittingOf(items ?? {}, texts, depth + 1), { maxLength: 3 }) as fc.Arbitrary<Json>;
    case 'object': {
      const members = Object.entries(properties ?? {}).map(([name, s]): [string, fc.Arbitrary<Json | undefined>] => {
        const value = fittingOf(s, texts, depth + 1);
        return [name, required.includes(name) ? value : fc.option(value, { nil: undefined })];
      });
      const own = fc.record(Object.fromEntries(members)) as fc.Arbitrary<Json>;
      return members.length > 0 ? own : (fc.dictionary(texts, anything, { maxKeys: 3 }) as fc.Arbitrary<Json>);
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
}

describe('the API', () => {
  let house: HttpHouse;
  let known: readonly string[];

  beforeAll(async () => {
    house = await HttpHouse.open({ requestsPerMinuteMax: 10_000_000 });
    const { id } = await house.call<{ id: string }>('change_set.create', { name: 'open' });
    const made = await house.call<{ steps: { subject: string }[] }>('submit', {
      changeSet: id,
      mutations: [
        {
          kind: 'component.create',
          schema: 'AWS::EC2::VPC',
          name: 'net',
          attributes: { '/domain/CidrBlock': '10.0.0.0/16' },
        },
        { kind: 'component.create', schema: 'AWS::EC2::Subnet', name: 'sub' },
      ],
    });
    const { schemaId, defaultVariantId } = await house
      .must('GET', `~/change-sets/${id}/schemas/find?schema=AWS::EC2::VPC`)
      .then(async (found) => house.must('GET', `~/change-sets/${id}/schemas/${found.schemaId}`));
    known = [
      id,
      'open',
      'HEAD',
      'net',
      schemaId,
      defaultVariantId,
      'AWS::EC2::VPC',
      ...made.steps.map((s) => s.subject),
    ];
  });
  afterAll(async () => {
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

  const sent: fc.Arbitrary<() => Sent> = fc
    .record({
      route: fc.constantFrom(...tried),
      seed: fc.nat(),
      pick: fc.array(fc.nat({ max: 1_000 }), { minLength: 4, maxLength: 4 }),
      spoil: fc.nat({ max: 9 }),
      junk: anything,
      text: fc.oneof(
        fc.string({ maxLength: 12 }),
        fc.constantFrom('/domain/CidrBlock', '/si/name', '/domain', '/', 'x'.repeat(3_000)),
      ),
    })
    .map(({ route, seed, pick, spoil, junk, text }) => () => {
      let at = 0;
      const id = () => {
        const n = pick[at++ % pick.length]!;
        return n % 4 === 3
          ? encodeURIComponent(text.slice(0, 40)) || 'x'
          : encodeURIComponent(known[n % known.length]!);
      };
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        name === 'workspace_id' ? house.workspace : id(),
      );
      const texts = fc.oneof(fc.constantFrom(...known, text), fc.string({ maxLength: 8 }));
      const one = <T>(arbitrary: fc.Arbitrary<T>): T => fc.sample(arbitrary, { numRuns: 1, seed })[0]!;
      const query =
        route.query === undefined ? {} : (one(fittingOf(route.query as never, texts)) as Record<string, Json>);
      const pairs = Object.entries(query ?? {}).filter(([, v]) => v !== undefined && v !== null);
      const asked = pairs.map(([k, v]) => `${k}=${encodeURIComponent(typeof v === 'string' ? v : JSON.stringify(v))}`);
      const fitting = route.body === undefined ? undefined : (one(fittingOf(route.body as never, texts)) ?? {});
      const body = spoil === 0 && route.method !== 'GET' && route.method !== 'DELETE' ? junk : fitting;
      const headers =
        spoil === 1 ? { 'if-match': `"${pick[0]}"` } : spoil === 2 ? { 'idempotency-key': `k${pick[0]}` } : {};
      return { route, path: asked.length === 0 ? path : `${path}?${asked.join('&')}`, body, headers: headers as never };
    });

  test('answers whatever it is sent, and what it refuses has changed nothing', async () => {
    const reached = new Map<string, number>();
    let before = await state();
    const makers = fc.sample(sent, { numRuns: requests, seed: Number(process.env['HEADWATER_SEED'] ?? 1) });
    for (const make of makers) {
      const { route, path, body, headers } = make();
      const asking = { headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
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
      const key = `${route.id} ${status}`;
      reached.set(key, (reached.get(key) ?? 0) + 1);
    }
    expect(house.bugs).toEqual([]);
    // That it looked at something: most routes are reached, and some of everything is done.
    const ids = new Set([...reached.keys()].map((k) => k.split(' ')[0]));
    expect(ids.size).toBeGreaterThan(tried.length * 0.8);
    expect([...reached.keys()].filter((k) => k.endsWith(' 200')).length).toBeGreaterThan(30);
  }, 3_600_000);
});
