// Importing a template into a change set and exporting one. An import is one batch: it happens whole or not at all, and
// importing again edits only what differs.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import { brief, isObject, type Json, type JsonObject } from '../base/json.ts';
import { attempt, must, ok, RefusalError, type Result, refuse } from '../base/result.ts';
import { exportWithNotes } from '../formats/cloudformation/export.ts';
import { planImport } from '../formats/cloudformation/import.ts';
import {
  annotationsOf,
  type ImportReport,
  type TemplateComponent,
  type TemplateModel,
  type Unrepresented,
} from '../formats/cloudformation/model.ts';
import { type Parsed, parseSpelled } from '../formats/cloudformation/parse.ts';
import { printTemplate } from '../formats/cloudformation/print.ts';
import { requestsOf } from '../formats/cloudformation/requests.ts';
import { templateSchemas } from '../formats/cloudformation/schemas.ts';
import { index, indexUser } from '../model/keys.ts';
import { findComponent, isMarked, nameOf, resolveSchema, specOfComponent } from '../model/lookup.ts';
import { resourceKeyOf } from '../model/moved.ts';
import { pointerOf } from '../model/path.ts';
import { hasPlacement, placementName, withoutPlacement } from '../model/placement.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Input, Request } from '../mutation/request.ts';
import type { Branch } from './branch.ts';
import { caughtUp } from './catch_up.ts';
import type { Engine } from './engine.ts';
import { askOf, remember, repeated } from './idempotency.ts';
import { findManager, installedSpec, memberId, membersOf, readMember } from './managed_model.ts';
import { permit } from './permit.ts';
import { type Ask, keepAnswer, type SubmitReply, submitNow } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface ImportReply extends ImportReport {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  /** The component of the template. */
  readonly template: ComponentId;
  readonly created: number;
  readonly removed: number;
  /** Single edits that it came to; 0: the template is in the change set as it stands. */
  readonly edits: number;
  /** Types that the catalogue does not describe. */
  readonly genericTypes: readonly string[];
}

export interface ImportRequest {
  readonly changeSet: ChangeSetId;
  /** The template as text, JSON or YAML. */
  readonly text: string;
  /** Name of the template's component; one of that name in the change set is updated. */
  readonly name: string;
  /** Logical ids of the template as it was -> those under which the same resources stand in it now. */
  readonly moved?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
}

/** Refuses what parsing, planning and submitting refuse. */
export async function importTemplate(
  engine: Engine,
  w: Workspace,
  principal: Principal,
  request: ImportRequest,
): Promise<Result<ImportReply>> {
  const { changeSet, text, name, moved = {} } = request;
  const ask = askOf(w, request.idempotencyKey, { import: { changeSet, text, name, moved } });
  if (!ask.ok) return ask;
  const parsed = parseSpelled(text);
  if (!parsed.ok) return parsed;
  const may = await permit(w, principal, 'edit', { operation: 'import', subject: changeSet });
  if (!may.ok) return may;
  return repeated<ImportReply>(w, { principal: principal.id, ...ask.value }, async () => {
    const found = await caughtUp(w, changeSet);
    if (!found.ok) return found;
    const { branch } = found.value;
    return w.read(() => importNow(engine, w, principal, branch, { parsed: parsed.value, name, moved, ask: ask.value }));
  });
}

