// Results of management functions by chance: mostly what fits a component of the schema Thing (support/model_world) that manages
// `one` and `two`, with something wrong here and there.

import fc from 'fast-check';
import type { Json } from '../../../src/base/json.ts';

// What a runner hands on has been text: no -0, no undefined.
const json = fc.jsonValue({ maxDepth: 4 }).map((x): Json => JSON.parse(JSON.stringify(x)) as Json);
/** Mostly what fits, so that it gets far. */
const mostly = <T>(fits: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 60, arbitrary: fits }, { weight: 1, arbitrary: other });
const or = (fits: fc.Arbitrary<Json>) => mostly(fits, json);
const strange = fc.constantFrom('stranger', '', '__proto__', 'constructor', '\ud800', 'x'.repeat(300), 'self', 'a');
const made = mostly(fc.constantFrom('a', 'b', 'one'), strange);
const own = mostly(fc.constantFrom('self', 'one', 'two'), strange);
const by = (key: fc.Arbitrary<string>, value: fc.Arbitrary<Json>) =>
  or(fc.dictionary(key, value, { maxKeys: 2 }) as fc.Arbitrary<Json>);
const some = (value: fc.Arbitrary<string>) => or(fc.array(value, { maxLength: 2 }) as fc.Arbitrary<Json>);
const part = (members: Record<string, fc.Arbitrary<Json>>) =>
  or(fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<Json>);

/** Values that fit a property of Thing, by its pointer. */
const fitting: Readonly<Record<string, readonly Json[]>> = {
  '/domain/text': ['x', { $source: { component: 'one', path: '/domain/text' } }, { $source: null }],
  '/domain/count': [1, 50, { $source: { component: 'a', path: '/domain/count' } }, null],
  '/domain/names': [[], ['x', { $source: { component: 'self', path: '/si/name' } }]],
  '/domain/names/-': ['y', { $source: { component: 'b', path: '/domain/text' } }],
  '/domain/labels': [{ a: 'p' }, { c: 'q', b: 'y' }],
  '/domain/labels/k': ['x', { $source: { component: 'two', path: '/si/name' } }],
  '/domain/box': [{ height: 4 }, { inner: { name: 'n' } }],
  '/domain/free': [{ any: [1, { $source: 2 }] }, [1, 2]],
  '/si/name': ['called'],
  '/secrets/login': [{ $source: { secret: 'db' } }],
};
const path = fc.constantFrom(...Object.keys(fitting));
const strangePath = fc.constantFrom('/domain', '/domain/given', '/domain/none', '/resource', 'x', '', '__proto__');
const entry: fc.Arbitrary<readonly [string, Json]> = fc.oneof(
  { weight: 40, arbitrary: path.chain((p) => fc.constantFrom(...fitting[p]!).map((v) => [p, v] as const)) },
  { weight: 1, arbitrary: fc.tuple(fc.oneof(path, strangePath), json) },
);
const attributes = or(fc.array(entry, { maxLength: 3 }).map((entries): Json => Object.fromEntries(entries)));
const tree = part({
  si: part({ name: fc.constantFrom('n', 'm'), type: json }),
  domain: part({
    text: or(fc.constantFrom<Json>('t', null)),
    count: or(fc.nat({ max: 100 })),
    labels: or(fc.constantFrom<Json>({ a: 'x' }, { b: 'y', d: 'z' })),
    names: or(fc.constantFrom<Json>([], ['u'])),
    free: json,
    none: json,
  }),
  secrets: json,
});
const position = part({ x: or(fc.integer()), y: or(fc.nat()), width: or(fc.nat()) });
const view = mostly(fc.constantFrom('All', 'new'), fc.constantFrom('nowhere', '__proto__'));
const kind = mostly(fc.constantFrom('Thing'), fc.constantFrom('Open', 'Nothing'));
const create = part({ kind, properties: tree, attributes, geometry: fc.oneof(position, by(view, position)) });
const update = part({ properties: tree, attributes, geometry: by(view, position) });
const action = mostly(fc.constantFrom('create', 'Refresh', 'reboot'), fc.constant('explode'));
/** A result, as a management function of a component named me returns it, and others. */
export const anyResult: fc.Arbitrary<Json> = or(
  fc.record({
    status: or(fc.constant('ok')),
    message: or(fc.string()),
    ops: or(
      fc.record(
        {
          create: by(made, create),
          update: by(own, update),
          delete: some(own),
          erase: fc.oneof({ weight: 4, arbitrary: fc.constant<Json>([]) }, { weight: 1, arbitrary: some(own) }),
          remove: fc.oneof(
            { weight: 4, arbitrary: fc.constant<Json>({}) },
            { weight: 1, arbitrary: by(view, some(own)) },
          ),
          actions: by(own, part({ add: some(action), remove: some(action) })),
          views: fc.constantFrom<Json>({ create: ['new'] }, { create: ['new', 'All'], remove: ['nowhere'] }),
        },
        { requiredKeys: ['create', 'views'] },
      ) as fc.Arbitrary<Json>,
    ),
  }) as fc.Arbitrary<Json>,
);
