// References between instances: a text that is the id or ARN of an instance that this one depends on follows it; a
// dependency that no value shows is an ordering edge, unless another dependency brings it along. Nothing that would
// close a circle is linked, whatever a file says.

import { compareText } from '../../base/json.ts';
import type { Instance } from './model.ts';
import type { Placed } from './place.ts';

/** Texts shorter than this, and words like these, are equal by chance. */
const identifierCharsMin = 3;
const commonWords = new Set(['none', 'true', 'false', 'null', 'default', 'enabled', 'disabled']);
/** Instances of one resource that one instance is ordered after. */
export const orderedAfterMax = 64;

export interface Target {
  readonly index: number;
  readonly path: string;
}

export class References {
  /** Of each configuration address: its instances, and by value which of them shows it where. */
  private readonly members = new Map<string, number[]>();
  private readonly shown = new Map<string, Map<string, Showing>>();
  private readonly needs = new Map<string, ReadonlySet<string>>();
  private readonly linkable = new Map<Instance, readonly string[]>();

  constructor(placed: readonly Placed[]) {
    placed.forEach(({ instance, points }, index) => {
      append(this.members, instance.config, index);
      for (const { value, path } of points) {
        if (value.length < identifierCharsMin || commonWords.has(value)) continue;
        const byValue = this.shown.get(instance.config) ?? new Map<string, Showing>();
        this.shown.set(instance.config, byValue);
        const showing = byValue.get(value) ?? new Showing();
        byValue.set(value, showing);
        showing.add(instance, { index, path });
      }
    });
    const direct = new Map<string, Set<string>>();
    for (const { instance } of placed) {
      const known = direct.get(instance.config) ?? new Set();
      direct.set(instance.config, known);
      for (const config of this.written(instance)) known.add(config);
    }
    const circles = componentsOf(direct);
    for (const [config, all] of direct) {
      const circle = circles.get(config);
      this.needs.set(config, new Set([...all].filter((d) => circles.get(d) !== circle)));
    }
  }

  /** The addresses that an instance depends on, those that are in the file. */
  private written(instance: Instance): string[] {
    return instance.needs.flatMap((meanings) => meanings.find((config) => this.members.has(config)) ?? []);
  }

  /** Dependencies of the instance that can be linked, in one order. */
  private needsOf(instance: Instance): readonly string[] {
    let known = this.linkable.get(instance);
    if (known === undefined) {
      const open = this.needs.get(instance.config)!;
      known = [...new Set(this.written(instance))].filter((config) => open.has(config)).sort(compareText);
      this.linkable.set(instance, known);
    }
    return known;
  }

  /** Dependencies of the instance in the file that would close a circle. */
  circular(instance: Instance): string[] {
    const open = this.needs.get(instance.config)!;
    return [...new Set(this.written(instance))].filter((config) => !open.has(config));
  }

  /** What a text of the instance follows. `isLabel`: only an ARN is more than chance in it. */
  find(instance: Instance, text: string, isLabel: boolean): Target | undefined {
    if (text.length < identifierCharsMin || (isLabel && !text.startsWith('arn:'))) return undefined;
    const hits = this.needsOf(instance).flatMap((config) => {
      const showing = this.shown.get(config)?.get(text);
      return showing === undefined ? [] : [{ config, target: showing.nearest(instance) }];
    });
    // Of several that show it, the one that the others have it from.
    const origin = hits.find(({ config }) => !hits.some((other) => this.needs.get(config)!.has(other.config)));
    return origin?.target;
  }

  /** Instances to be ordered after; and addresses with too many of them. `linked`: addresses that a value shows. */
  orderedAfter(instance: Instance, linked: ReadonlySet<string>): { edges: number[]; tooMany: string[] } {
    const all = this.needsOf(instance);
    const open = all.filter(
      (config) => !linked.has(config) && !all.some((other) => this.needs.get(other)!.has(config)),
    );
    const isTooMany = (config: string) => this.members.get(config)!.length > orderedAfterMax;
    return {
      edges: open.filter((config) => !isTooMany(config)).flatMap((config) => this.members.get(config)!),
      tooMany: open.filter(isTooMany),
    };
  }
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

/** Instances of one resource that show one text: the first of all, of each module, and with each key. */
class Showing {
  private readonly byPlace = new Map<string, Target>();

  add(instance: Instance, target: Target): void {
    for (const place of placesOf(instance)) if (!this.byPlace.has(place)) this.byPlace.set(place, target);
  }

  /** The one with the same key in the same module, in the same module, or the first. */
  nearest(to: Instance): Target {
    const place = placesOf(to).find((known) => this.byPlace.has(known))!;
    return this.byPlace.get(place)!;
  }
}

function placesOf({ module, key }: Instance): string[] {
  return [JSON.stringify([module, key]), JSON.stringify([module]), ''];
}

/** Numbers of the strongly connected components (Tarjan 1972, without recursion): equal numbers lie on one circle. */
function componentsOf(edges: ReadonlyMap<string, ReadonlySet<string>>): Map<string, number> {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const component = new Map<string, number>();
  const stack: string[] = [];
  let components = 0;
  for (const root of edges.keys()) {
    if (order.has(root)) continue;
    const work: { node: string; next: Iterator<string> }[] = [];
    const enter = (node: string): void => {
      order.set(node, order.size);
      low.set(node, order.get(node)!);
      stack.push(node);
      work.push({ node, next: (edges.get(node) ?? new Set<string>()).values() });
    };
    enter(root);
    for (let at = work.at(-1); at !== undefined; at = work.at(-1)) {
      const { node } = at;
      const { value: to, done } = at.next.next();
      if (!done) {
        if (!order.has(to)) enter(to);
        else if (!component.has(to)) low.set(node, Math.min(low.get(node)!, order.get(to)!));
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent !== undefined) low.set(parent.node, Math.min(low.get(parent.node)!, low.get(node)!));
      if (low.get(node) !== order.get(node)) continue;
      for (let member = stack.pop()!; ; member = stack.pop()!) {
        component.set(member, components);
        if (member === node) break;
      }
      components++;
    }
  }
  return component;
}
