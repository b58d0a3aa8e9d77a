// Random cases for the laws: edits of a change set and of Head on one of several states, from a number. Half of them are
// scenes that aim at one rule each, with some noise; in the others Head's edits are often the change set's with one thing
// altered, so that most pairs meet.

import type { Item, Role } from '../../src/merge/item.ts';
import type { HeadEdit } from '../../src/merge/merging.ts';
import { apply, invert, type Mutation } from '../../src/mutation/mutation.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { editsOf, itemsOf } from './check.ts';
import { carryOut, drawsFrom, type Edit, echoes } from './edits.ts';
import { chance, numbersFrom, oneOf } from './numbers.ts';
import { componentScenes } from './scenes.ts';
import { nounScenes } from './scenes_of_nouns.ts';
import { Stage } from './stage.ts';

export const scenes = { ...componentScenes, ...nounScenes };
/** Scenes that came after the first seeds were kept: drawn by the seed alone, so that kept seeds mean the cases they were. */
const laterScenes: readonly string[] = ['moved-twice', 'function-remade'];
/** One seed in so many; none of those that are kept. */
const laterEvery = 37;
export const firstScenes = Object.keys(scenes).filter((name) => !laterScenes.includes(name));
/** The scene that a seed of pairs, triples or logs has in place of one that it draws; most have none. */
export const laterScene = (seed: number): string | undefined =>
  seed % laterEvery === 0 ? laterScenes[(seed / laterEvery) % laterScenes.length] : undefined;
const sceneNames = [...firstScenes, 'element-move-move', 'element-move-move', 'default-variant', 'value-cycle'];

/** Scenes in which both sides write one key; they go with others, so that most pairs meet in more than one way. */
const meetings = ['value-value', 'value-unset', 'value-follow', 'list-whole', 'record-field', 'text-text', 'property'];

export interface Case {
  readonly seed: number;
  /** Number of the state it starts from. */
  readonly state: number;
  readonly scene?: string;
  readonly role: Role;
  /** Comes before both sides; the change set takes it back before its other edits. */
  readonly history: readonly Edit[];
  readonly mine: readonly Edit[];
  readonly theirs: readonly Edit[];
}

export function caseFrom(seed: number, states: readonly Snapshot[]): Case {
  const next = numbersFrom(seed);
  const state = next() % states.length;
  const draws = drawsFrom(next, 1 + (next() % 3));
  const role = chance(next, 8) ? 'head' : 'change-set';
  const stage = new Stage(states[state]!, next);
  const meeting = chance(next, 75) ? scenes[oneOf(next, meetings)]!(stage) : { mine: [], theirs: [] };
  if (chance(next, 30)) {
    const theirs = [...echoes(next, draws, 1 + (next() % 4)), ...meeting.theirs];
    return { seed, state, role, history: [], mine: [...draws, ...meeting.mine], theirs };
  }
  const drawn = oneOf(next, sceneNames);
  const scene = laterScene(seed) ?? drawn;
  const sides = scenes[scene]!(stage);
  const history = sides.history ?? [];
  const noise = chance(next, 30) ? draws.slice(0, 1) : [];
  const of = history.filter((e) => 'numbers' in e);
  const theirs = of.length > 0 ? echoes(next, of, 1 + (next() % 3)) : [];
  return {
    seed,
    state,
    scene,
    role: history.length > 0 ? 'head' : role,
    history,
    mine: chance(next, 50) ? [...noise, ...sides.mine, ...meeting.mine] : [...meeting.mine, ...sides.mine, ...noise],
    theirs: [...theirs, ...sides.theirs, ...meeting.theirs, ...(chance(next, 40) ? echoes(next, draws, 1) : [])],
  };
}

/** A case on its state: what both sides start from, what they make of it, and their edits. */
export interface Staged {
  readonly base: Snapshot;
  readonly present: Snapshot;
  readonly head: Snapshot;
  readonly items: readonly Item[];
  readonly edits: readonly HeadEdit[];
}

export function staged(c: Case, states: readonly Snapshot[]): Staged {
  const before = states[c.state]!;
  const history = c.history.length > 0 ? carryOut(before, 13, c.history) : { snapshot: before, mutations: [] };
  const base = history.snapshot;
  const back = takenBack(before, history.mutations);
  const draft = base.edit();
  for (const m of back) apply(draft, m);
  const mine = carryOut(back.length > 0 ? draft.finish() : base, 11, c.mine);
  const theirs = carryOut(base, 12, c.theirs);
  const items = itemsOf([...back, ...mine.mutations], 1, c.role);
  return { base, present: mine.snapshot, head: theirs.snapshot, items, edits: editsOf(theirs.mutations) };
}

/** The inverses of mutations, in reverse. */
function takenBack(before: Snapshot, mutations: readonly Mutation[]): Mutation[] {
  const draft = before.edit();
  return mutations
    .map((m) => {
      const inverse = invert(draft, m);
      apply(draft, m);
      return inverse;
    })
    .reverse();
}

/** The smallest case, by leaving edits out, that still fails. */
export function shrink(c: Case, fails: (c: Case) => boolean): Case {
  let best = c;
  for (let again = true; again; ) {
    again = false;
    for (const side of ['mine', 'theirs', 'history'] as const) {
      for (let i = 0; i < best[side].length; i++) {
        const smaller = { ...best, [side]: best[side].filter((_, k) => k !== i) };
        if (!fails(smaller)) continue;
        best = smaller;
        again = true;
        break;
      }
    }
  }
  return best;
}
