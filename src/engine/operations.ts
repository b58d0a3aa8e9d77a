// The use-cases by name, with plain JSON in and out: what the command line calls in its own process, over a socket, and
// later over HTTP. A handler checks the form of its parameters, finds the workspace and the state, and hands on.

import type { Principal } from '../access/role.ts';
import { type ChangeSetId, isUlid } from '../base/ids.ts';
import { checkCarried, isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Fault, must, ok, RefusalError, type Result, refuse } from '../base/result.ts';
import type { Request } from '../mutation/request.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { applyChangeSet } from './apply.ts';
import { approvalsOf, decideApproval, withdraw } from './approvals.ts';
import { type AuditVerdict, readAudit, verifyAudit } from './audit.ts';
import type { Branch } from './branch.ts';
import { changeStatus, listChangeSets, openChangeSet, resolveChangeSet } from './change_set.ts';
import { collectSecrets } from './collect_secrets.ts';
import { compareSnapshots } from './compare.ts';
import { answeredOnce } from './idempotency.ts';
import { changeInstallationKey } from './installation_key.ts';
import { collectGarbage, verifyWorkspace } from './maintain.ts';
import { actingAs, readBudgets, readMembers, removeMember, setBudgets, setMember } from './members.ts';
import {
  type Call,
  changeSetOf,
  defaultWorkspace,
  type Handler,
  inState,
  integer,
  inWorkspace,
  type Params,
  type State,
  stateOf,
  text,
  textList,
  wrong,
} from './operation.ts';
import { accessOperations } from './operations_access.ts';
import { actionOperations } from './operations_action.ts';
import { changeSetOperations } from './operations_change_set.ts';
import { componentOperations } from './operations_component.ts';
import { driftOperations } from './operations_drift.ts';
import { eventOperations } from './operations_event.ts';
import { functionOperations } from './operations_function.ts';
import { importOperations } from './operations_import.ts';
import { managementOperations } from './operations_management.ts';
import { planPolicyOperations } from './operations_plan_policy.ts';
import { policyOperations } from './operations_policy.ts';
import { providerOperations } from './operations_provider.ts';
import { resourceOperations } from './operations_resource.ts';
import { runOperations } from './operations_run.ts';
import { scheduleOperations } from './operations_schedule.ts';
import { schemaOperations } from './operations_schema.ts';
import { tokenOperations } from './operations_token.ts';
import { viewOperations } from './operations_view.ts';
import { webhookOperations } from './operations_webhook.ts';
import { workspaceOperations } from './operations_workspace.ts';
import { ofInstallation, overAll } from './permit.ts';
import { parsePlanFile } from './plan_file.ts';
import { exportChangeSet, promote } from './promotion.ts';
import { remembering } from './remembering.ts';
import { replayLag } from './replay.ts';
import type { ReplayProblem } from './replay_work.ts';
import { revert } from './revert.ts';
import { resultsIn, review, summaryOf } from './review.ts';
import { describeSchema, propertyLines, searchSchemas } from './schema.ts';
import { groupsWithReferences, linesWithReferences, withReferences } from './secret_references.ts';
import { useSecret } from './secret_slots.ts';
import { getSecret, listSecrets, publicKeyOf, rotateKeys, secretsByDefinition, setSecret } from './secrets.ts';
import { split } from './split.ts';
import { submit } from './submit.ts';
import type { Workspace } from './workspace.ts';

