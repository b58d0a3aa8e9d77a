// Cherry-pick: chosen edits of one open change set made in another, too. Both stand on the same Head version, so what is picked
// is placed as it stands; it stays where it was. An edit that rests on others that the other change set has not is refused
// with what it lacks, so that nothing half comes along.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, VariantId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { type Result, refuse } from '../base/result.ts';
import type { Item } from '../merge/item.ts';
import { overriddenByLate } from '../merge/late_lines.ts';
import { merge } from '../merge/merge.ts';
import { refsOfMutation, Side, unitOf } from '../merge/side.ts';
import { isActive, transition } from '../model/change_set.ts';
import { index } from '../model/keys.ts';
import type { Reader } from '../model/state.ts';
import type { Step } from '../mutation/compile.ts';
import { type Branch, lands } from './branch.ts';
import { caughtUp } from './catch_up.ts';
import { headStays } from './change_set.ts';
import { askOf, repeated } from './idempotency.ts';
import { type Made, type MadeStep, madeEdits, namedSteps } from './made_edits.ts';
import { permit } from './permit.ts';
import { type Ask, checkOpen, commitEdit, type SubmitReply } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface PickRequest {
  readonly from: ChangeSetId;
  /** As `change_set.edits` names them; at least one. */
  readonly edits: readonly string[];
  readonly into: ChangeSetId;
  readonly idempotencyKey?: string;
}

/** Refuses `change_set_not_open`, `head_is_read_only`, `edit_not_found`, `edit_lacks`, `request_malformed`. */
export async function pick(w: Workspace, principal: Principal, request: PickRequest): Promise<Result<SubmitReply>> {
  const may = await permit(w, principal, 'edit', { operation: 'pick edits', subject: request.into });
  if (!may.ok) return may;
  const ask = askOf(w, request.idempotencyKey, { pick: request as unknown as Json });
  if (!ask.ok) return ask;
  if (request.edits.length === 0 || request.from === request.into) {
    return refuse('request_malformed', {
      path: request.edits.length === 0 ? 'edits' : 'into',
      expected: request.edits.length === 0 ? 'at least one edit' : 'another change set',
      got: request.edits.length === 0 ? 'none' : 'the one that they are in',
      hint: 'see the edits of a change set: headwater change-set edits NAME',
    });
  }
  return repeated<SubmitReply>(w, { principal: principal.id, ...ask.value }, () =>
    pickOnce(w, principal, request, ask.value),
  );
}

async function pickOnce(
  w: Workspace,
  principal: Principal,
  request: PickRequest,
  ask: Ask,
): Promise<Result<SubmitReply> | 'lost'> {
  const source = await caughtUp(w, request.from);
  if (!source.ok) return source;
  const from = source.value.branch;
  if (from.row.isHead) return headStays('edit');
  if (!isActive(from.row.status)) return transition(from.row.status, 'edit') as Result<never>;
  const target = await caughtUp(w, request.into);
  if (!target.ok) return target;
  const into = target.value.branch;
  const open = checkOpen(into);
  if (!open.ok) return open;
  if (!(await lands(from.durable)) || !(await lands(into.durable))) return 'lost';
  const versions = [from.row.version, into.row.version] as const;
  const made = await madeEdits(w, from);
  if (made === undefined) return 'lost';
  const chosen = namedSteps(made, request.edits);
  if (!chosen.ok) return chosen;
  return w.read(() => {
    const head = w.knownHead();
    const isSame =
      head !== undefined &&
      [from, into].every((b, i) => w.isCurrent(b) && b.row.version === versions[i] && isOn(b, head));
    if (!isSame) return Promise.resolve('lost' as const);
    return place(w, principal, { from, into, head, made, steps: chosen.value, ask });
  });
}

const isOn = (branch: Branch, head: Branch): boolean => branch.row.baseVersion === head.row.version;

function place(
  w: Workspace,
  principal: Principal,
  what: {
    readonly from: Branch;
    readonly into: Branch;
    readonly head: Branch;
    readonly made: Made;
    readonly steps: readonly MadeStep[];
    readonly ask: Ask;
  },
): Promise<Result<SubmitReply> | 'lost'> {
  const { from, into, head, made, steps: chosen, ask } = what;
  const { items } = from.pending;
  const atMs = w.world.clock.nowMs();
  const version = into.row.version + 1;
  // They stay their authors': nobody approves an edit of his own by picking it. What a merge has decided of them holds here, too.
  const extra = chosen.flatMap((s) =>
    s.at.map((at): Item => {
      const { placed: _placed, why: _why, ...item } = items[at]!;
      return { ...item, atMs, version };
    }),
  );
  const { pending, snapshot: present } = into;
  const m = merge({ head: head.snapshot, present, pending, extra, route: 'own' }, 0);
  const known = new Set(pending.repairs.map((r) => canonical(r as unknown as Json)));
  const isRepaired = m.settlement.repairs.some((r) => !known.has(canonical(r as unknown as Json)));
  const lacking = m.added.filter((item) => item.placed?.length === 0 || isDangling(m.state, item));
  if (isRepaired || lacking.length > 0)
    return Promise.resolve(lacks(from, made, chosen, isRepaired ? m.added : lacking));
  const title = JSON.stringify(from.row.name);
  const steps = chosen.map(({ id, step, at }): Step => {
    const mutations = at.map((i) => items[i]!.m);
    const sentence = `pick ${id} of ${title}: ${step.sentence}`;
    return { ...step, sentence, mutations, before: mutations.map(() => null) };
  });
  const others = pending.items.map((i) => ({ ...i, changeSet: into.row.id }));
  const receipt = [...m.settlement.lines, ...overriddenByLate(m.added, Side.of(others), m.state, pending.items.length)];
  const settled = { ...m.settlement, mutations: m.headPrime(), added: m.added };
  const said = receipt.length === 0 ? {} : { receipt };
  return commitEdit(w, principal, into, { snapshot: m.state, steps, settled, atMs, ...said }, ask);
}

/** Does what an edit refers to, as things stand, lack a schema, a variant or a function? The merge mends all other references. */
function isDangling(state: Reader, { m }: Item): boolean {
  return refsOfMutation(m).some((id) => {
    const isThere =
      state.get('schemas', id) !== undefined ||
      state.get('functions', id) !== undefined ||
      hasAny(state, index.schemasOfVariant(id));
    const users = [index.componentsOf(id as VariantId), index.bindingsOf(id), index.callersOf(id)];
    return !isThere && users.some((prefix) => hasAny(state, prefix));
  });
}

function hasAny(state: Reader, prefix: string): boolean {
  return state.scan('index', prefix)[Symbol.iterator]().next().done !== true;
}

/** Other edits of the change set about what these are about or refer to. */
function lacks(from: Branch, made: Made, chosen: readonly MadeStep[], items: readonly Item[]): Result<never> {
  const units = new Set(items.flatMap((item) => [unitOf(item.m), ...refsOfMutation(item.m)]));
  const others = made.edits.flatMap((e) =>
    e.steps.filter(
      (s) => !chosen.includes(s) && s.at.some((at) => units.has(unitOf(from.pending.items[at]!.m))) && s.at.length > 0,
    ),
  );
  const shown = others.slice(0, 5).map((s) => `${s.id} (${s.step.sentence})`);
  return refuse('edit_lacks', {
    path: 'edits',
    expected: 'edits that can stand in the other change set',
    got: `edits that rest on ${shown.length === 0 ? 'what it has not' : shown.join(', ')}`,
    hint: 'pick those too, or take components with all that they need: headwater change-set apply --only, or split',
    data: { edits: others.map((s) => s.id) },
  });
}
