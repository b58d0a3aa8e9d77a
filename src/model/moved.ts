// Whose resource is whose. What is known of a resource stands in reality under the id of the component that it was made for,
// or imported as, and stays there. A component that has taken a resource over says so in intent, by one cell that names that
// id: so the resource changes hands with the version of intent that has the cell, in one step, and comes back with a state
// that has it not. Exactly one component has what is known under an id. Which record that is, is in lookup.ts.

import { type ComponentId, isUlid } from '../base/ids.ts';
import { parseCell } from './cell.ts';
import { cellKey, index, indexUser } from './keys.ts';
import { wellKnown } from './path.ts';
import type { Reader } from './state.ts';

/** The id that a cell at `wellKnown.movedFrom` names; undefined: it names none. */
export function movedFromOf(text: string | undefined): ComponentId | undefined {
  const cell = text === undefined ? undefined : parseCell(text);
  return cell !== undefined && 'v' in cell && typeof cell.v === 'string' && isUlid(cell.v)
    ? (cell.v as ComponentId)
    : undefined;
}

/** Under which id stands what is known of the resource of a component: the one it took over, else its own. */
export function resourceKeyOf(reader: Reader, component: ComponentId): ComponentId {
  return movedFromOf(reader.get('cells', cellKey(component, wellKnown.movedFrom))) ?? component;
}

/** Components that have taken over what is known under an id, in order. Merging leaves one at most. */
export function takersOf(reader: Reader, key: ComponentId): ComponentId[] {
  return [...reader.scan('index', index.takersOf(key))].map(([entry]) => indexUser(entry) as ComponentId);
}

/** The one component that has what is known under an id; it may be gone. */
export function holderOf(reader: Reader, key: ComponentId): ComponentId {
  return takersOf(reader, key)[0] ?? key;
}

/** Is what is known under a component's id that of another one? Then nothing can be known of a resource of its own. */
export function hasPassedOn(reader: Reader, component: ComponentId): boolean {
  return holderOf(reader, resourceKeyOf(reader, component)) !== component;
}

/** All that show what is known under an id, in either of two states: it is another for them when it changes. */
export function showing(states: readonly Reader[], key: ComponentId): ComponentId[] {
  const holders = states.map((state): ComponentId | undefined => {
    const holder = holderOf(state, key);
    // Who has taken over another one shows that, and nobody what is known under its own id.
    return resourceKeyOf(state, holder) === key ? holder : undefined;
  });
  return [...new Set(holders.filter((holder) => holder !== undefined))];
}
