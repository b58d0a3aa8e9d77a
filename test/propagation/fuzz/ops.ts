// One step of a random test, as data: it can be printed, replayed and left out. Chosen by looking at the state, so that
// most edits succeed and meet.

import type { ComponentId } from '../../../src/base/ids.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Cell } from '../../../src/model/cell.ts';
import type { Expr } from '../../../src/model/expr.ts';
import { overlaps, type Path } from '../../../src/model/path.ts';
import { chance, type Numbers, oneOf } from '../../laws/numbers.ts';
import {
  componentsMax,
  type FuzzWorld,
  functionId,
  functionIds,
  idOf,
  schemaNames,
  specs,
  valuesMax,
} from './world.ts';

export type Op =
  | { readonly op: 'edit'; readonly requests: readonly Json[] }
  /** An expression as no request writes it yet: with a user's function. */
  | { readonly op: 'cell'; readonly component: ComponentId; readonly path: Path; readonly cell: Cell }
  | { readonly op: 'report'; readonly component: ComponentId; readonly record: Json }
  /** To a state of before, as a revert or another change set has it. */
  | { readonly op: 'back'; readonly by: number }
  /** Works, and delivers some results, the ones at `order` in what is waiting. */
  | { readonly op: 'drive'; readonly budget: number; readonly order: readonly number[] }
  | { readonly op: 'settle' | 'fork' | 'reopen' | 'keep' | 'older' };

const literals: readonly Json[] = [0, 1, 2, 3, 'a', 'b', '1', '', true, false, null];
const wholes: readonly Json[] = [[], [1, 'a'], {}, { a: 1 }, { a: 1, b: 'b' }, { a: { b: 2 } }];
const texts = ['a', 'b', '1', '', 'a,b'];

const places = [
  ...['n1', 'n2', 't1', 't2', 'flag', 'x1', 'x2', 'x3', 'box', 'box/w', 'box/h', 'box/inner/d', 'box/inner', 'list'],
  ...['list/0', 'list/1', 'map', 'map/k', 'map/l', 'out', 'obj', 'obj/a', 'obj/b'],
].map((p) => `/domain/${p}`);
const reality = ['/resource_value/arn', '/resource_value/size', '/resource_value', '/resource', '/si/resourceId'];
const computed = ['/code', '/code/render', '/qualification', '/qualification/judge'];
const validation = ['/qualification', '/qualification/validation', '/qualification/validation/result'];

class Chooser {
  readonly next: Numbers;
  readonly world: FuzzWorld;
  readonly functions: boolean;
  readonly components: readonly ComponentId[];

  constructor(next: Numbers, world: FuzzWorld, functions: boolean) {
    this.next = next;
    this.world = world;
    this.functions = functions;
    this.components = world.keys('components') as ComponentId[];
  }

  one<T>(list: readonly T[]): T {
    return oneOf(this.next, list);
  }

  get component(): ComponentId {
    return this.components.length === 0 ? (idOf('C', 0) as ComponentId) : this.one(this.components);
  }

  get source(): Json {
    const r = this.next() % 20;
    const path =
      r < 14
        ? this.one(places)
        : r < 18
          ? this.one(reality)
          : r < 19
            ? this.one(this.functions && chance(this.next, 50) ? computed : validation)
            : '/si/name';
    return { $source: { component: this.component, path } };
  }

  leaf(): Json {
    return chance(this.next, 70) ? this.source : this.one(literals);
  }

  /** An expression as requests write it. */
  call(depth = 0): Json {
    const arg = (): Json => (depth < 2 && chance(this.next, 30) ? this.call(depth + 1) : this.leaf());
    const list = (n: number): Json[] => Array.from({ length: n }, arg);
    const make = (name: string, ...args: Json[]): Json => ({ $source: { call: name, args } });
    switch (this.next() % 18) {
      case 0:
      case 1:
        return make('sum', ...list(1 + (this.next() % 3)));
      case 2:
      case 3:
        return make('concat', ...list(1 + (this.next() % 3)));
      case 4:
      case 5:
        return make('if', make('equals', arg(), arg()), arg(), arg());
      case 6:
        return make('coalesce', ...list(2));
      case 7:
        return make('equals', ...list(2));
      case 8:
        return make('select', this.next() % 2, arg());
      case 9:
        return make('get', arg(), this.one(['a', 'k', 'w']));
      case 10:
        return make('object', 'a', arg(), 'b', arg());
      case 11:
        return make('array', ...list(2));
      case 12:
        return make(
          this.one(['toInteger', 'toText', 'toList', 'toJson', 'toBoolean', 'identity', 'length', 'keys']),
          arg(),
        );
      case 13:
        return make(this.one(['and', 'or']), ...list(2));
      case 14:
        return make('not', arg());
      case 15:
        return make('merge', ...list(2));
      case 16:
        return make('join', ',', arg());
      default:
        return this.source;
    }
  }

