// Importing a template into a change set and exporting one. An import is one batch: it happens whole or not at all, and
// importing again edits only what differs.

import type { Principal } from '../access/role.ts';
import { type ChangeSetId, type ComponentId, type Digest, idFromHash } from '../base/ids.ts';
import { brief, type Json } from '../base/json.ts';
import { attempt, must, ok, type Result, refuse } from '../base/result.ts';
import { exportWithNotes } from '../formats/cloudformation/export.ts';
import { planImport } from '../formats/cloudformation/import.ts';
import type { ImportReport, TemplateComponent, TemplateModel, Unrepresented } from '../formats/cloudformation/model.ts';
import { type Parsed, parseSpelled } from '../formats/cloudformation/parse.ts';
import { printTemplate } from '../formats/cloudformation/print.ts';
import { requestsOf } from '../formats/cloudformation/requests.ts';
import { templateSchemas } from '../formats/cloudformation/schemas.ts';
import { componentFlags } from '../model/component.ts';
import { isDeclared, readDeclared } from '../model/declared.ts';
import { dependsKey, flagKey, index, indexUser } from '../model/keys.ts';
import { findComponent, findSchema, findVariant, isMarked, nameOf, resolveSchema, specOf } from '../model/lookup.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Input, Request } from '../mutation/request.ts';
import { inputOfTree, treeOfDeclared } from '../mutation/tree.ts';
import type { Branch } from './branch.ts';
import { caughtUp } from './catch_up.ts';
import type { Engine } from './engine.ts';
import { askOf, remember, repeated } from './idempotency.ts';
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
  readonly idempotencyKey?: string;
}

/** Refuses what parsing, planning and submitting refuse. */
export async function importTemplate(
  engine: Engine,
  w: Workspace,
  principal: Principal,
  request: ImportRequest,
): Promise<Result<ImportReply>> {
  const { changeSet, text, name } = request;
  const ask = askOf(w, request.idempotencyKey, { import: { changeSet, text, name } });
  if (!ask.ok) return ask;
  const parsed = parseSpelled(text);
  if (!parsed.ok) return parsed;
  const may = await permit(w, principal, 'edit', { operation: 'import', subject: changeSet });
  if (!may.ok) return may;
  return repeated<ImportReply>(w, { principal: principal.id, ...ask.value }, async () => {
    for (;;) {
      const found = await caughtUp(w, changeSet);
      if (!found.ok) return found;
      const { branch } = found.value;
      const done = await w.read(() =>
        importNow(engine, w, principal, branch, { parsed: parsed.value, name, ask: ask.value }),
      );
      if (done !== 'lost') return done;
    }
  });
}

/** Plans and edits in one turn, so that what was planned is what the change set is at; two imports at once are one. */
function importNow(
  engine: Engine,
  w: Workspace,
  principal: Principal,
  branch: Branch,
  what: { readonly parsed: Parsed; readonly name: string; readonly ask: Ask },
): Promise<Result<ImportReply> | 'lost'> {
  const planned = attempt(() => plan(engine, branch.snapshot, what.parsed, what.name));
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

function plan(engine: Engine, state: Reader, parsed: Parsed, name: string) {
  const existing = findTemplate(state, name);
  const specFor = (type: string): VariantSpec | undefined => installedSpec(state, type) ?? engine.catalogue.load(type);
  const plan = must(
    planImport({
      ...parsed,
      name,
      specOf: specFor,
      newId: (member) =>
        member === undefined ? engine.world.ids.ulid<ComponentId>() : memberId(state, engine.world.digest, member),
      ...(existing === undefined ? {} : { existing }),
    }),
  );
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
  const requests = requestsOf(plan, existing);
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

/**
 * The id of a member that is new to a template: the same for whoever adds it to the same template, so that two change sets
 * that both add it come to one component. One that was added before and deleted keeps its id; the next one has another.
 */
function memberId(state: Reader, digest: Digest, member: { template: ComponentId; key: string }): ComponentId {
  const { template, key } = member;
  for (let n = 1; ; n++) {
    // Beside its template: the beginning of an id is its place among all.
    const hash = digest(`${template} ${key} ${n}`);
    const id = (template.slice(0, 10) + idFromHash(hash).slice(10)) as ComponentId;
    if (state.get('components', id) === undefined) return id;
  }
}

function installedSpec(state: Reader, type: string): VariantSpec | undefined {
  const id = resolveSchema(state, type);
  const variant = id.ok ? findSchema(state, id.value)?.defaultVariant : undefined;
  const record = id.ok && variant ? findVariant(state, id.value, variant) : undefined;
  return record && specOf(state, record.spec);
}

/** The template of that name, by the schema and name of its component; undefined when there is none. */
function findTemplate(state: Reader, name: string): TemplateModel | undefined {
  for (const [key] of state.scan('index', index.named(name))) {
    const id = indexUser(key) as ComponentId;
    if (isTemplate(state, id) && !isMarked(state, id)) return readTemplate(state, id);
  }
  return undefined;
}

function isTemplate(state: Reader, id: ComponentId): boolean {
  const record = findComponent(state, id);
  return record !== undefined && findSchema(state, record.schema)?.name === templateSchemas.template;
}

/** A template as what is declared on its component and on those that it manages, without those marked for deletion. */
function readTemplate(state: Reader, template: ComponentId): TemplateModel {
  const prefix = `${template}/manages/`;
  const members = [...state.scan('components', prefix)].map(([key]) => key.slice(prefix.length) as ComponentId);
  return {
    template,
    components: [template, ...members].filter((id) => !isMarked(state, id)).map((id) => readMember(state, id)),
  };
}

function readMember(state: Reader, id: ComponentId): TemplateComponent {
  const record = findComponent(state, id)!;
  const input = (path: Path): Input | undefined => {
    const declared = readDeclared(state, id, path);
    const tree = isDeclared(declared) ? treeOfDeclared(state, declared) : undefined;
    return tree && inputOfTree(state, tree);
  };
  const metadata = input(wellKnown.metadata);
  const enabled = input(wellKnown.enabled);
  const depends = dependsKey(id, '' as ComponentId);
  return {
    id,
    schema: findSchema(state, record.schema)?.name ?? '',
    name: nameOf(state, id),
    domain: input(wellKnown.domain) ?? {},
    ...(metadata === undefined ? {} : { metadata }),
    ...(enabled === undefined ? {} : { enabled }),
    flags: componentFlags.filter((f) => state.get('components', flagKey(id, f)) !== undefined),
    dependsOn: [...state.scan('components', depends)].map(([key]) => key.slice(depends.length) as ComponentId),
  };
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
  const exported = exportWithNotes(readTemplate(state, found[0]!.id));
  if (!exported.ok) return exported;
  const { template, notes, spellings } = exported.value;
  return ok({ template, text: printTemplate(template, format, spellings), notes });
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