/** Carries out one operation. Refuses `request_malformed` for an unknown name. */
export async function callOperation(c: Call, name: string, params: unknown): Promise<Result<unknown>> {
  const handler = Object.hasOwn(operations, name) ? operations[name as OperationName] : undefined;
  if (handler === undefined || typeof params !== 'object' || params === null || Array.isArray(params)) {
    return refuse('request_malformed', {
      path: 'operation',
      expected: handler === undefined ? 'the name of an operation' : 'an object of parameters',
      got: JSON.stringify(handler === undefined ? name : params) ?? typeof params,
      hint: `operations: ${Object.keys(operations).join(', ')}`,
    });
  }
  const carried = checkCarried(params, name, limits.requestDepthMax);
  if (!carried.ok) return carried;
  return refusing(async () => {
    const who = await principalIn(c, name, params as Params);
    if (!who.ok) return who;
    const work = (given: Params) =>
      c.engine.observer.span('operation', { name }, () =>
        handler({ ...c, principal: { ...who.value, operation: name } }, given),
      );
    return once(c, who.value, { name, params: params as Params }, work);
  });
}

/** What gives away something that is told only once: its answer is not kept. */
const notKept: readonly string[] = ['token.create', 'webhook.create'];

/**
 * Every other operation with a key is answered as the first time, too: its answer is remembered when it is there, so that only a
 * crash between the two lets a repetition do it again.
 */
async function once(
  c: Call,
  principal: Principal,
  { name, params }: { readonly name: string; readonly params: Params },
  work: (params: Params) => Promise<Result<unknown>>,
): Promise<Result<unknown>> {
  const { idempotencyKey: key, ...rest } = params;
  const { workspace = defaultWorkspace } = rest;
  const isOurs = key !== undefined && ![...remembering, ...notKept, ...aboutNone].includes(name);
  const found = isOurs && typeof workspace === 'string' ? await c.engine.workspace(workspace) : undefined;
  if (found?.ok !== true) return work(params);
  // Without the key: remembered in one place only, whatever the operation would do with it.
  const what = { operation: name, ...params } as Json;
  return answeredOnce(found.value.workspace, principal.id, { key, what }, () => work(rest));
}

/** Operations that are about no one workspace: their parameter names none. About all of them they find out who asks by themselves. */
const aboutNone: readonly string[] = ['workspace.list', 'workspace.create', 'workspace.restore', 'secret.rekey'];

/** The caller as a member of the workspace that is named; what names none that there is, the handler refuses. */
async function principalIn(c: Call, operation: string, p: Params): Promise<Result<Principal>> {
  const name = p['workspace'] ?? defaultWorkspace;
  if (aboutNone.includes(operation)) return ok(ofInstallation(c.principal));
  if (typeof name !== 'string') return ok(c.principal);
  const found = await c.engine.workspace(name);
  return found.ok ? actingAs(found.value.workspace, c.principal, operation) : ok(c.principal);
}

