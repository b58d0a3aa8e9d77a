// Importing a Terraform state into a change set: its instances become components with their values, references and what is known
// of their resources, so that nothing has to be done for them. The edits are one batch; what is known of the resources is
// recorded once that is durable. Importing the same state again changes nothing.

import type { Principal } from '../access/role.ts';
import { actionFunctionOf } from '../actions/action_functions.ts';
import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import { attempt, ok, type Result } from '../base/result.ts';
import { planImport } from '../formats/terraform/import.ts';
import type { ImportReport, Reality, StateComponent, StateFile, StateModel } from '../formats/terraform/model.ts';
import { parseState } from '../formats/terraform/parse.ts';
import { realityToRecord, requestsOf } from '../formats/terraform/requests.ts';
import { terraformSchemas } from '../formats/terraform/schemas.ts';
import { declaredResourceId, findComponent, reportedOf, variantInWork } from '../model/lookup.ts';
import { resourceKeyOf } from '../model/moved.ts';
import type { Reader } from '../model/state.ts';
import type { Request } from '../mutation/request.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import { caughtUp } from './catch_up.ts';
import type { Engine } from './engine.ts';
import { askOf, remember, repeated } from './idempotency.ts';
import { findManager, installedSpec, memberId, membersOf, readMember } from './managed_model.ts';
import { permit } from './permit.ts';
import { importedRecord, recordReality } from './resources.ts';
import { type Ask, keepAnswer, type SubmitReply, submitNow } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface TerraformReply extends ImportReport {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  /** The component of the state. */
  readonly state: ComponentId;
  readonly created: number;
  /** Components of instances that the state has no longer: erased, which leaves their resources alone. */
  readonly removed: number;
  /** Single edits that it came to; 0: the state is in the change set as it stands. */
  readonly edits: number;
  /** Resources of which something else is known now than before. */
  readonly recorded: number;
  /** Types that the catalogue does not describe, with a schema made of their values. */
  readonly genericTypes: readonly string[];
}

export interface TerraformRequest {
  readonly changeSet: ChangeSetId;
  /** A state of version 4, or what `terraform show -json` prints. */
  readonly text: string;
  /** Name of the state's component; one of that name in the change set is updated. */
  readonly name: string;
  readonly idempotencyKey?: string;
}

/** Refuses what parsing and submitting refuse. */
export async function importTerraform(
  engine: Engine,
  w: Workspace,
  principal: Principal,
  request: TerraformRequest,
): Promise<Result<TerraformReply>> {
  const { changeSet, text, name } = request;
  const ask = askOf(w, request.idempotencyKey, { terraform: { changeSet, text, name } });
  if (!ask.ok) return ask;
  const parsed = parseState(text);
  if (!parsed.ok) return parsed;
  const may = await permit(w, principal, 'edit', { operation: 'import', subject: changeSet });
  if (!may.ok) return may;
  return repeated<TerraformReply>(w, { principal: principal.id, ...ask.value }, async () => {
    await w.reality.ready();
    const found = await caughtUp(w, changeSet);
    if (!found.ok) return found;
    const { branch } = found.value;
    const head = (await w.head()).snapshot;
    const what = { file: parsed.value, name, ask: ask.value };
    return w.read(() => importNow(engine, w, principal, { branch, head }, what));
  });
}

