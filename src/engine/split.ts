// A part of a change set as a change set of its own, to be reviewed, approved and applied by itself: the edits of chosen
// components with everything that they need of the others. What is left stays where it is; once the part is in Head, the
// change set is caught up and holds what the part did not have.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import { type Portable, parsePortable, portableOf, standing } from '../formats/portable.ts';
import { edgesOutOfComponent } from '../graph/edges.ts';
import type { Item } from '../merge/item.ts';
import { refsOfMutation, type Side, unitOf } from '../merge/side.ts';
import { index, indexUser } from '../model/keys.ts';
import { findComponent, nameOf, resolveComponent } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import { presentOf } from './catch_up.ts';
import { askOf, repeated } from './idempotency.ts';
import { type MovedLine, movedLines } from './moved.ts';
import { permit } from './permit.ts';
import { type Decided, type PromoteReply, promoteAs } from './promotion.ts';
import type { Workspace } from './workspace.ts';

export interface SplitRequest {
  readonly changeSet: ChangeSetId;
  /** Names or ids, as they are called in the change set; at least one. */
  readonly components: readonly string[];
  /** Default: the change set's with the names of the components. */
  readonly name?: string;
  readonly idempotencyKey?: string;
}

export interface SplitReply extends PromoteReply {
  /** Names of components that came along because those that were chosen need them. */
  readonly needed: readonly string[];
}

/**
 * Opens the part as a change set. Refuses `access_denied`, `change_set_not_found`, `component_not_found`, `name_ambiguous`,
 * `request_malformed` where there is nothing to take.
 */
export async function split(w: Workspace, principal: Principal, request: SplitRequest): Promise<Result<SplitReply>> {
  const { idempotencyKey, ...what } = request;
  const may = await permit(w, principal, 'edit', { operation: 'split a change set', subject: what.changeSet });
  if (!may.ok) return may;
  // Not what it comes to: that is another once either of them has moved.
  const ask = askOf(w, idempotencyKey, { split: what as unknown as Json });
  if (!ask.ok) return ask;
  return repeated<SplitReply>(w, { principal: principal.id, ...ask.value }, async () => {
    const part = await partOf(w, what);
    if (!part.ok) return part;
    const { portable, decided, needed } = part.value;
    const file = must(parsePortable(JSON.stringify(portable)));
    const as = (reply: PromoteReply): SplitReply => ({ ...reply, needed });
    return promoteAs(w, principal, { file, ids: {}, name: file.name, decided }, { ...ask.value, as });
  });
}

interface Part {
  readonly portable: Portable;
  /** Of each edit of it, in order. */
  readonly decided: readonly Decided[];
  /** Names of what came along. */
  readonly needed: readonly string[];
}

async function partOf(w: Workspace, { changeSet, components, name }: SplitRequest): Promise<Result<Part>> {
  const present = await presentOf(w, changeSet);
  if (!present.ok) return present;
  const { branch, row, snapshot } = present.value;
  if (row.isHead || components.length === 0) {
    return refuse('request_malformed', {
      path: row.isHead ? 'changeSet' : 'components',
      expected: row.isHead ? 'a change set' : 'at least one component',
      got: row.isHead ? 'Head' : 'none',
      hint: 'name a change set, and the components whose edits are to be taken out of it',
    });
  }
  const head = await w.head();
  return w.read((): Result<Part> => {
    const chosen = new Set<string>();
    for (const text of components) chosen.add(must(resolveComponent(snapshot, text)));
    const { side } = branch.pending;
    const units = withNeeds(side, chosen, passing(head.snapshot, movedLines(branch, head)));
    const items = branch.pending.items.filter((item) => units.has(unitOf(item.m)));
    if (items.length === 0) {
      return refuse('request_malformed', {
        path: 'components',
        expected: 'components that the change set edits',
        got: components.join(', '),
        hint: 'see what it holds: headwater change-set review',
      });
    }
    const called = components.join(', ');
    const from = { workspace: w.row.name, changeSet, headVersion: row.baseVersion };
    const about = { name: name ?? `${row.name} (${called})`.slice(0, limits.nameCharsMax), from };
    const needed: string[] = [];
    for (const unit of [...units].sort())
      if (!chosen.has(unit) && findComponent(snapshot, unit as ComponentId) !== undefined)
        needed.push(nameOf(snapshot, unit as ComponentId));
    const portable = portableOf(snapshot, items, about);
    return ok({ portable, decided: standing(items), needed: needed.sort() });
  });
}

/** Units that edits of the chosen ones refer to, however far, as far as the change set edits them; bindings come with what they bind to. */
function withNeeds(
  side: Side<Item>,
  chosen: ReadonlySet<string>,
  beside: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const units = new Set<string>();
  const queue = [...chosen];
  const bindings = new Map<string, Set<string>>();
  for (const { m } of side.entries) {
    if (!('noun' in m) || m.noun !== 'binding') continue;
    for (const id of refsOfMutation(m)) {
      const known = bindings.get(id) ?? new Set<string>();
      bindings.set(id, known.add(unitOf(m)));
    }
  }
  while (queue.length > 0) {
    const unit = queue.pop()!;
    const at = side.inUnit(unit);
    if (units.has(unit) || at.length === 0) continue;
    units.add(unit);
    for (const i of at) queue.push(...refsOfMutation(side.entries[i]!.m));
    queue.push(...(bindings.get(unit) ?? []), ...(beside.get(unit) ?? []));
  }
  return units;
}

/**
 * Who takes a resource over and who had it: one without the other would be without it, or make another. Who followed the one
 * follows the other.
 */
function passing(head: Reader, moved: readonly MovedLine[]): ReadonlyMap<string, readonly string[]> {
  const beside = new Map<string, readonly string[]>();
  for (const { component, from } of moved) {
    const followers = edgesOutOfComponent(head, from).map(({ user }) => user.component);
    const waiting = [...head.scan('index', index.dependentsOf(from))].map(([key]) => indexUser(key));
    beside.set(component, [from]).set(from, [component, ...followers, ...waiting]);
  }
  return beside;
}