const operations = {
  ...workspaceOperations,

  'change_set.create': (c, p) =>
    inWorkspace(c, p, (w) => openChangeSet(w, c.principal, { name: text(p, 'name'), ...idempotency(p) })),
  'change_set.list': (c, p) => inWorkspace(c, p, async (w) => ok(await listChangeSets(w, p['all'] === true))),
  /** With who asks for its approval, if somebody does, and why it is behind Head, if it is. */
  'change_set.get': (c, p) => inState(c, p, async (s) => ok({ ...s.row, ...requestOf(s), ...replayOf(s.w, s.row.id) })),
  'change_set.review': (c, p) => inState(c, p, (s) => review(s, c.principal.id)),
  'change_set.apply': (c, p) =>
    inWorkspace(c, p, async (w) =>
      applyChangeSet(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        waitMs: integer(p, 'waitMs', 0),
        leaveQueued: p['leaveQueued'] === true,
        plan: p['plan'] === undefined ? undefined : must(parsePlanFile(p['plan'])),
        ...(p['ifVersion'] === undefined ? {} : { ifVersion: integer(p, 'ifVersion') }),
        ...idempotency(p),
      }),
    ),
  /** `changeSet`, or `first` and `last` (default: the same) as versions of Head. */
  'change_set.revert': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const first = p['changeSet'] === undefined ? integer(p, 'first') : 0;
      const of =
        p['changeSet'] === undefined
          ? { first, last: integer(p, 'last', first) }
          : { changeSet: await changeSetOf(w, p) };
      const name = p['name'] === undefined ? {} : { name: text(p, 'name') };
      return revert(w, c.principal, { of, ...name, ...idempotency(p) });
    }),
  /** A portable document of the change set's edits, for `change_set.promote` in another workspace. */
  'change_set.export': (c, p) => inWorkspace(c, p, async (w) => exportChangeSet(w, await changeSetOf(w, p))),
  /** Replays an exported change set (`text`, its JSON) onto this workspace. */
  'change_set.promote': (c, p) =>
    inWorkspace(c, p, (w) =>
      promote(w, c.principal, {
        text: text(p, 'text'),
        ...(p['name'] === undefined ? {} : { name: text(p, 'name') }),
        ...(p['ids'] === undefined ? {} : { ids: idMap(p['ids']) }),
        ...idempotency(p),
      }),
    ),
  /** The edits of `components` (names or ids) with what they need, as a change set of its own. */
  'change_set.split': (c, p) =>
    inWorkspace(c, p, async (w) =>
      split(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        components: textList(p, 'components'),
        ...(p['name'] === undefined ? {} : { name: text(p, 'name') }),
        ...idempotency(p),
      }),
    ),
  'change_set.abandon': (c, p) =>
    inWorkspace(c, p, async (w) => changeStatus(w, c.principal, await changeSetOf(w, p), 'abandon')),
  'change_set.reopen': (c, p) =>
    inWorkspace(c, p, async (w) => changeStatus(w, c.principal, await changeSetOf(w, p), 'reopen')),
  'change_set.approve': (c, p) => inWorkspace(c, p, (w) => decided(w, c.principal, p, 'approve')),
  'change_set.reject': (c, p) => inWorkspace(c, p, (w) => decided(w, c.principal, p, 'reject')),
  'change_set.withdraw': (c, p) => inWorkspace(c, p, async (w) => withdraw(w, c.principal, await changeSetOf(w, p))),
  'change_set.approvals': (c, p) => inWorkspace(c, p, async (w) => approvalsOf(w, await changeSetOf(w, p))),
  ...changeSetOperations,
  ...scheduleOperations,

  submit: (c, p) =>
    inWorkspace(c, p, async (w) =>
      submit(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        mutations: p['mutations'] as unknown as Request[],
        ...idempotency(p),
        ...(p['baseVersion'] === undefined ? {} : { baseVersion: integer(p, 'baseVersion') }),
        ...(p['ifVersion'] === undefined ? {} : { ifVersion: integer(p, 'ifVersion') }),
      }),
    ),

  ...componentOperations,
  ...viewOperations,
  diff: (c, p) => inWorkspace(c, p, (w) => diffVersions(w, p)),

  'schema.search': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() => ok(searchSchemas(s.snapshot, c.engine.catalogue, text(p, 'query', ''), integer(p, 'limit', 50)))),
    ),
  'schema.describe': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() => {
        const found = describeSchema(s.snapshot, c.engine.catalogue, text(p, 'schema'));
        return found.ok ? ok({ ...found.value, properties: propertyLines(found.value.spec) }) : found;
      }),
    ),

  ...schemaOperations,
  ...tokenOperations,

  ...importOperations,

  'audit.list': (c, p) => inWorkspace(c, p, (w) => listAudit(w, p)),
  'audit.verify': (c, p) => inWorkspace(c, p, async (w) => ok(await verifyAudit(w, headsOf(p)))),

  verify: (c, p) =>
    inWorkspace(c, p, async (w) =>
      ok(
        await verifyWorkspace(w, {
          most: Math.max(1, integer(p, 'most', 20)),
          heads: headsOf(p),
          progress: c.progress,
        }),
      ),
    ),
  gc: (c, p) => inWorkspace(c, p, 'maintain', async (w) => ok(await collectGarbage(w, c.progress))),
  /** A copy of the whole store, and so for whoever may have all of it. */
  backup: (c, p) =>
    inWorkspace(c, p, 'maintain', async (w) => {
      const may = overAll(c.principal);
      if (!may.ok) return may;
      const destination = text(p, 'destination');
      // Relative to which folder? The caller's is not this process's.
      if (!/^(\/|[A-Za-z]:[\\/])[^\0]*$/.test(destination)) wrong('destination', 'an absolute path', destination);
      await w.checkpoint();
      await c.engine.store.backup(destination);
      return ok({ destination });
    }),
  statistics: (c, p) =>
    inWorkspace(c, p, async (w) =>
      ok({ store: await c.engine.store.statistics(), cache: w.space.stats(), replayLag: await replayLag(w) }),
    ),

  'secret.set': (c, p) =>
    inWorkspace(c, p, async (w) => setSecret(w, c.principal, { ...p, changeSet: await changeSetOf(w, p) })),
  /** Into empty slots of its kind: of `components`, or of all in the change set. */
  'secret.use': (c, p) =>
    inWorkspace(c, p, 'edit', async (w) => {
      const components = p['components'] === undefined ? {} : { components: textList(p, 'components') };
      return useSecret(c, w, { changeSet: await changeSetOf(w, p), secret: text(p, 'secret'), ...components });
    }),
  'secret.list': (c, p) =>
    inState(c, p, async ({ w, snapshot }) =>
      ok(await linesWithReferences(w, await w.read(() => listSecrets(snapshot)))),
    ),
  /** By definition, those without a secret too. */
  'secret.definitions': (c, p) =>
    inState(c, p, async ({ w, snapshot }) =>
      ok(await groupsWithReferences(w, await w.read(() => secretsByDefinition(snapshot)))),
    ),
  'secret.get': (c, p) =>
    inState(c, p, async ({ w, snapshot }) => {
      const line = await w.read(() => getSecret(snapshot, text(p, 'secret')));
      return line.ok ? ok(await withReferences(w, line.value)) : line;
    }),
  'secret.public_key': (c, p) => inWorkspace(c, p, async (w) => ok(await publicKeyOf(w))),
  'secret.rotate': (c, p) => inWorkspace(c, p, (w) => rotateKeys(w, c, p['onlyReseal'] === true)),
  /** About the installation, and so about every workspace. */
  'secret.rekey': (c, p) => changeInstallationKey(c, p['onlyRewrap'] === true),
  'secret.collect': (c, p) => inWorkspace(c, p, (w) => collectSecrets(w, c.principal)),

  'member.list': (c, p) => inWorkspace(c, p, async (w) => ok(await readMembers(w))),
  'member.set': (c, p) => {
    const { member: id, role, active = true } = p;
    return inWorkspace(c, p, (w) => setMember(w, c.principal, { id, role, active }));
  },
  'member.remove': (c, p) => inWorkspace(c, p, (w) => removeMember(w, c.principal, text(p, 'member'))),
  'budget.get': (c, p) => inWorkspace(c, p, async (w) => ok(await readBudgets(w))),
  'budget.set': (c, p) => inWorkspace(c, p, (w) => setBudgets(w, c.principal, p['budgets'])),

  ...accessOperations,
  ...actionOperations,
  ...driftOperations,
  ...resourceOperations,
  ...providerOperations,
  ...policyOperations,
  ...planPolicyOperations,
  ...runOperations,
  ...eventOperations,
  ...webhookOperations,
  ...functionOperations,
  ...managementOperations,
} satisfies Record<string, Handler>;

