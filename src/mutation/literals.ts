// Literals written together: most of what two long logs hold sets a value that implies nothing else, and a state takes
// them in one pass over its cells. The result is that of writing them one by one.

import { cellText } from '../model/cell.ts';
import { cellKey, splitCellKey } from '../model/keys.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { BulkDraft } from '../model/state.ts';
import { impliedKeys } from './cell.ts';
import { apply, type CellMutation, type Mutation } from './mutation.ts';

/** An edit that sets a literal where a literal implies nothing else. */
export type Literal = Extract<CellMutation, { kind: 'cell.set' }>;

const implying: ReadonlySet<Path> = new Set([wellKnown.name, wellKnown.resourceId, wellKnown.movedFrom]);

export function isLiteral(m: Mutation): m is Literal {
  return m.kind === 'cell.set' && 'v' in m.cell && !implying.has(m.path);
}

/** So many places a literal is moved forward to its own before all are put in order at once. */
const movesMax = 16;

/**
 * Literals to be written together, as `writeCell` would write them one by one; of several for one cell the last counts.
 * Best added component by component in ascending order: then the cells are written in one pass, without reading first
 * what was there.
 */
export class Literals {
  readonly #keys: string[] = [];
  readonly #values: string[] = [];
  #ascending = true;

  add(m: Literal): void {
    const key = cellKey(m.component, m.path);
    const [keys, values] = [this.#keys, this.#values];
    let i = keys.length;
    if (this.#ascending) {
      const first = Math.max(0, i - movesMax);
      while (i > first && keys[i - 1]! > key) i--;
      if (i > 0 && keys[i - 1] === key) {
        values[i - 1] = cellText(m.cell);
        return;
      }
      if (i > 0 && keys[i - 1]! > key) {
        this.#ascending = false;
        i = keys.length;
      }
    }
    for (let j = keys.length; j > i; j--) {
      keys[j] = keys[j - 1]!;
      values[j] = values[j - 1]!;
    }
    keys[i] = key;
    values[i] = cellText(m.cell);
  }

  write(draft: BulkDraft): void {
    if (!this.#ascending) this.#sort();
    const [keys, values] = [this.#keys, this.#values];
    draft.putAll('cells', {
      keys,
      values,
      replaced: (key, before) => {
        if (before.startsWith('{"v":')) return;
        const { component, path } = splitCellKey(key);
        for (const k of impliedKeys(component, path, before)) draft.remove('index', k);
      },
    });
  }

  #sort(): void {
    const last = new Map(this.#keys.map((key, i) => [key, this.#values[i]!]));
    this.#keys.length = 0;
    this.#values.length = 0;
    for (const key of [...last.keys()].sort()) {
      this.#keys.push(key);
      this.#values.push(last.get(key)!);
    }
  }
}

/** Applies mutations in order. */
export function applyAll(draft: BulkDraft, mutations: readonly Mutation[]): void {
  if (mutations.every(isLiteral)) {
    const literals = new Literals();
    for (const m of mutations) literals.add(m);
    literals.write(draft);
  } else for (const m of mutations) apply(draft, m);
}
