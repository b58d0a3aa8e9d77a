// Plan policies: users' functions of kind `policy` that an owner has bound to the workspace. Each gets the whole plan of a change
// set and says what it warns of or denies, at a review and at an apply; what it gave on equal plans is remembered as any pure
// result is. It is taken from Head, so that no change set judges itself by its own; one that cannot be evaluated denies.

import type { Principal } from '../access/role.ts';
import type { ComponentId, FunctionId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Refusal, type Result, refuse } from '../base/result.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import type { PlanFinding } from '../dispatch/result.ts';
import type { FunctionRecord } from '../model/function.ts';
import { findComponent, findRecord, findSchema, nameOf, resolveFunction } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import type { PlannedAction } from '../ports/readiness.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { keyOfCall } from '../propagation/wanted.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type Fact, noteOnHead } from './audit.ts';
import type { Branch } from './branch.ts';
import { compareSnapshots } from './compare.ts';
import { changeList, listSetting, readList } from './list_setting.ts';
import { permit } from './permit.ts';
import { settingsChanged } from './setting.ts';
import type { Workspace } from './workspace.ts';

const setting = listSetting<FunctionId>('plan policies', 'functions');

const read = (w: Workspace): Promise<readonly FunctionId[]> => readList(w, setting);

/** A policy that is bound. */
export interface PolicyLine {
  readonly function: FunctionId;
  readonly name: string;
  readonly description: string;
  /** False: Head has no such function any more, and what it would judge is denied. */
  readonly isThere: boolean;
}

export async function listPolicies(w: Workspace): Promise<readonly PolicyLine[]> {
  const bound = await read(w);
  const head = await w.head();
  return w.read(() => bound.map((id) => lineOf(head.snapshot, id)));
}

function lineOf(state: Snapshot, id: FunctionId): PolicyLine {
  const record = findRecord<FunctionRecord>(state, 'functions', id);
  return {
    function: id,
    name: record?.name ?? id,
    description: record?.description ?? '',
    isThere: record !== undefined,
  };
}

/**
 * Binds a function of Head, by name or id. Refuses `access_denied`, `function_not_found`, `kind_mismatch` for one of another kind or
 * with effects, `limit_exceeded`.
 */
export async function bindPolicy(w: Workspace, principal: Principal, name: string): Promise<Result<PolicyLine>> {
  const may = await permit(w, principal, 'manage', { operation: 'bind a plan policy', subject: w.id });
  if (!may.ok) return may;
  const head = await w.head();
  const found = await w.read(() => {
    const id = resolveFunction(head.snapshot, name);
    if (!id.ok) return id;
    const { kind, text } = findRecord<FunctionRecord>(head.snapshot, 'functions', id.value)!;
    const call = { function: id.value, name, kind, text, input: '' };
    const hasEffects = kind === 'policy' && w.calls.hasEffects(call, () => head.snapshot.blob(text));
    return kind === 'policy' && !hasEffects ? id : unfit(hasEffects ? 'one with effects' : kind);
  });
  if (!found.ok) return found;
  const id = found.value;
  const done = await change(w, principal, `bind the plan policy ${JSON.stringify(name)}`, (bound) => {
    const others = bound.filter((b) => b !== id);
    if (others.length < limits.planPoliciesMax) return ok([...others, id]);
    return refuse('limit_exceeded', {
      path: 'function',
      expected: `at most ${limits.planPoliciesMax} plan policies`,
      got: String(others.length + 1),
      hint: 'unbind one: headwater plan-policy unbind NAME',
    });
  });
  return done.ok ? ok(lineOf(head.snapshot, id)) : done;
}

function unfit(got: string): Result<never> {
  return refuse('kind_mismatch', {
    path: 'function',
    expected: 'a function of kind policy that only computes',
    got,
    hint: 'headwater function create NAME FILE --kind policy',
  });
}

/** Refuses `access_denied`, `plan_policy_not_found`. */
export async function unbindPolicy(w: Workspace, principal: Principal, name: string): Promise<Result<PolicyLine>> {
  const may = await permit(w, principal, 'manage', { operation: 'unbind a plan policy', subject: w.id });
  if (!may.ok) return may;
  const known = (await listPolicies(w)).find((p) => p.function === name || p.name === name);
  if (known === undefined) {
    return refuse('plan_policy_not_found', {
      path: 'function',
      expected: 'a plan policy of this workspace',
      got: JSON.stringify(name),
      hint: 'list them: headwater plan-policy list',
    });
  }
  const sentence = `unbind the plan policy ${JSON.stringify(known.name)}`;
  const done = await change(w, principal, sentence, (bound) => ok(bound.filter((id) => id !== known.function)));
  return done.ok ? ok(known) : done;
}

async function change(
  w: Workspace,
  principal: Principal,
  sentence: string,
  next: (bound: readonly FunctionId[]) => Result<readonly FunctionId[]>,
): Promise<Result<void>> {
  const done = await changeList(w, principal, setting, { kind: 'plan_policy.bind', subject: w.id, sentence, next });
  if (!done.ok) return done;
  settingsChanged(w);
  return ok(undefined);
}

/** What a policy said of a plan, or why it could not. */
export interface Finding extends PlanFinding {
  readonly policy: string;
}

export interface Judged {
  readonly findings: readonly Finding[];
}

export const unjudged: Judged = { findings: [] };