/** Plans and edits in one turn, so that what was planned is what the change set is at; two imports at once are one. */
function importNow(
  engine: Engine,
  w: Workspace,
  principal: Principal,
  { branch, head }: { readonly branch: Branch; readonly head: Snapshot },
  what: { readonly file: StateFile; readonly name: string; readonly ask: Ask },
): Promise<Result<TerraformReply> | 'lost'> {
  const planned = attempt(() => plan(engine, branch.snapshot, head, what));
  if (!planned.ok) return Promise.resolve(planned);
  const { requests, reality, ...told } = planned.value;
  const recorded = reality.length;
  const known = reality.map(({ component, ...of }) => ({ component: resourceKeyOf(branch.snapshot, component), of }));
  const replyOf = (version: number, edits: number): TerraformReply => ({
    ...told,
    changeSet: branch.row.id,
    version,
    edits,
    recorded,
  });
  const as = (reply: SubmitReply) =>
    replyOf(
      reply.version,
      reply.steps.reduce((n, s) => n + s.edits, 0),
    );
  const same = replyOf(branch.row.version, 0);
  const { key, hash } = what.ask;
  const submitted =
    requests.length === 0
      ? keepAnswer(w, branch, same, remember(principal.id, key, hash, same, w.world.clock.nowMs()))
      : submitNow(w, principal, branch, { mutations: requests, ask: { ...what.ask, as } }).then((reply) =>
          reply === 'lost' || !reply.ok ? reply : ok(as(reply.value)),
        );
  return submitted.then(async (done) => {
    if (done === 'lost' || !done.ok) return done;
    await recordReality(
      w,
      known.map(({ component, of }) => ({ component, record: importedRecord(w, of) })),
    );
    return done;
  });
}

function plan(
  engine: Engine,
  state: Snapshot,
  head: Snapshot,
  { file, name }: { readonly file: StateFile; readonly name: string },
) {
  const manager = findManager(state, terraformSchemas.state, name);
  const existing = manager === undefined ? undefined : readState(state, manager);
  const plan = planImport({
    file,
    name,
    specOf: (type) => installedSpec(state, type) ?? engine.catalogue.load(type),
    newId: (member) =>
      member === undefined
        ? engine.world.ids.ulid<ComponentId>()
        : memberId(state, engine.world.digest, { manager: member.state, key: member.key }),
    ...(existing === undefined ? {} : { existing }),
  });
  const installs = plan.described
    .filter((type) => installedSpec(state, type) === undefined)
    .map((type): Request => {
      const { category } = engine.catalogue.entry(type)!;
      const { origin } = engine.catalogue;
      return { kind: 'schema.install', name: type, category, origin, spec: engine.catalogue.load(type)! };
    });
  const edits = [...requestsOf(plan, existing), ...identified(state, plan.reality)];
  const known = new Set(existing?.components.map((c) => c.id));
  const kept = new Set(plan.components.map((c) => c.id));
  const instances = plan.components.filter((c) => c.id !== plan.state);
  return {
    requests: edits.length === 0 ? [] : [...installs, ...edits],
    reality: realityToRecord(plan, existing).filter((r) => !isLookedAt(head, r.component)),
    ...plan.report,
    state: plan.state,
    created: plan.components.filter((c) => !known.has(c.id)).length,
    removed: [...known].filter((id) => !kept.has(id)).length,
    genericTypes: [...new Set(instances.map((c) => c.schema))].filter((type) => !plan.described.includes(type)),
  };
}

/** The ids of the resources, where the change set has others or none: reality alone does not go with an export. */
function identified(state: Reader, reality: readonly Reality[]): Request[] {
  return reality.flatMap(({ component, resourceId }): Request[] => {
    const now = declaredResourceId(state, component);
    return now === resourceId || resourceId === null
      ? []
      : [{ kind: 'component.set_resource_id', component, resourceId }];
  });
}

/** Is it Head's, and can its provider be asked? Then what a file said at some time is no news. */
function isLookedAt(head: Reader, component: ComponentId): boolean {
  const record = findComponent(head, component);
  return record !== undefined && actionFunctionOf(head, record, 'refresh', '') !== undefined;
}

function readState(state: Reader, manager: ComponentId): StateModel {
  const ids = membersOf(state, manager);
  return {
    state: manager,
    components: ids.map((id): StateComponent => {
      const { schema, name, domain, metadata, dependsOn } = readMember(state, id);
      const record = findComponent(state, id)!;
      const outdated = record.variant !== variantInWork(state, record.schema);
      const annotations = metadata === undefined ? {} : { metadata };
      return { id, schema, name, domain, dependsOn, outdated, ...annotations };
    }),
    reality: ids.flatMap((component): Reality[] => {
      const record = reportedOf(state, component);
      if (record === undefined) return [];
      const { resourceId, status, payload } = record;
      return [{ component, resourceId, status, payload }];
    }),
  };
}