/** Plans and edits in one turn, so that what was planned is what the change set is at; two imports at once are one. */
function importNow(
  engine: Engine,
  w: Workspace,
  principal: Principal,
  branch: Branch,
  what: Described & { readonly ask: Ask },
): Promise<Result<ImportReply> | 'lost'> {
  const planned = attempt(() => plan(engine, branch.snapshot, what));
  if (!planned.ok) return Promise.resolve(planned);
  const { requests, report, existing, template, ids, generic } = planned.value;
  const known = new Set(existing?.components.map((c) => c.id));
  const kept = new Set(ids);
  const replyOf = (version: number, edits: number): ImportReply => ({
    ...report,
    changeSet: branch.row.id,
    template,
    created: ids.filter((id) => !known.has(id)).length,
    removed: existing?.components.filter((c) => !kept.has(c.id)).length ?? 0,
    genericTypes: generic,
    version,
    edits,
  });
  if (requests.length === 0) {
    const same = replyOf(branch.row.version, 0);
    const { key, hash } = what.ask;
    return keepAnswer(w, branch, same, remember(principal.id, key, hash, same, w.world.clock.nowMs()));
  }
  const as = (reply: SubmitReply) =>
    replyOf(
      reply.version,
      reply.steps.reduce((n, s) => n + s.edits, 0),
    );
  const done = submitNow(w, principal, branch, { mutations: requests, ask: { ...what.ask, as } });
  return done.then((reply) => (reply === 'lost' || !reply.ok ? reply : ok(as(reply.value))));
}

interface Described {
  readonly parsed: Parsed;
  readonly name: string;
  readonly moved: Readonly<Record<string, string>>;
}

function plan(engine: Engine, state: Reader, { parsed, name, moved }: Described) {
  const existing = findTemplate(state, name);
  // Where resources are is nothing that a template says.
  const specFor = (type: string): VariantSpec | undefined => {
    const spec = installedSpec(state, type) ?? engine.catalogue.load(type);
    return spec && withoutPlacement(spec);
  };
  const imported = must(
    planImport({
      ...parsed,
      name,
      specOf: specFor,
      newId: (member) =>
        member === undefined
          ? engine.world.ids.ulid<ComponentId>()
          : memberId(state, engine.world.digest, { manager: member.template, key: member.key }),
      ...(existing === undefined ? {} : { existing }),
    }),
  );
  const plan = { ...imported, components: stayingWhereTheyAre(state, imported.components, { existing, moved }) };
  const installs: Request[] = [];
  for (const type of plan.described) {
    if (installedSpec(state, type) !== undefined) continue;
    const entry = engine.catalogue.entry(type)!;
    installs.push({
      kind: 'schema.install',
      name: type,
      category: entry.category,
      origin: engine.catalogue.origin,
      spec: engine.catalogue.load(type)!,
    });
  }
  const requests = [...requestsOf(plan, existing), ...movesOf(state, moved, { before: existing, after: plan })];
  const generic = plan.install
    .filter((s) => s.origin !== 'builtin' && engine.catalogue.entry(s.name) === undefined)
    .map((s) => s.name);
  return {
    requests: requests.length === 0 ? [] : [...installs, ...requests],
    report: plan.report,
    existing,
    template: plan.template,
    ids: plan.components.map((c) => c.id),
    generic,
  };
}

/** What stood under one logical id stands under another: a resource that passes on, unless it has done so already. */
function movesOf(
  state: Reader,
  moved: Readonly<Record<string, string>>,
  sides: { readonly before: TemplateModel | undefined; readonly after: Pick<TemplateModel, 'components'> },
): Request[] {
  const find = (side: Pick<TemplateModel, 'components'> | undefined, logicalId: string): ComponentId | undefined =>
    side?.components.find((c) => annotationsOf(c).logicalId === logicalId)?.id;
  const must = (found: ComponentId | undefined, path: string, got: string): ComponentId => {
    if (found !== undefined) return found;
    const [expected, hint] = ['a logical id of the template', 'compare with the resources of the template'];
    throw new RefusalError(refuse('component_not_found', { path, expected, got: JSON.stringify(got), hint }).refusal);
  };
  return Object.entries(moved).flatMap(([old, now]): Request[] => {
    const to = must(find(sides.after, now), `moved/${old}`, now);
    const known = find(sides.before, old);
    if (known === undefined && resourceKeyOf(state, to) !== to) return [];
    return [{ kind: 'component.moved', from: must(known, 'moved', old), to }];
  });
}

