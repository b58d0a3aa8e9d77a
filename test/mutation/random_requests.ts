// Random requests over a small world: numbers that fast-check makes and shrinks are turned into requests by looking at
// the state, so that most succeed. A fraction is spoiled afterwards: members dropped, added, or of the wrong type.

import fc from 'fast-check';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { boundsOfVariant } from '../../src/graph/bound.ts';
import { readElements } from '../../src/model/declared.ts';
import { actionKinds, functionKinds } from '../../src/model/function.ts';
import { findComponent, specOfComponent } from '../../src/model/lookup.ts';
import { childPath, elementPath, type Path, pointerOf } from '../../src/model/path.ts';
import { childProperty, type Property } from '../../src/model/property.ts';
import { rootProperty, type VariantSpec } from '../../src/model/schema.ts';
import type { Input, RequestKind } from '../../src/mutation/request.ts';
import { requestKinds } from '../../src/mutation/request_shape.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { openSpec, smallWorld, thingSpec, thingSpec2, type World } from '../support/model_world.ts';

/** A world in which there is something to do for every kind of request. */
export function richWorld(): World {
  const world = smallWorld();
  world.do(
    { kind: 'view.create', name: 'Net' },
    { kind: 'secret.put', name: 'ssh', definition: 'Key', key: 'k9' },
    { kind: 'function.create', name: 'make', functionKind: 'action', text: 'make();\n' },
    { kind: 'binding.attach', function: 'make', schema: 'Thing', action: 'create' },
    { kind: 'binding.attach', function: 'check', schema: 'Open' },
    { kind: 'schema.install', name: 'Cat', category: 'Zoo', origin: 'aws', spec: openSpec },
  );
  const one = world.create('one', {
    '/domain/text': 'hello',
    '/domain/names': ['a', 'b', 'c'],
    '/domain/rules': [{ port: 1 }, { port: 2, tags: ['t'] }],
    '/domain/labels': { k: 'v', l: 'w' },
    '/secrets/login': { $source: { secret: 'db' } },
  });
  const two = world.create('two', { '/domain/text': { $source: { component: one, path: '/domain/text' } } });
  world.create('three', { '/domain/free': [1, { a: 2 }], '/domain/k': { x: { y: 1 } } }, 'Open');
  world.create('four', {
    '/domain/grid': [[1, 2], [3]],
    '/domain/names': [{ $source: { component: two, path: '/si/name' } }],
  });
  world.do(
    { kind: 'component.delete', component: world.create('five') },
    { kind: 'depends_on.add', component: two, on: one },
    { kind: 'component.manage', component: one, managed: two },
    { kind: 'action.hold', component: one, action: 'create' },
    { kind: 'view.add_component', view: 'Net', component: one },
    { kind: 'schema.unlock_variant', variant: [...world.snapshot.scan('index', 'variantof:')][0]![0].slice(10, 36) },
    { kind: 'schema.create', name: 'Thing2', spec: thingSpec2 },
  );
  return world;
}

export interface Draw {
  readonly kind: RequestKind;
  readonly numbers: readonly number[];
  /** 0 to 99; small: the request is spoiled. */
  readonly spoil: number;
}

// Values are what most of it is about, so kinds that write them come more often.
const often: readonly RequestKind[] = [
  ...Array<RequestKind>(14).fill('attribute.set'),
  ...Array<RequestKind>(5).fill('attribute.subscribe'),
  ...Array<RequestKind>(4).fill('attribute.unset'),
  ...Array<RequestKind>(5).fill('list.insert'),
  ...Array<RequestKind>(3).fill('list.move'),
  ...Array<RequestKind>(3).fill('list.remove'),
  ...Array<RequestKind>(3).fill('map.put'),
  ...Array<RequestKind>(3).fill('map.remove'),
  ...Array<RequestKind>(5).fill('component.create'),
];