export type { Review } from './review.ts';
export type OperationName = keyof typeof operations;
export const operationNames = Object.keys(operations) as readonly OperationName[];

async function decided(
  w: Workspace,
  principal: Principal,
  p: Params,
  decision: 'approve' | 'reject',
): Promise<Result<ChangeSetRow>> {
  const requirement = p['requirement'] === undefined ? {} : { requirement: text(p, 'requirement') };
  const at = p['ifVersion'] === undefined ? {} : { ifVersion: integer(p, 'ifVersion') };
  return decideApproval(w, principal, { changeSet: await changeSetOf(w, p), decision, ...requirement, ...at });
}

function requestOf({ branch }: State): { requested?: Branch['pending']['requested'] } {
  const { requested } = branch.pending;
  return requested === undefined ? {} : { requested };
}

/** Why a change set is behind, when it is. */
function replayOf(w: Workspace, id: ChangeSetId): { replay?: ReplayProblem } {
  const problem = w.replay.problems.get(id);
  return problem === undefined ? {} : { replay: problem };
}

async function diffVersions(w: Workspace, p: Params): Promise<Result<unknown>> {
  const version = (name: string) => (p[name] === undefined ? undefined : integer(p, name));
  const from = await stateOf(w, text(p, 'from', 'HEAD'), version('fromVersion'));
  const to = await stateOf(w, text(p, 'to', 'HEAD'), version('toVersion'));
  const comparison = await w.read(() => compareSnapshots(from.snapshot, to.snapshot, { results: resultsIn(w) }));
  const side = (s: State) => ({ changeSet: s.row.id, name: s.row.name, version: s.version });
  return ok({ from: side(from), to: side(to), summary: summaryOf(comparison), ...comparison });
}

