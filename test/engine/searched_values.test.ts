// A search that puts together only the values it asks for finds what one does that looks at whole components.

import { expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import { canonical, type Json } from '../../src/base/json.ts';
import { must } from '../../src/base/result.ts';
import type { Results } from '../../src/builtins/assemble.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import { lineOf } from '../../src/engine/component.ts';
import { Asked, SearchIndex } from '../../src/engine/search_index.ts';
import { SearchedValues } from '../../src/engine/searched_values.ts';
import { matchSearch, parseSearch } from '../../src/formats/search.ts';
import { findComponent } from '../../src/model/lookup.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { numbersFrom } from '../laws/numbers.ts';
import { nextEdit } from '../propagation/fuzz/ops.ts';
import { FuzzWorld } from '../propagation/fuzz/world.ts';
import { resultOf } from '../propagation/results.ts';

type Leaf = readonly [pointer: string, text: string];

function* leaves(at: string, value: Json): Iterable<Leaf> {
  if (typeof value === 'object' && value !== null)
    for (const [key, member] of Object.entries(value))
      yield* leaves(`${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, member as Json);
  else yield [at, String(value)];
}

/** As runs give it: code and qualifications have a form of their own. */
const shaped: Results = (call) => {
  const is = resultOf(call);
  if (is.state !== 'value') return is;
  if (call.kind === 'code-generation') return { ...is, value: { code: canonical(is.value), format: 'json' } };
  return call.kind === 'qualification' ? { ...is, value: { result: 'success', message: canonical(is.value) } } : is;
};

const quoted = (text: string): string => `"${text.replace(/["\\*]/g, '\\$&')}"`;

test('[EN439] a search finds the same whether it puts together whole components or what it asks for', () => {
  let asked = 0;
  let found = 0;
  for (let seed = 1; seed <= 25; seed++) {
    const next = numbersFrom(seed);
    const upTo = (n: number): number => next() % n;
    const world = new FuzzWorld(seed % 2 === 0);
    for (let n = 0; n < 60; n++) {
      const op = nextEdit(next, world, seed % 2 === 0);
      if (op.op === 'edit') world.request(op.requests);
      else if (op.op === 'cell')
        world.mutate({ kind: 'cell.set', component: op.component, path: op.path, cell: op.cell });
      else if (op.op === 'report') world.report(op.component, op.record as object | null);
    }
    const evaluation = new Evaluation(world.snapshot, shaped);
    const ids = world.keys('components').filter((id) => findComponent(world.snapshot, id as ComponentId) !== undefined);
    const whole = new Map<string, Leaf[]>(
      ids.map((id) => [id, [...leaves('', evaluation.view(id as ComponentId).value)]]),
    );
    const all = [...whole.values()].flat();
    for (let n = 0; n < 40; n++) {
      const [pointer, text] = all[upTo(all.length)]!;
      const segments = pointer.slice(1).split('/');
      const tail = segments.slice(upTo(segments.length));
      if (upTo(3) === 0) tail.splice(upTo(tail.length), 1, 'X'.repeat(upTo(2)) + segments.at(-1)!);
      const path = upTo(4) === 0 ? pointer : tail.join('/');
      const value = [quoted(text), `${quoted(text.slice(0, 1))}*`, `!${quoted(text)}`, '*'][upTo(4)]!;
      const one = `${quoted(path)}:${value}`;
      const query = [one, `!${one}`, `${one} | ${quoted(segments.at(-1)!)}:*`, `a ${one}`][upTo(4)]!;
      const parsed = must(parseSearch(query));
      const values = new SearchedValues(evaluation, parsed);
      for (const [id, its] of whole) {
        const line = { id: id as ComponentId, name: `a ${id}`, schema: 'S' };
        const wanted = matchSearch(parsed, { name: line.name, schema: 'S', attributes: () => its });
        expect(matchSearch(parsed, values.subject(line)), `seed ${seed}: ${query} in ${id}`).toBe(wanted);
        asked++;
        if (wanted) found++;
      }
    }
  }
  expect(found).toBeGreaterThan(asked / 20);
  expect(found).toBeLessThan((asked * 19) / 20);
});

test('[EN440] what searches keep is what a look at each component finds, of Head and of other states, through any edits', () => {
  let used = 0;
  let looked = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const next = numbersFrom(seed);
    const upTo = (n: number): number => next() % n;
    const functions = seed % 2 === 0;
    const world = new FuzzWorld(functions);
    const index = new SearchIndex({ results: () => shaped, hasEffects: () => false, sliceMs: 60_000 });
    const states: Snapshot[] = [];
    for (let n = 0; n < 120; n++) {
      const op = nextEdit(next, world, functions);
      if (op.op === 'edit') world.request(op.requests);
      else if (op.op === 'cell')
        world.mutate({ kind: 'cell.set', component: op.component, path: op.path, cell: op.cell });
      else if (op.op === 'report') world.report(op.component, op.record as object | null);
      states.push(world.snapshot);
      if (n % 4 !== 0 && op.op !== 'report') continue;
      const state = upTo(2) === 0 ? world.snapshot : states[upTo(states.length)]!;
      const evaluation = new Evaluation(state, shaped);
      const ids = [...state.scan('components', '')].map(([key]) => key as ComponentId).filter((k) => k.length === 26);
      const whole = new Map(ids.map((id) => [id, [...leaves('', evaluation.view(id).value)]]));
      const all = [...whole.values()].flat();
      if (all.length === 0) continue;
      const reported = all.filter(([pointer]) => pointer.startsWith('/resource'));
      const some = op.op === 'report' && reported.length > 0 ? reported : all;
      const [pointer, text] = some[upTo(some.length)]!;
      const query = must(parseSearch(`${quoted(pointer.split('/').at(-1)!)}:${quoted(text)}`));
      // The second time what the first one has kept answers.
      const indexed = [1, 2].map(() => index.search(world.snapshot, state, query, new Asked()));
      for (const [id, its, once] of indexed.flatMap((one) => [...whole].map(([k, v]) => [k, v, one] as const))) {
        const line = lineOf(state, id)!;
        const got = once.matches(id);
        looked++;
        if (got === undefined) continue;
        used++;
        const wanted = matchSearch(query, { name: line.name, schema: line.schema, attributes: () => its });
        expect(got, `seed ${seed}, step ${n}: ${pointer} of ${id}`).toEqual(wanted ? line : false);
      }
    }
  }
  expect(used).toBeGreaterThan(looked / 2);
});