  /** A value for a property of kind `any`: mostly a small literal. */
  value(): Json {
    const r = this.next() % 10;
    if (r < 6) return this.one(literals);
    if (r < 8) return this.one(wholes);
    if (r < 9) return { $source: null };
    return this.call();
  }

  valueAt(path: string): Json {
    const name = path.slice('/domain/'.length);
    if (/^n\d|^box\/w/.test(name)) return this.next() % 4;
    if (/^t\d/.test(name)) return this.one(texts);
    if (name === 'flag') return chance(this.next, 50);
    if (name === 'box') return this.one<Json>([{}, { w: 1 }, { w: 2, h: 'a' }, { inner: { d: 1 } }]);
    if (name === 'box/inner') return this.one<Json>([{}, { d: 1 }, { d: 2 }]);
    if (name === 'list') return this.one<Json>([[], [1, 'a'], [1], ['a', 1, 2]]);
    if (name === 'map') return this.one<Json>([{}, { k: 1 }, { k: 1, l: 'a' }]);
    return this.value();
  }

  request(): Json {
    const { component } = this;
    const r = this.next() % 100;
    if (r < 38) {
      const path = this.one(places);
      return { kind: 'attribute.set', component, path, value: this.valueAt(path) };
    }
    if (r < 54) {
      const path = this.one([
        'x1',
        'x2',
        'x3',
        'box/h',
        'obj/a',
        'map/k',
        'list/-',
        'out',
        'n2',
        't1',
        'flag',
        'obj',
        'box/inner/d',
      ]);
      const made = this.call();
      const typed = { n2: 'toInteger', t1: 'toText', flag: 'toBoolean' }[path];
      const value: Json = typed === undefined ? made : { $source: { call: typed, args: [made] } };
      return { kind: 'attribute.set', component, path: `/domain/${path}`, value };
    }
    if (r < 62) return { kind: 'attribute.unset', component, path: this.one(places) };
    if (r < 66)
      return { kind: 'list.insert', component, path: '/domain/list', index: this.next() % 2, value: this.value() };
    if (r < 68) return { kind: 'list.move', component, path: '/domain/list', from: 0, to: 1 };
    if (r < 71) return { kind: 'list.remove', component, path: '/domain/list', index: this.next() % 2 };
    if (r < 73)
      return { kind: 'map.put', component, path: '/domain/map', key: this.one(['k', 'l']), value: this.value() };
    if (r < 75) return { kind: 'map.remove', component, path: '/domain/map', key: this.one(['k', 'l']) };
    if (r < 78) return { kind: 'component.delete', component };
    if (r < 82) return { kind: 'component.restore', component: this.marked() ?? component };
    if (r < 83) return { kind: 'component.erase', component: this.marked() ?? component };
    if (r < 87) return this.create();
    if (r < 88) return { kind: 'component.rename', component, name: this.one(['a', 'b', 'c1']) };
    if (r < 90) return { kind: 'component.set_resource_id', component, resourceId: this.one(['i-1', 'i-2', null]) };
    if (r < 91) return { kind: 'component.moved', from: component, to: this.one(this.components) };
    if (r < 92) return { kind: 'attribute.unsubscribe', component, path: this.one(places) };
    if (r < 94) return this.schema(component);
    return this.functions
      ? this.ofFunction()
      : { kind: 'attribute.set', component, path: '/domain/x1', value: this.leaf() };
  }

  marked(): ComponentId | undefined {
    const marked = this.components.filter((c) => this.world.snapshot.get('cells', `${c}/deleted_at`) !== undefined);
    return marked.length === 0 ? undefined : this.one(marked);
  }

  create(): Json {
    if (this.components.length >= componentsMax) return { kind: 'component.erase', component: this.component };
    const free = Array.from({ length: componentsMax }, (_, i) => idOf('C', i)).filter(
      (id) => !this.components.includes(id as ComponentId),
    );
    const id = this.one(free);
    if (chance(this.next, 30)) return { kind: 'component.duplicate', component: this.component, id, name: 'copy' };
    return {
      kind: 'component.create',
      schema: this.one(schemaNames),
      id,
      name: this.one(['a', 'b']),
      attributes: { '/domain/x1': this.value(), '/domain/x2': this.call() },
    };
  }

  schema(component: ComponentId): Json {
    const variants = this.world.keys('schemas', 53).map((k) => k.slice(27));
    switch (this.next() % 6) {
      case 0:
        return { kind: 'schema.lock_variant', variant: this.one(variants) };
      case 1:
        return { kind: 'schema.unlock_variant', variant: this.one(variants) };
      case 2:
        return { kind: 'component.upgrade', component, variant: this.one(variants) };
      case 3:
        return { kind: 'component.upgrade', component };
      default:
        return { kind: 'schema.edit_variant', variant: this.one(variants), spec: this.one(specs) as unknown as Json };
    }
  }