async function listAudit(w: Workspace, p: Params): Promise<Result<unknown>> {
  const changeSet = p['changeSet'] === undefined ? undefined : must(await resolveChangeSet(w, text(p, 'changeSet')));
  if (p['fromSeq'] !== undefined && changeSet === undefined)
    wrong('changeSet', 'the change set whose chain it is', null);
  const pick = (name: 'subject' | 'kind' | 'actor') => (p[name] === undefined ? {} : { [name]: text(p, name) });
  return ok(
    await readAudit(w, {
      ...(changeSet === undefined ? {} : { changeSet }),
      ...pick('subject'),
      ...pick('kind'),
      ...pick('actor'),
      ...(p['fromSeq'] === undefined ? {} : { fromSeq: integer(p, 'fromSeq') }),
      limit: integer(p, 'limit', 50),
    }),
  );
}

function headsOf(p: Params): AuditVerdict['heads'] {
  const heads = p['heads'];
  if (heads === undefined) return [];
  const isHead = (x: unknown) =>
    isObject(x) &&
    typeof x['changeSet'] === 'string' &&
    Number.isSafeInteger(x['seq']) &&
    typeof x['hash'] === 'string';
  if (!Array.isArray(heads) || !heads.every(isHead))
    wrong('heads', 'a list of chain heads as `audit verify` prints them', heads as Json);
  return heads as unknown as AuditVerdict['heads'];
}

function idempotency(p: Params): { idempotencyKey?: string } {
  return p['idempotencyKey'] === undefined ? {} : { idempotencyKey: text(p, 'idempotencyKey') };
}

function idMap(ids: Json): Record<string, string> {
  if (isObject(ids) && Object.values(ids).every((id) => typeof id === 'string' && isUlid(id)))
    return ids as Record<string, string>;
  return wrong('ids', 'ids here by ids there', ids);
}

/** Times that an operation is begun when chunks that it reads are taken away under it. */
const attemptsMax = 3;

/**
 * Refusals thrown while parameters are read come back as refusals. A past state that a collection sweeps while it is
 * being read is built again, from the log; chunks are only ever missed before anything is written.
 */
async function refusing(body: () => Promise<Result<unknown>>): Promise<Result<unknown>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await body();
    } catch (e) {
      if (e instanceof RefusalError) return { ok: false, refusal: e.refusal };
      if (!(e instanceof Fault && e.code === 'chunk_missing' && attempt < attemptsMax)) throw e;
    }
  }
}