/** What the bound policies say of a change set as it stands, in the order they were bound. `actions`: default, as now planned. */
export async function judgePlan(
  w: Workspace,
  branch: Branch,
  actor: string,
  actions?: readonly PlannedAction[],
): Promise<Judged> {
  const bound = await read(w);
  if (bound.length === 0) return unjudged;
  const head = await w.head();
  const input = canonical((await planInput(w, branch, actor, actions)) as unknown as Json);
  const findings: Finding[] = [];
  for (const id of bound) {
    const call = await w.read((): Call | undefined => {
      const record = findRecord<FunctionRecord>(head.snapshot, 'functions', id);
      if (record === undefined) return undefined;
      const { name, kind, text } = record;
      const made: Call = { function: id, name, kind, text, input };
      return w.calls.hasEffects(made, () => head.snapshot.blob(text)) ? undefined : made;
    });
    if (call === undefined) {
      const { name } = await w.read(() => lineOf(head.snapshot, id));
      findings.push({
        policy: name,
        level: 'deny',
        message: 'it cannot be evaluated: it is not on Head, or has effects',
      });
      continue;
    }
    const gave = await new Promise<Evaluated>((deliver) => {
      const at = { component: '' as ComponentId, path: '' as Path };
      const key = keyOfCall(w.world.digest, call);
      const known = w.calls.recall(key);
      if (known !== undefined) deliver(known);
      else w.calls.ask({ key, call, at, isWished: false, changeSet: branch.row.id, actor, deliver });
    });
    findings.push(...findingsIn(call.name, gave));
  }
  return { findings };
}

function findingsIn(policy: string, gave: Evaluated): Finding[] {
  if (gave.state === 'value')
    return (gave.value as unknown as PlanFinding[]).map(({ level, message, component }) => {
      return { policy, level, message, ...(component === undefined ? {} : { component }) };
    });
  if (gave.state === 'none') return [];
  const why = gave.state === 'error' ? `${gave.code}: ${gave.message}` : 'it gave nothing';
  return [{ policy, level: 'deny', message: `it cannot be evaluated: ${why}` }];
}

/** The plan as a policy gets it: plain JSON, in the order of a review. */
export async function planInput(w: Workspace, branch: Branch, actor: string, given?: readonly PlannedAction[]) {
  const { row, snapshot } = branch;
  const head = await w.head();
  const base = await w.headState(row.baseVersion);
  const actions = given ?? (await w.readiness.planned(w.id, row.id, row.intentRoot));
  return w.read(() => {
    const { propagation } = w;
    const before = row.baseVersion === head.row.version ? head.snapshot : base.snapshot;
    const compared = compareSnapshots(before, snapshot, {
      results: propagation.resultsOn(w.world.digest),
      before: propagation.keptOf(head, before),
      after: propagation.keptOf(branch, snapshot),
    });
    const schemaOf = (id: ComponentId): string => {
      const record = findComponent(snapshot, id) ?? findComponent(before, id);
      return (record && (findSchema(snapshot, record.schema) ?? findSchema(before, record.schema))?.name) ?? '';
    };
    return {
      format: 1,
      workspace: { id: w.id, name: w.row.name },
      changeSet: { id: row.id, name: row.name },
      actor,
      components: compared.components.map(({ id, name, schema, status, attributes }) => ({
        ...{ id, name, schema, status },
        changes: attributes.map((a) => ({
          path: a.path,
          status: a.status,
          before: a.old?.value ?? null,
          after: a.new?.value ?? null,
          derived: a.derived === true,
        })),
      })),
      records: compared.records.map(({ noun, title, status }) => ({ noun, title, status })),
      actions: actions.map(({ component, kind, paths }) => ({
        component,
        name: nameOf(findComponent(snapshot, component) === undefined ? before : snapshot, component),
        schema: schemaOf(component),
        kind,
        paths: [...paths],
      })),
    };
  });
}

/** Refuses `plan_denied` with the first denial, and all of them as data. */
export function checkPlan({ findings }: Judged): Result<void> {
  const denied = findings.filter((f) => f.level === 'deny');
  const [first] = denied;
  if (first === undefined) return ok(undefined);
  const more = denied.length === 1 ? '' : ` (and ${denied.length - 1} more)`;
  return refuse('plan_denied', {
    path: 'changeSet',
    expected: 'a plan that no policy of the workspace denies',
    got: `${first.policy}: ${first.message}${more}`,
    hint: 'change what it is about; see all of them: headwater plan-policy check NAME',
    data: { denied: denied.map((f) => ({ ...f })) },
  });
}

/** A warning in the audit of the apply that went ahead. */
export function warningFact(subject: string, { policy, message }: Finding): Fact {
  return { kind: 'plan_policy.warn', subject, path: '', sentence: `plan policy ${policy} warns: ${message}` };
}

/** An apply that was denied is in Head's chain. */
export async function noteDenied(
  w: Workspace,
  principal: Principal,
  row: ChangeSetRow,
  refused: { readonly ok: false; readonly refusal: Refusal } | Result<unknown>,
): Promise<void> {
  if (refused.ok || refused.refusal.code !== 'plan_denied') return;
  const sentence = `refuse to apply change set ${JSON.stringify(row.name)}: ${refused.refusal.got}`;
  await noteOnHead(w, principal.id, { kind: 'plan_policy.deny', subject: row.id, path: '', sentence });
}
