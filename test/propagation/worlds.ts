// What the tests of propagation share: a driver that runs everything to the end with results of its own for users'
// functions, and the comparison with the plain evaluator.

import { expect } from 'vitest';
import type { ComponentId, Hash } from '../../src/base/ids.ts';
import { canonical, type Json } from '../../src/base/json.ts';
import type { Call, Evaluated } from '../../src/builtins/assemble.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import { splitAddress } from '../../src/model/keys.ts';
import { nameOf } from '../../src/model/lookup.ts';
import type { ResourceRecord } from '../../src/model/module.ts';
import type { Path } from '../../src/model/path.ts';
import type { Input, Request } from '../../src/mutation/request.ts';
import { Propagation } from '../../src/propagation/propagation.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { smallWorld, thingSpec, type World } from '../support/model_world.ts';
import { resultOf } from './results.ts';

/** Works until nothing is left; answers the calls that were made. */
export function settle(p: Propagation, result: (call: Call) => Evaluated = resultOf): Call[] {
  const calls: Call[] = [];
  while (!p.quiet) {
    p.step(1_000_000);
    const wanted = p.takeWanted();
    if (wanted.length === 0) {
      expect(p.pending, 'something is pending, nothing is asked for').toBe(0);
      continue;
    }
    for (const { key, call } of wanted) {
      calls.push(call);
      p.deliver(key, result(call));
    }
  }
  return calls;
}

function plain(e: Evaluated): Json {
  switch (e.state) {
    case 'value':
      return { value: e.value, awaits: e.awaits ?? false };
    case 'none':
      return { awaits: e.awaits ?? false };
    case 'error':
      return { code: e.code, message: e.message };
    case 'pending':
      return 'pending';
  }
}

/** Every value is what a full evaluation gives, and there is no other. */
export function expectAsFromScratch(
  p: Propagation,
  snapshot: Snapshot,
  result: (call: Call) => Evaluated = resultOf,
): void {
  const wanted = new Evaluation(snapshot, result).all();
  const got = p.values();
  const lines = (m: ReadonlyMap<string, Evaluated>): string[] =>
    [...m].map(([address, e]) => `${address} ${canonical(plain(e))}`).sort();
  expect(lines(got)).toEqual(lines(wanted));
}

/** What a function gives by its text: `echo` its input, `fail` an error, `none` nothing, anything else that text. */
function byText(texts: (hash: string) => string): (call: Call) => Evaluated {
  return (call) => {
    const text = texts(call.text);
    if (text === 'echo') return { state: 'value', value: call.input };
    if (text === 'fail') return { state: 'error', code: 'threw', message: 'it failed' };
    return text === 'none' ? { state: 'none' } : { state: 'value', value: text };
  };
}

/** A small world whose propagation tells what ran, by names: `a.text` is /domain/text of the component named a. */
export class Watched {
  readonly world: World;
  readonly p: Propagation;
  readonly result: (call: Call) => Evaluated;
  #ran: string[] = [];
  /** Calls made since the last look, as `name input`. */
  calls: string[] = [];

  /** `prepare` makes the world; all of it is settled before the first look. */
  constructor(prepare: (world: World) => void, result?: (call: Call) => Evaluated) {
    this.world = smallWorld();
    // Results of the functions here are of any length and form.
    const { properties } = thingSpec.domain;
    const plain = { kind: 'string' } as const;
    const domain = { ...thingSpec.domain, properties: { ...properties, short: plain, code: plain } };
    const things = [...this.world.snapshot.scan('index', 'schema:Thing')].map(([key]) => key.slice(-26));
    const own = [...this.world.snapshot.scan('schemas', `${things[0]}/`)][0]![0].slice(27);
    this.world.do({ kind: 'schema.edit_variant', variant: own, spec: { ...thingSpec, domain } });
    this.world.lawful = false;
    prepare(this.world);
    this.result = result ?? byText((hash) => this.world.snapshot.blob(hash as Hash));
    this.p = new Propagation(this.world.snapshot, undefined, { ran: (address) => void this.#ran.push(address) });
    this.settle();
  }

  named(address: string): string {
    const { component, path } = splitAddress(address);
    const name = nameOf(this.world.snapshot, component) || component;
    return `${name}${path.replace(/^\/domain\//, '.').replace(/@[^/]+/g, '@')}`;
  }

  /** Settles, and tells what ran since the last look, in order of names. */
  settle(): string[] {
    for (const call of settle(this.p, this.result)) this.calls.push(`${call.name} ${call.input}`);
    return this.take();
  }

  take(): string[] {
    const out = this.#ran.map((address) => this.named(address)).sort();
    this.#ran = [];
    return out;
  }

  takeCalls(): string[] {
    const out = this.calls.sort();
    this.calls = [];
    return out;
  }

  /** Carries requests out as one step, without settling. */
  edit(...requests: readonly Request[]): void {
    this.world.do(...requests);
    this.p.moveTo(this.world.snapshot);
  }

  /** Carries requests out as one step, settles, and tells what ran. */
  ranBy(...requests: readonly Request[]): string[] {
    this.edit(...requests);
    const ran = this.settle();
    expectAsFromScratch(this.p, this.world.snapshot, this.result);
    return ran;
  }

  /** What a provider reports, without settling. */
  report(component: string, record: ResourceRecord | undefined): void {
    const draft = this.world.snapshot.edit();
    if (record === undefined) draft.remove('resources', component);
    else draft.put('resources', component, JSON.stringify(record));
    this.world.snapshot = draft.finish();
    this.p.moveTo(this.world.snapshot);
  }

  valueOf(component: string, path: string): Json | undefined {
    const read = this.p.read({ component: component as ComponentId, path: path as Path });
    return read.state === 'value' ? read.value : undefined;
  }
}

export const set = (component: string, path: string, value: Input): Request => ({
  kind: 'attribute.set',
  component,
  path: path.startsWith('/') ? path : `/domain/${path}`,
  value,
});

export const from = (component: string, path: string): Json => ({
  $source: { component, path: path.startsWith('/') ? path : `/domain/${path}` },
});

export const call = (name: string, ...args: Json[]): Json => ({ $source: { call: name, args } });

export const follow = (component: string, path: string, source: string, at: string): Request =>
  set(component, path, from(source, at));
