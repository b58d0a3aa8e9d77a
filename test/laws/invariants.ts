// What must hold in every state after a merge: references, kinds of edges, cycles, views, names, list order, the index.

import type { BindingId } from '../../src/base/ids.ts';
import { findCycleOfBinding } from '../../src/graph/bound_cycle.ts';
import { findCycle, findLoop } from '../../src/graph/cycle.ts';
import { sourcesOfCellText } from '../../src/graph/edges.ts';
import { type Expr, userFunctionsOf } from '../../src/model/expr.ts';
import { splitCellKey } from '../../src/model/keys.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { indexFromFacts } from '../support/mutation_laws.ts';
import { law } from './law.ts';

/** References, kinds of edges, cycles, views, list order, index: what must hold in every state. */
export function invariants(state: Snapshot): void {
  const index = [...state.scan('index', '')].map(([key]) => key).sort();
  const wanted = [...indexFromFacts(state)].sort();
  law(
    index.join('\n') === wanted.join('\n'),
    () => `[ME6] the index is not what follows from the facts: ${difference(index, wanted)}`,
  );
  const has = (id: string): boolean => state.get('components', id) !== undefined;
  const takers = new Map<string, string>();
  for (const [key, value] of state.scan('cells', '')) {
    const at = splitCellKey(key);
    if (at.path === '/si/movedFrom') {
      law(!takers.has(value), () => `[ME6] a resource has moved to two: ${key} and ${takers.get(value)}`);
      takers.set(value, key);
    }
    law(has(at.component), () => `[ME6] a cell of a component that is gone: ${key}`);
    for (const s of at.element ? [] : sourcesOfCellText(value))
      law(has(s.component), () => `[ME6] ${key} follows a component that is gone: ${s.component}`);
    if (!at.element && value.startsWith('{"k":'))
      law(
        state.get('secrets', (JSON.parse(value) as { k: string }).k) !== undefined,
        () => `[ME6] ${key} refers to a secret that is gone`,
      );
    if (!at.element && value.startsWith('{"x":')) {
      for (const fn of userFunctionsOf((JSON.parse(value) as { x: Expr }).x))
        law(state.get('functions', fn) !== undefined, () => `[ME6] ${key} calls a function that is gone: ${fn}`);
      const cycle = findCycle(state, at, sourcesOfCellText(value));
      law(cycle === undefined, () => `[ME6] a cycle of values: ${JSON.stringify(cycle)}`);
    }
    if (!at.element && !value.startsWith('{"c":')) {
      const inner = [...state.scan('cells', `${key}/`)].map(([k]) => k);
      law(inner.length === 0, () => `[ME6] ${key} is set as a whole and has parts: ${inner[0]}`);
    }
    for (let p = at.path.indexOf('/@'); p !== -1; p = at.path.indexOf('/@', p + 1)) {
      const end = at.path.indexOf('/', p + 1);
      const element = `${at.component}${end === -1 ? at.path : at.path.slice(0, end)}#`;
      law(state.get('cells', element) !== undefined, () => `[ME6] ${key} lies in a list element that is gone`);
    }
  }
  for (const [key] of state.scan('components', '')) {
    if (key.length === 26) {
      const { schema, variant } = JSON.parse(state.get('components', key)!) as { schema: string; variant: string };
      law(
        state.get('schemas', `${schema}/${variant}`) !== undefined,
        () => `[ME6] ${key} is of a variant that is gone`,
      );
      continue;
    }
    law(has(key.slice(0, 26)), () => `[ME6] a fact about a component that is gone: ${key}`);
    const [, part, to] = key.split('/') as [string, string, string];
    if (part !== 'depends' && part !== 'manages') continue;
    law(has(to), () => `[ME6] an edge to a component that is gone: ${key}`);
    const next = function* (id: string): Iterable<string> {
      for (const [k] of state.scan('components', `${id}/${part}/`)) yield k.slice(-26);
    };
    law(findLoop(key.slice(0, 26), next) === undefined, () => `[ME6] a loop through ${key}`);
  }
  for (const [key] of state.scan('views', '')) {
    if (key.length === 26) continue;
    law(state.get('views', key.slice(0, 26)) !== undefined, () => `[ME6] ${key} is in a view that is gone`);
    if (key[26] === '/') law(has(key.slice(27)), () => `[ME6] a component that is gone is in a view: ${key}`);
  }
  for (const [key] of state.scan('overrides', ''))
    law(has(key.slice(0, 26)), () => `[ME6] a decision about a component that is gone: ${key}`);
  const exclusive = new Map<string, string>();
  for (const [key, value] of state.scan('bindings', '')) {
    const b = JSON.parse(value) as {
      function: string;
      action: string | null;
      target: { variant?: string; schema?: string };
    };
    law(state.get('functions', b.function) !== undefined, () => `[ME6] a binding of a function that is gone: ${key}`);
    const loop = findCycleOfBinding(state, key as BindingId);
    law(loop === undefined, () => `[ME6] a cycle through a bound function: ${JSON.stringify(loop)}`);
    if (b.action === null || b.action === 'manual') continue;
    const place = `${b.target.variant ?? b.target.schema} ${b.action}`;
    law(!exclusive.has(place), () => `[ME6] two bindings of one kind: ${place}`);
    exclusive.set(place, key);
  }
  const names = new Set<string>();
  for (const category of ['views', 'secrets', 'schemas'] as const) {
    for (const [key, value] of state.scan(category, '')) {
      if (key.length !== 26) continue;
      const name = `${category} ${(JSON.parse(value) as { name: string }).name}`;
      law(!names.has(name), () => `[ME6] a name taken twice: ${name}`);
      names.add(name);
    }
  }
}

function difference(a: readonly string[], b: readonly string[]): string {
  const [x, y] = [new Set(a), new Set(b)];
  return `extra ${a.filter((k) => !y.has(k)).slice(0, 3)}, missing ${b.filter((k) => !x.has(k)).slice(0, 3)}`;
}