  ofFunction(): Json {
    const r = this.next() % 10;
    if (r < 3)
      return { kind: 'function.edit_text', function: functionId(this.one(functionIds)), text: `v${this.next() % 3}` };
    if (r < 4)
      return {
        kind: 'function.set_metadata',
        function: functionId(this.one(['render', 'judge', 'attr1'] as const)),
        name: this.one(['render', 'judge', 'other', 'more']),
      };
    if (r < 6) {
      const bindings = this.world.keys('bindings');
      return { kind: 'binding.detach', binding: bindings.length === 0 ? 'none' : this.one(bindings) };
    }
    const name = this.one(['attr1', 'attr2', 'attr1', 'attr2', 'render', 'judge'] as const);
    const variants = this.world.keys('schemas', 53).map((k) => k.slice(27));
    const argument = (of: string): Json =>
      chance(this.next, 85)
        ? { name: of, path: this.one(inputs).replace(/\/[01]$/, '') }
        : { name: of, value: this.one(literals) };
    const isAttribute = name.startsWith('attr');
    const output = this.one(['out', 'obj', 'box/inner/d', 'map/k', 'x3', 'obj/a'].map((p) => `/domain/${p}` as Path));
    // Now and then one that reads what it writes.
    const inputs = [...places, ...places, ...reality, '/code', '/domain'].filter(
      (p) => !isAttribute || !overlaps(p as Path, output) || chance(this.next, 5),
    );
    return {
      kind: 'binding.attach',
      function: functionId(name),
      ...(chance(this.next, 50) ? { schema: this.one(schemaNames) } : { variant: this.one(variants) }),
      ...(isAttribute || chance(this.next, 30) ? { arguments: [argument('p'), argument('q')] } : {}),
      ...(isAttribute ? { output } : {}),
    };
  }

  /** A cell whose expression calls a user's function. */
  cell(): Op {
    const source = (): Expr => ({ s: [this.component, this.one(places.filter((p) => !p.includes('list/'))) as Path] });
    const call = (): Expr => ({
      f: [functionId(this.one(['trans1', 'trans2'] as const)), source(), ...(chance(this.next, 30) ? [source()] : [])],
    });
    const x: Expr = this.one([call(), { f: ['concat', call(), source()] }, { f: ['coalesce', call(), call()] }]);
    return {
      op: 'cell',
      component: this.component,
      path: this.one(['/domain/x1', '/domain/x2', '/domain/map/k']) as Path,
      cell: { x },
    };
  }

  report(): Op {
    const status = this.one(['ok', 'ok', 'ok', 'failed', 'absent']);
    const payload = this.one<Json>([{ arn: 'a' }, { arn: 'a', size: 1 }, { arn: 'b', size: 1 }, {}, null]);
    const record = chance(this.next, 15) ? null : { resourceId: this.one(['i-1', null]), status, payload };
    return { op: 'report', component: this.component, record };
  }
}

/** The next change of the state. */
export function nextEdit(next: Numbers, world: FuzzWorld, functions: boolean): Op {
  const chooser = new Chooser(next, world, functions);
  let values = 0;
  for (const _ of world.snapshot.scan('cells', '')) values++;
  if (values > valuesMax + 3 * chooser.components.length)
    return { op: 'edit', requests: [{ kind: 'component.erase', component: chooser.component }] };
  const r = next() % 100;
  if (r < 7) return chooser.report();
  if (r < 10) return { op: 'back', by: next() % 8 };
  if (functions && r < 14) return chooser.cell();
  return {
    op: 'edit',
    requests: Array.from({ length: chance(next, 15) ? 2 + (next() % 3) : 1 }, () => chooser.request()),
  };
}

/** How the work goes on after a change: mostly to the end, at times only a portion, at times elsewhere. */
export function nextWork(next: Numbers): Op[] {
  const r = next() % 100;
  const drive = (): Op => ({
    op: 'drive',
    budget: oneOf(next, [0, 1, 2, 3, 5, 10, 1_000]),
    order: Array.from({ length: next() % 4 }, () => next() % 1_000),
  });
  if (r < 40) return [{ op: 'settle' }];
  if (r < 55) return [drive(), drive(), drive(), { op: 'settle' }];
  if (r < 90) return [drive()];
  if (r < 92) return [drive(), { op: 'fork' }];
  if (r < 95) return [{ op: 'reopen' }];
  if (r < 97) return [{ op: 'keep' }];
  if (r < 99) return [{ op: 'older' }];
  return [];
}