export const draw: fc.Arbitrary<Draw> = fc.record({
  kind: fc.constantFrom(...requestKinds, ...often),
  numbers: fc.array(fc.nat(1_000_000), { minLength: 24, maxLength: 24 }),
  spoil: fc.nat(99),
});

/** Turns numbers into choices; when they run out, the first is always chosen. */
class Picker {
  readonly #numbers: readonly number[];
  #at = 0;
  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }
  int(below: number): number {
    return below <= 1 ? 0 : (this.#numbers[this.#at++] ?? 0) % below;
  }
  one<T>(list: readonly T[]): T {
    return list[this.int(list.length)]!;
  }
  /** True in `percent` of a hundred cases; false when the numbers have run out. */
  chance(percent: number): boolean {
    return this.int(100) >= 100 - percent;
  }
  maybe<T>(value: () => T): T | undefined {
    return this.chance(50) ? value() : undefined;
  }
}

const nastyKeys = [
  'k',
  'l',
  'm',
  '',
  '/',
  '~',
  '~1',
  '@',
  '@a',
  'a#',
  '__proto__',
  'constructor',
  'ü😀',
  '0',
  '-',
  '$source',
];
const texts = ['', 'a', 'ab-1', 'red', '😀', ' ', '"', '\\', '\u2028', '\n', '__proto__', 'x'.repeat(1500), '$source'];

export const junk: readonly Json[] = [
  null,
  true,
  -1,
  1e300,
  '',
  'x',
  [],
  {},
  [[]],
  { __proto__x: 1 },
  JSON.parse('{"__proto__":{"a":1}}') as Json,
  { constructor: 1 },
  { $source: 1 },
  { $source: { component: 'x', path: '/y' } },
  { $source: { call: 'nope', args: [] } },
  { $source: { expression: { f: ['join'] } } },
  '\ud800',
  'x\u0000y',
  Number.NaN as unknown as Json,
  Number.POSITIVE_INFINITY as unknown as Json,
  2 ** 53,
  'x'.repeat(5000),
  undefined as unknown as Json,
  (() => {}) as unknown as Json,
  10n as unknown as Json,
  nested(200),
  nested(20_000),
];

function nested(depth: number): Json {
  let out: Json = 1;
  for (let i = 0; i < depth; i++) out = i % 2 ? [out] : { a: out };
  return out;
}

interface At {
  readonly p: Picker;
  readonly snapshot: Snapshot;
}

const keysOf = (s: Snapshot, category: Parameters<Snapshot['scan']>[0], length = 26): string[] =>
  [...s.scan(category, '')].map(([key]) => key).filter((key) => key.length === length);

export const componentsOf = (s: Snapshot): string[] => keysOf(s, 'components');

function components(at: At): string {
  const all = componentsOf(at.snapshot);
  return all.length === 0 || at.p.chance(3) ? 'nobody' : at.p.one(all);
}

function specOf(s: Snapshot, component: string): VariantSpec {
  const record = findComponent(s, component as never);
  return (record && specOfComponent(s, record)) ?? thingSpec;
}

/** A pointer to some property of a component and what is there; mostly below /domain. */
function place(at: At, component: string): { pointer: string; property: Property; path: Path } {
  const { p, snapshot } = at;
  const spec = specOf(snapshot, component);
  const segments: string[] = [];
  let path = '' as Path;
  let property = rootProperty(spec);
  for (let depth = 0; depth < 7; depth++) {
    const names = Object.keys(property.properties ?? {});
    let key: string;
    if (depth === 0) key = p.chance(12) ? p.one(names) : 'domain';
    else if (property.kind === 'object' && names.length > 0) key = p.one(names);
    else if (property.kind === 'map' || property.kind === 'any') {
      if (property.kind === 'any' && p.chance(60)) break;
      key = p.chance(60) ? p.one(['k', 'l', 'm']) : p.one(nastyKeys);
    } else if (property.kind === 'array') {
      const elements = readElements(snapshot, component as never, path);
      if (elements.length === 0 || p.chance(10)) {
        if (p.chance(20)) segments.push(p.one(['-', '0', '9']));
        break;
      }
      const i = p.int(elements.length);
      segments.push(String(i));
      path = elementPath(path, elements[i]!.id);
      property = childProperty(property, { element: true }, spec.definitions)!;
      if (p.chance(30)) break;
      continue;
    } else break;
    segments.push(key);
    path = childPath(path, key);
    property = childProperty(property, { key }, spec.definitions) ?? { kind: 'string' };
    if (depth > 0 && p.chance(35)) break;
  }
  return { pointer: pointerOf(segments), property, path };
}