/** What somebody has said of the place of a component that the template has already, also under another logical id. */
function stayingWhereTheyAre(
  state: Reader,
  components: readonly TemplateComponent[],
  { existing, moved }: { readonly existing: TemplateModel | undefined; readonly moved: Described['moved'] },
): TemplateComponent[] {
  const before = new Map(existing?.components.map((c) => [c.id, c]));
  const earlier = new Map(Object.entries(moved).map(([old, now]) => [now, old]));
  return components.map((c) => {
    const old = earlier.get(String(annotationsOf(c).logicalId));
    const known =
      before.get(c.id) ??
      (old === undefined ? undefined : existing?.components.find((e) => annotationsOf(e).logicalId === old));
    const place = known && placeOf(state, known);
    return place === undefined ? c : { ...c, domain: { ...(c.domain as JsonObject), [placementName]: place } };
  });
}

function placeOf(state: Reader, { id, domain }: TemplateComponent): Input | undefined {
  const record = findComponent(state, id);
  const spec = record && specOfComponent(state, record);
  return spec !== undefined && hasPlacement(spec) && isObject(domain) ? domain[placementName] : undefined;
}

/** The template of that name, by the schema and name of its component; undefined when there is none. */
function findTemplate(state: Reader, name: string): TemplateModel | undefined {
  const id = findManager(state, templateSchemas.template, name);
  return id && readTemplate(state, id);
}

/** A template as what is declared on its component and on those that it manages, without those marked for deletion. */
function readTemplate(state: Reader, template: ComponentId): TemplateModel {
  return { template, components: membersOf(state, template).map((id) => readMember(state, id)) };
}

export interface ExportReply {
  readonly template: Json;
  readonly text: string;
  /** What could not be written into the template. */
  readonly notes: readonly Unrepresented[];
}

/** Exports the template of a name, or the only one there is. Refuses `component_not_found`, `ambiguous_name`. */
export function exportTemplateOf(
  state: Reader,
  name: string | undefined,
  format: 'json' | 'yaml',
): Result<ExportReply> {
  const found = templatesIn(state).filter((t) => name === undefined || t.name === name || t.id === name);
  if (found.length !== 1) {
    return refuse(found.length === 0 ? 'component_not_found' : 'ambiguous_name', {
      path: 'name',
      expected: 'the name of one imported template',
      got:
        found.length === 0
          ? brief(name ?? 'no template at all')
          : `${found.length}: ${found
              .slice(0, 10)
              .map((t) => t.name)
              .join(', ')}`,
      hint: found.length === 0 ? 'import a template first, or name another change set' : 'name one of them',
    });
  }
  const { template: id, components } = readTemplate(state, found[0]!.id);
  const placed = components.filter((c) => placeOf(state, c) !== undefined);
  const exported = exportWithNotes({
    template: id,
    components: components.map((c) => (placed.includes(c) ? withoutPlace(c) : c)),
  });
  if (!exported.ok) return exported;
  const { template, spellings } = exported.value;
  const notes = [
    ...exported.value.notes,
    ...placed.map(({ name }) => ({
      path: pointerOf(['Resources', name]),
      reason: 'a template does not say in which region one of its resources is',
    })),
  ];
  return ok({ template, text: printTemplate(template, format, spellings), notes });
}

function withoutPlace(component: TemplateComponent): TemplateComponent {
  const { [placementName]: _, ...domain } = component.domain as JsonObject;
  return { ...component, domain };
}

function templatesIn(state: Reader): { id: ComponentId; name: string }[] {
  const schema = resolveSchema(state, templateSchemas.template);
  if (!schema.ok) return [];
  const out: { id: ComponentId; name: string }[] = [];
  for (const [key] of state.scan('schemas', `${schema.value}/`)) {
    for (const [pair] of state.scan('index', index.componentsOf(key.slice(schema.value.length + 1) as never))) {
      const id = indexUser(pair) as ComponentId;
      if (!isMarked(state, id)) out.push({ id, name: nameOf(state, id) });
    }
  }
  return out;
}
