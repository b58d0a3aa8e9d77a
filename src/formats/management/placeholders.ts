// What a result calls components by: `self`, the names under which it creates some, and names or ids of those that the
// component manages already. Only these are edited; a value may follow any component.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { refuse } from '../../base/result.ts';
import { nameOf } from '../../model/lookup.ts';
import { signatureOf } from '../../model/signature.ts';
import type { Reader } from '../../model/state.ts';
import { fail, misfit } from './reading.ts';

const self = 'self';

export class Placeholders {
  /** Several of one name are not told apart by it. */
  readonly #byName = new Map<string, readonly ComponentId[]>();
  readonly #created = new Map<string, ComponentId>();
  /** Those created, in order. */
  readonly #order = new Map<ComponentId, number>();

  constructor(state: Reader, component: ComponentId, managed: readonly ComponentId[]) {
    for (const id of managed) {
      const name = nameOf(state, id);
      if (name !== '') this.#byName.set(name, [...(this.#byName.get(name) ?? []), id]);
    }
    for (const id of [component, ...managed]) this.#byName.set(id, [id]);
    this.#byName.set(self, [component]);
  }

  /** A new component under a name. It hides one that is managed already and has the same name. */
  create(name: string, id: ComponentId, at: string): void {
    if (name === self) misfit(at, 'another name: self is the component that the function runs on', name);
    this.#order.set(id, this.#order.size);
    this.#created.set(name, id);
  }

  /** How many were created before it; undefined: it is not new. */
  orderOf(id: ComponentId): number | undefined {
    return this.#order.get(id);
  }

  /** A component that the function may edit. Throws `component_not_found`, `ambiguous_name`. */
  own(name: string, at: string): ComponentId {
    const found = this.#find(name, at);
    if (found !== undefined) return found;
    return fail(
      refuse('component_not_found', {
        path: at,
        expected: 'self, a component that the result creates, or the name or id of one that the component manages',
        got: JSON.stringify(name),
        hint: 'a management function edits nothing else',
      }),
    );
  }

  /** What a value follows: a component as the result calls it, else the id or name of any. */
  #source(name: string, at: string): string {
    return this.#find(name, at) ?? name;
  }

  #find(name: string, at: string): ComponentId | undefined {
    const created = this.#created.get(name);
    if (created !== undefined) return created;
    const found = this.#byName.get(name) ?? [];
    if (found.length < 2) return found[0];
    return fail(
      refuse('ambiguous_name', {
        path: at,
        expected: `one component named ${JSON.stringify(name)} among those that are managed`,
        got: `${found.length}: ${found.slice(0, 10).join(', ')}`,
        hint: 'use the id: `components` has them by it',
        data: { ids: found },
      }),
    );
  }

  /** An author's value with the components that its sources name as ids; `refers` gets those that are new. */
  resolve(value: Json, at: string, refers: Set<ComponentId>): Json {
    if (Array.isArray(value)) return value.map((item: Json, i) => this.resolve(item, `${at}/${i}`, refers));
    if (!isObject(value)) return value;
    const source = value['$source'];
    if (source !== undefined && isObject(source))
      return { ...value, $source: this.#resolveSource(source, `${at}/$source`, refers) };
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, this.resolve(member, `${at}/${key}`, refers)]),
    );
  }

  #resolveSource(source: JsonObject, at: string, refers: Set<ComponentId>): JsonObject {
    const { component, func, args } = source;
    let out = source;
    if (typeof component === 'string') {
      const id = this.#source(component, `${at}/component`);
      if (this.#order.has(id as ComponentId)) refers.add(id as ComponentId);
      out = { ...out, component: id };
    }
    if (typeof func === 'string' && signatureOf(func) === undefined) {
      // Not built in: a function of a user.
      const { func: _, ...rest } = out;
      out = { ...rest, function: func };
    }
    if (Array.isArray(args))
      out = { ...out, args: args.map((arg: Json, i) => this.resolve(arg, `${at}/args/${i}`, refers)) };
    return out;
  }
}