function sourceOf(at: At): Json {
  const from = components(at);
  const { pointer } = place(at, from);
  const func = at.p.chance(30) ? { func: at.p.one(['toText', 'identity', 'length', 'nope', 'toInteger', 'join']) } : {};
  return { component: from, path: pointer, ...func };
}

/** A value for a property, now and then with a source in it. */
function valueFor(at: At, property: Property, definitions: VariantSpec['definitions'], depth = 0): Input {
  const { p } = at;
  if (p.chance(6)) return { $source: p.chance(20) ? null : sourceOf(at) };
  if (p.chance(3)) return { $source: { call: 'concat', args: [{ $source: sourceOf(at) }, '!'] } };
  const some = <T>(make: () => T): T[] => Array.from({ length: depth > 3 ? 0 : p.int(4) }, make);
  switch (property.kind) {
    case 'string':
      if (property.secret) return { $source: { secret: 'db' } };
      if (property.enum) return p.one(property.enum);
      return property.pattern === undefined
        ? p.one(property.minLength ? ['abc', 'abcd'] : texts)
        : p.one(['a-1', 'bc-22']);
    case 'integer':
      return p.int(90) + 1;
    case 'number':
      return p.one([0, -0.5, 1e21 / 3e5, 12.25]);
    case 'boolean':
      return p.int(2) === 1;
    case 'json':
      return p.one<Json>(['{"a":1}', { a: [1, null] }, [], 7]);
    case 'array':
      return some(() => valueFor(at, childProperty(property, { element: true }, definitions)!, definitions, depth + 1));
    case 'map': {
      const child = childProperty(property, { key: 'k' }, definitions)!;
      return Object.fromEntries(
        some(() => [p.one(nastyKeys.slice(0, 15)), valueFor(at, child, definitions, depth + 1)] as const),
      );
    }
    case 'object': {
      const names = Object.keys(property.properties ?? {});
      if (names.length === 0) return {};
      return Object.fromEntries(
        some(() => {
          const key = p.one(names);
          return [key, valueFor(at, childProperty(property, { key }, definitions)!, definitions, depth + 1)] as const;
        }),
      );
    }
    default: {
      const kind = p.one(['string', 'integer', 'array', 'map', 'boolean'] as const);
      return p.chance(10)
        ? null
        : valueFor(at, { kind, items: { kind: 'any' }, values: { kind: 'any' } }, definitions, depth + 1);
    }
  }
}

/** The request that a draw means in the present state of the world, spoiled or not. */
export function requestOf(world: Pick<World, 'snapshot' | 'ids'>, d: Draw): Record<string, unknown> {
  const p = new Picker(d.numbers);
  const made = { kind: d.kind, ...membersOf(world, { p, snapshot: world.snapshot }, d.kind) } as Record<
    string,
    unknown
  >;
  for (const [name, value] of Object.entries(made)) if (value === undefined) delete made[name];
  return d.spoil < 12 ? spoiled(made, p) : made;
}

function spoiled(request: Record<string, unknown>, p: Picker): Record<string, unknown> {
  const names = Object.keys(request);
  const name = p.one(names);
  switch (p.int(4)) {
    case 0:
      return { ...request, [p.one(['extra', '__proto__', 'constructor', 'Value'])]: p.one(junk) };
    case 1: {
      const { [name]: _gone, ...rest } = request;
      return rest;
    }
    default:
      return { ...request, [name]: p.one(junk) };
  }
}

function membersOf(world: Pick<World, 'ids'>, at: At, kind: RequestKind): Record<string, unknown> {
  const { p, snapshot } = at;
  const component = components(at);
  const spec = specOf(snapshot, component);
  const names = ['one', 'two', 'three', 'four', 'fünf', 'x'.repeat(256)];
  const id = p.chance(10) ? world.ids.ulid() : undefined;
  const name = p.one(names);
  const fn = (): string => p.one([...keysOf(snapshot, 'functions'), 'check', 'nobody']);
  const view = (): string => p.one([...keysOf(snapshot, 'views'), 'All']);
  const schema = (): string => p.one(['Thing', 'Thing', 'Thing', 'Open', 'Other', ...keysOf(snapshot, 'schemas')]);
  const variant = (): string => p.one([...keysOf(snapshot, 'schemas', 53).map((k) => k.slice(27)), 'nobody']);
  const someSpec = (): VariantSpec => p.one([thingSpec, thingSpec2, openSpec]);
  const container = (kinds: readonly string[]): ReturnType<typeof place> => {
    let found = place(at, component);
    for (let i = 0; i < 6 && !kinds.includes(found.property.kind); i++) found = place(at, component);
    if (kinds.includes(found.property.kind)) return found;
    const key = p.one(
      kinds.includes('array') ? ['names', 'sizes', 'rules', 'grid'] : ['labels', 'presets', 'zones', 'free'],
    );
    const property = spec.domain.properties?.[key] ?? { kind: 'any' };
    return { pointer: `/domain/${key}`, property, path: `/domain/${key}` as Path };
  };
  switch (kind) {
    case 'component.create': {
      const type = schema();
      const attributes: Record<string, Json> = {};
      for (let i = p.int(3); i > 0; i--) {
        const property = p.one(
          Object.entries(type === 'Open' ? { free: { kind: 'any' as const } } : thingSpec.domain.properties!),
        );
        attributes[`/domain/${property[0]}`] = valueFor(at, property[1], thingSpec.definitions);
      }
      return { schema: type, name, id, views: p.chance(20) ? [view()] : undefined, attributes };
    }
    case 'component.rename':
      return { component, name };
    case 'component.restore': {
      const marked = [...snapshot.scan('cells', '')]
        .filter(([k]) => k.endsWith('/deleted_at'))
        .map(([k]) => k.slice(0, 26));
      return { component: marked.length > 0 ? p.one(marked) : component };
    }
    case 'component.delete':
    case 'component.erase':
      return { component };
    case 'component.upgrade':
      return { component, variant: p.chance(60) ? variant() : undefined };
    case 'component.duplicate':
      return { component, id, name: p.maybe(() => name) };
    case 'component.set_resource_id':
      return { component, resourceId: p.one(['i-1', 'i-2', null]) };
    case 'component.moved': {
      const at = (path: string): string[] =>
        [...snapshot.scan('cells', '')].filter(([k]) => k.endsWith(path)).map(([k]) => k.slice(0, 26));
      const having = at('/si/resourceId');
      const free = keysOf(snapshot, 'components').filter((c) => ![...having, ...at('/deleted_at')].includes(c));
      const schemaOf = (c: string): unknown => JSON.parse(snapshot.get('components', c) ?? '{}').schema;
      const from = having.length > 0 && p.chance(90) ? p.one(having) : component;
      const fitting = free.filter((c) => c !== from && schemaOf(c) === schemaOf(from));
      return { from, to: fitting.length > 0 && p.chance(90) ? p.one(fitting) : component };
    }
    case 'component.protect':
    case 'component.retain':
      return { component, on: p.int(2) === 1 };
    case 'component.look_again': {
      const bound = keysOf(snapshot, 'components').flatMap((c) => {
        const record = findComponent(snapshot, c as ComponentId);
        return record === undefined
          ? []
          : boundsOfVariant(snapshot, record).map((b) => ({ component: c, path: b.output }));
      });
      const any = { component, path: place(at, component).pointer };
      return bound.length > 0 && p.chance(85) ? p.one(bound) : any;
    }
    case 'component.ignore_changes':
      return { component, path: place(at, component).pointer, on: p.int(3) > 0 };
    case 'component.manage':
    case 'component.unmanage':
      return { component, managed: components(at) };
    case 'depends_on.add':
    case 'depends_on.remove':
      return { component, on: components(at) };
    case 'attribute.set': {
      const found = place(at, component);
      return { component, path: found.pointer, value: valueFor(at, found.property, spec.definitions) };
    }
    case 'attribute.unset':
    case 'attribute.unsubscribe': {
      // Half of the time something that is set.
      const set = [...snapshot.scan('cells', `${component}/domain`)]
        .map(([key]) => key.slice(26))
        .filter((k) => !/[@~#]/.test(k));
      return { component, path: set.length > 0 && p.chance(60) ? p.one(set) : place(at, component).pointer };
    }
    case 'attribute.subscribe':
      return p.chance(60)
        ? {
            component,
            path: p.one([
              '/domain/text',
              '/domain/count',
              '/domain/labels/k',
              '/domain/box/height',
              '/domain/free',
              '/domain/names/-',
            ]),
            source: {
              component: components(at),
              path: p.one([
                '/domain/text',
                '/domain/count',
                '/domain/labels/k',
                '/si/name',
                '/domain/box',
                '/resource_value/arn',
              ]),
            },
          }
        : { component, path: place(at, component).pointer, source: sourceOf(at) };
    case 'list.insert': {
      const found = container(['array', 'any']);
      const item = childProperty(found.property, { element: true }, spec.definitions) ?? { kind: 'any' };
      const length = readElements(snapshot, component as never, found.path).length;
      return {
        component,
        path: found.pointer,
        index: p.maybe(() => p.int(length + 1)),
        value: valueFor(at, item, spec.definitions),
      };
    }
    case 'list.move':
    case 'list.remove': {
      // Lists that have elements, by their keys.
      const lists = [...snapshot.scan('cells', component)]
        .map(([k]) => k)
        .filter((k) => k.endsWith('#') && k.indexOf('/@') === k.lastIndexOf('/@'));
      const path =
        lists.length === 0 ? container(['array']).path : (p.one(lists).slice(26).replace(/\/@.*/, '') as Path);
      const pointer = path.replaceAll('~2', '@');
      const length = Math.max(
        1,
        readElements(snapshot, component as never, path).length,
        path.endsWith('/sizes') ? 3 : 0,
      );
      return kind === 'list.remove'
        ? { component, path: pointer, index: p.int(length) }
        : { component, path: pointer, from: p.int(length), to: p.int(length) };
    }
    case 'map.put':
    case 'map.remove': {
      const found = container(['map', 'any', 'object']);
      const members = Object.keys(found.property.properties ?? {});
      const there = [...snapshot.scan('cells', `${component}${found.path}/`)]
        .map(([k]) => k.slice(27 + found.path.length))
        .filter((k) => !/[@~#/]/.test(k));
      const key =
        kind === 'map.remove' && there.length > 0
          ? p.one(there)
          : p.one(members.length > 0 ? members : [...nastyKeys, 'a', 'b']);
      if (kind === 'map.remove') return { component, path: found.pointer, key };
      const child = childProperty(found.property, { key }, spec.definitions) ?? { kind: 'any' };
      return { component, path: found.pointer, key, value: valueFor(at, child, spec.definitions) };
    }
    case 'view.create':
      return { name, id };
    case 'view.rename':
      return { view: view(), name };
    case 'view.remove':
      return { view: view() };
    case 'view.add_component':
    case 'view.remove_component':
      return { view: view(), component };
    case 'view.set_geometry':
      return {
        view: view(),
        component,
        geometry: p.one([null, { x: 1, y: 2 }, { x: 1.5, y: -2, width: 10, height: null }]),
      };
    case 'view.set_approvers':
      return {
        view: view(),
        rule: p.one([null, { approvers: ['ann', 'bob'], minimum: 1 }, { approvers: ['bob'], minimum: 2 }]),
      };
    case 'schema.create':
      return { name: p.one(['Other', 'More']), id, spec: someSpec(), category: p.maybe(() => 'Net') };
    case 'schema.define':
      return {
        name: p.one(['Other', 'Thing', 'Open', 'Made']),
        id,
        spec: someSpec(),
        text: p.one(texts),
        follows: p.maybe(() => [{ output: '/domain/text', path: p.one(['/domain/names', '/si/name']) }]),
      };
    case 'schema.install':
      return { name: p.one(['Cat', 'Dog']), category: 'Zoo', origin: 'aws', spec: someSpec() };
    case 'schema.edit_variant':
      return { variant: variant(), spec: someSpec(), name: p.maybe(() => name) };
    case 'schema.lock_variant':
      return { variant: variant() };
    case 'schema.unlock_variant':
      return { variant: variant(), id };
    case 'schema.set_default': {
      const pair = p.one(keysOf(snapshot, 'schemas', 53));
      return { schema: p.chance(90) ? pair.slice(0, 26) : schema(), variant: pair.slice(27) };
    }
    case 'function.create':
      return { name, id, functionKind: p.one(functionKinds), text: p.one(texts), displayName: p.maybe(() => 'Name') };
    case 'function.edit_text':
      return { function: fn(), text: p.one([...texts, 'a😀b', 'a😁b', 'return 1;\n']) };
    case 'function.set_metadata':
      return { function: fn(), name: p.maybe(() => name), description: p.maybe(() => 'what it does') };
    case 'function.lock':
      return { function: fn() };
    case 'function.unlock':
      return { function: fn(), id };
    case 'binding.attach': {
      const f = fn();
      const record = JSON.parse(snapshot.get('functions', f) ?? '{}') as { kind?: string };
      const onSchema = p.int(2) === 1;
      return {
        function: f,
        id,
        schema: onSchema ? schema() : undefined,
        variant: onSchema ? undefined : variant(),
        output: record.kind === 'attribute' ? p.one(['/domain/text', '/domain/free']) : undefined,
        arguments: p.maybe(() => [
          { name: 'a', path: record.kind === 'attribute' ? p.one(['/si/name', '/domain']) : '/domain' },
          { name: 'b', value: p.one<Json>([1, null, { a: 1 }]) },
        ]),
        action: record.kind === 'action' ? p.one(actionKinds) : undefined,
      };
    }
    case 'binding.detach':
      return { binding: p.one([...keysOf(snapshot, 'bindings'), 'nobody']) };
    case 'secret.put':
      return {
        secret: p.chance(30) ? 'db' : undefined,
        id,
        name: p.one(['db', 'api', 'ssh']),
        definition: 'Login',
        key: p.one(['k1', 'k2']),
      };
    case 'secret.rename':
      return { secret: p.one([...keysOf(snapshot, 'secrets'), 'db']), name: p.one(['db', 'api', 'ssh']) };
    case 'secret.remove':
      return { secret: p.one([...keysOf(snapshot, 'secrets'), 'ssh']) };
    case 'action.skip':
    case 'action.hold':
    case 'action.add':
    case 'action.remove': {
      const there = [...snapshot.scan('overrides', '')].map(([k]) => k.split('/'));
      if (kind === 'action.remove' && there.length > 0) {
        const [of, action, manual] = p.one(there);
        return { component: of, action, name: manual === '' ? undefined : manual };
      }
      const action = p.one(actionKinds);
      return { component, action, name: action === 'manual' ? p.one(['reboot', 'a/b']) : undefined };
    }
    default:
      return {};
  }
}
