// Compiling what authors do to everything that is not a component: views, schemas, functions, bindings, secrets,
// action overrides.

import type { RefusalCode } from '../base/codes.ts';
import {
  type ActionId,
  type BindingId,
  type ComponentId,
  type FunctionId,
  idFromHash,
  type SchemaId,
  type SecretId,
  type VariantId,
  type ViewId,
} from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { must, type RefusalDetail, RefusalError, refuse, unreachable } from '../base/result.ts';
import { type OverrideRecord, overrideModes } from '../model/action.ts';
import { actionKinds, type BindingRecord, type FunctionRecord, functionKinds } from '../model/function.ts';
import { approversKey, index, indexUser, overrideKey, placementKey, variantKey } from '../model/keys.ts';
import {
  findRecord,
  findSchema,
  isAnswered,
  isMarked,
  resolveComponent,
  resolveFunction,
  resolveSchema,
  resolveSecret,
  resolveView,
  schemaOfVariant,
} from '../model/lookup.ts';
import {
  cataloguedSchemaId,
  cataloguedVariantId,
  parseVariantSpec,
  type VariantRecord,
  type VariantSpec,
  variantSpecText,
} from '../model/schema.ts';
import type { ApproverRule } from '../model/view.ts';
import { type About, type Compilation, malformed, mustName, type NounRequest } from './compile.ts';
import { attach, removeBinding } from './compile_binding.ts';
import { newId } from './compile_component.ts';
import { define } from './compile_definition.ts';
import type { Noun } from './nouns.ts';
import { diffText, isOverlay } from './text.ts';

type Of<K extends NounRequest['kind']> = Extract<NounRequest, { kind: K }>;

export function compileNoun(c: Compilation, r: NounRequest): About {
  switch (r.kind) {
    case 'view.create':
    case 'view.rename':
    case 'view.remove':
    case 'view.add_component':
    case 'view.remove_component':
    case 'view.set_geometry':
    case 'view.set_approvers':
      return compileView(c, r);
    case 'schema.create':
    case 'schema.define':
    case 'schema.install':
    case 'schema.edit_variant':
    case 'schema.lock_variant':
    case 'schema.unlock_variant':
    case 'schema.set_default':
      return compileSchema(c, r);
    case 'function.create':
    case 'function.edit_text':
    case 'function.set_metadata':
    case 'function.lock':
    case 'function.unlock':
      return compileFunction(c, r);
    case 'binding.attach':
      return attach(c, r);
    case 'binding.detach':
      removeBinding(c, r.binding as BindingId);
      return { subject: r.binding };
    case 'secret.put':
    case 'secret.rename':
    case 'secret.remove':
      return compileSecret(c, r);
    case 'action.skip':
    case 'action.hold':
    case 'action.add':
    case 'action.remove':
      return compileOverride(c, r);
    default:
      return unreachable(r);
  }
}

export function fail(code: RefusalCode, detail: RefusalDetail): never {
  throw new RefusalError(refuse(code, detail).refusal);
}

/** Sets one field when it differs. */
export function setField(
  c: Compilation,
  noun: Noun,
  key: string,
  now: JsonObject,
  field: string,
  value: Json | undefined,
): void {
  if (value !== undefined && JSON.stringify(now[field]) !== JSON.stringify(value)) {
    c.emit({ kind: 'record.set', noun, key, field, value });
  }
}

function compileView(c: Compilation, r: Of<Extract<NounRequest['kind'], `view.${string}`>>): About {
  if (r.kind === 'view.create') {
    const name = mustName(r.name, 'name');
    freeName(c, index.viewsNamed(name), 'view', name);
    const view = newId<ViewId>(c, r.id);
    c.emit({ kind: 'record.create', noun: 'view', key: view, record: { name, isDefault: false } });
    return { subject: view };
  }
  const view = must(resolveView(c.draft, r.view));
  switch (r.kind) {
    case 'view.rename': {
      const name = mustName(r.name, 'name');
      const record = findRecord<JsonObject>(c.draft, 'views', view)!;
      if (record['name'] !== name) freeName(c, index.viewsNamed(name), 'view', name);
      setField(c, 'view', view, record, 'name', name);
      break;
    }
    case 'view.remove':
      removeView(c, view);
      break;
    case 'view.add_component':
    case 'view.remove_component':
    case 'view.set_geometry': {
      const component = must(resolveComponent(c.draft, r.component));
      const key = placementKey(view, component);
      const placed = findRecord<JsonObject>(c.draft, 'views', key);
      if (r.kind === 'view.remove_component') {
        if (placed) mustStayInView(c, component, 'component');
        if (placed) c.emit({ kind: 'record.remove', noun: 'placement', key });
      } else if (r.kind !== 'view.set_geometry') {
        if (!placed) c.emit({ kind: 'record.create', noun: 'placement', key, record: { geometry: null } });
      } else {
        const geometry = mustGeometry(r.geometry);
        if (placed) setField(c, 'placement', key, placed, 'geometry', geometry);
        else c.emit({ kind: 'record.create', noun: 'placement', key, record: { geometry } });
      }
      break;
    }
    case 'view.set_approvers': {
      const key = approversKey(view);
      const now = findRecord<JsonObject>(c.draft, 'views', key);
      if (r.rule === null) {
        if (now) c.emit({ kind: 'record.remove', noun: 'approvers', key });
        break;
      }
      const rule = mustRule(r.rule);
      if (!now) c.emit({ kind: 'record.create', noun: 'approvers', key, record: rule });
      else
        for (const field of ['approvers', 'minimum'] as const) setField(c, 'approvers', key, now, field, rule[field]);
    }
  }
  return { subject: view };
}

function mustGeometry(g: unknown): Json {
  if (g === null) return null;
  const { x, y, width = null, height = null } = (typeof g === 'object' ? g : {}) as Record<string, unknown>;
  const size = (n: unknown): n is number | null => n === null || (typeof n === 'number' && n >= 0);
  if (typeof x !== 'number' || typeof y !== 'number' || !size(width) || !size(height))
    malformed('geometry', '{x, y, width, height} in pixels, or null', g);
  return { x, y, width, height };
}

function mustRule(rule: ApproverRule): { approvers: string[]; minimum: number } {
  const { approvers, minimum } = rule;
  if (!Array.isArray(approvers) || approvers.length === 0 || !approvers.every((a) => typeof a === 'string')) {
    malformed('rule.approvers', 'a list of users or roles', approvers);
  }
  if (!Number.isInteger(minimum) || minimum < 1) malformed('rule.minimum', 'a count of at least 1', minimum);
  return { approvers: [...new Set(approvers)].sort(), minimum };
}

/** A component that is not marked stays in one view at least. */
function mustStayInView(c: Compilation, component: ComponentId, path: string): void {
  if (isMarked(c.draft, component)) return;
  if ([...c.draft.scan('index', index.viewsOf(component))].length > 1) return;
  fail('in_use', {
    path,
    expected: 'a component that is in another view too',
    got: `${component} is only in this one`,
    hint: 'put it in another view, or delete it, first',
  });
}

/** A view goes only when none of its components would be left without one. */
function removeView(c: Compilation, view: ViewId): void {
  const placements = [...c.draft.scan('views', `${view}/`)].map(([key]) => key);
  for (const key of placements) {
    mustStayInView(c, key.slice(view.length + 1) as ComponentId, 'view');
  }
  for (const key of placements) c.emit({ kind: 'record.remove', noun: 'placement', key });
  if (c.draft.get('views', approversKey(view)) !== undefined)
    c.emit({ kind: 'record.remove', noun: 'approvers', key: approversKey(view) });
  c.emit({ kind: 'record.remove', noun: 'view', key: view });
}

function freeName(c: Compilation, prefix: string, noun: string, name: string): void {
  for (const [key] of c.draft.scan('index', prefix)) {
    fail('name_taken', {
      path: 'name',
      expected: `a name that no ${noun} has`,
      got: `${JSON.stringify(name)}, of ${indexUser(key)}`,
      hint: 'choose another name',
    });
  }
}

function compileSchema(c: Compilation, r: Of<Extract<NounRequest['kind'], `schema.${string}`>>): About {
  switch (r.kind) {
    case 'schema.create': {
      const name = mustName(r.name, 'name');
      freeName(c, index.schemasNamed(name), 'schema', name);
      const schema = newId<SchemaId>(c, r.id);
      addSchema(c, {
        schema,
        variant: c.ids.ulid<VariantId>(),
        name,
        category: r.category ?? 'User',
        origin: 'user',
        spec: r.spec,
        locked: false,
      });
      return { subject: schema };
    }
    case 'schema.define':
      return define(c, r);
    case 'schema.install': {
      const name = mustName(r.name, 'name');
      const { digest } = c.draft;
      const schema = cataloguedSchemaId(digest, { origin: r.origin, name });
      const text = variantSpecText(must(parseVariantSpec(r.spec, 'spec')));
      const variant = cataloguedVariantId(digest, schema, text);
      if (c.draft.get('schemas', variantKey(schema, variant)) === undefined) {
        addSchema(c, { schema, variant, name, category: r.category, origin: r.origin, spec: r.spec, locked: true });
      }
      return { subject: schema, sentence: `install schema ${name}` };
    }
    case 'schema.set_default': {
      const schema = must(resolveSchema(c.draft, r.schema));
      const found = must(schemaOfVariant(c.draft, r.variant));
      if (found.schema !== schema) malformed('variant', 'a variant of that schema', r.variant);
      setField(c, 'schema', schema, findRecord<JsonObject>(c.draft, 'schemas', schema)!, 'defaultVariant', r.variant);
      return { subject: schema };
    }
    default:
      return compileVariant(c, r);
  }
}

export interface NewSchema {
  readonly schema: SchemaId;
  readonly variant: VariantId;
  readonly name: string;
  readonly category: string;
  readonly origin: string;
  readonly spec: VariantSpec;
  readonly locked: boolean;
}

/** Adds a variant, with its schema when that is new, and makes it the default. */
export function addSchema(c: Compilation, n: NewSchema): void {
  const spec = c.draft.putBlob(variantSpecText(must(parseVariantSpec(n.spec, 'spec'))));
  const known = findSchema(c.draft, n.schema);
  const record = { name: n.name, category: n.category, origin: n.origin, defaultVariant: n.variant };
  if (known === undefined) c.emit({ kind: 'record.create', noun: 'schema', key: n.schema, record });
  const version = [...c.draft.scan('schemas', `${n.schema}/`)].length + 1;
  c.emit({
    kind: 'record.create',
    noun: 'variant',
    key: variantKey(n.schema, n.variant),
    record: { name: `v${version}`, spec, locked: n.locked },
  });
  if (known !== undefined) setField(c, 'schema', n.schema, known as unknown as JsonObject, 'defaultVariant', n.variant);
}

function compileVariant(
  c: Compilation,
  r: Of<'schema.edit_variant' | 'schema.lock_variant' | 'schema.unlock_variant'>,
): About {
  const { schema, record } = must(schemaOfVariant(c.draft, r.variant));
  const key = variantKey(schema, r.variant as VariantId);
  const now = record as unknown as JsonObject;
  switch (r.kind) {
    case 'schema.edit_variant': {
      if (record.locked)
        fail('locked', {
          path: 'variant',
          expected: 'an unlocked variant',
          got: `${record.name}, locked`,
          hint: 'unlock it: that makes an editable copy',
        });
      const spec = c.draft.putBlob(variantSpecText(must(parseVariantSpec(r.spec, 'spec'))));
      setField(c, 'variant', key, now, 'spec', spec);
      if (r.name !== undefined) setField(c, 'variant', key, now, 'name', mustName(r.name, 'name'));
      return { subject: r.variant };
    }
    case 'schema.lock_variant':
      setField(c, 'variant', key, now, 'locked', true);
      return { subject: r.variant };
    case 'schema.unlock_variant':
      return { subject: unlocked(c, schema, r.variant as VariantId, r.id) };
  }
}

/** The schema's unlocked variant: the one there is, else a new copy of the one given. */
export function unlocked(c: Compilation, schema: SchemaId, variant: VariantId, id?: VariantId): VariantId {
  for (const [k, text] of c.draft.scan('schemas', `${schema}/`)) {
    if (!(JSON.parse(text) as VariantRecord).locked) return k.slice(schema.length + 1) as VariantId;
  }
  const record = findRecord<VariantRecord>(c.draft, 'schemas', variantKey(schema, variant))!;
  const copy = newId<VariantId>(c, id);
  c.emit({
    kind: 'record.create',
    noun: 'variant',
    key: variantKey(schema, copy),
    record: { name: `v${[...c.draft.scan('schemas', `${schema}/`)].length + 1}`, spec: record.spec, locked: false },
  });
  copyBindings(c, variant, copy);
  return copy;
}

/** A copy of a variant has its functions too. */
function copyBindings(c: Compilation, from: string, to: VariantId): void {
  for (const [key] of [...c.draft.scan('index', index.bindingsOf(from))]) {
    const binding = findRecord<JsonObject>(c.draft, 'bindings', indexUser(key))!;
    const record = { ...binding, target: { variant: to } };
    c.emit({ kind: 'record.create', noun: 'binding', key: copiedBindingId(c, indexUser(key), to), record });
  }
}

function compileFunction(c: Compilation, r: Of<Extract<NounRequest['kind'], `function.${string}`>>): About {
  if (r.kind === 'function.create') {
    const name = mustName(r.name, 'name');
    if (!functionKinds.includes(r.functionKind)) malformed('functionKind', functionKinds.join(', '), r.functionKind);
    const id = newId<FunctionId>(c, r.id);
    const text = c.draft.putBlob(mustText(r.text));
    const record = {
      name,
      displayName: r.displayName ?? name,
      description: r.description ?? '',
      kind: r.functionKind,
      text,
      locked: false,
    };
    c.emit({ kind: 'record.create', noun: 'function', key: id, record });
    return { subject: id };
  }
  const id = must(resolveFunction(c.draft, r.function));
  const record = findRecord<FunctionRecord>(c.draft, 'functions', id)!;
  const now = record as unknown as JsonObject;
  switch (r.kind) {
    case 'function.edit_text': {
      const text = mustText(r.text);
      const changes = diffText(c.draft.blob(record.text), text);
      if (changes.length > 0)
        c.emit({ kind: 'text.edit', function: id, changes, from: record.text, to: c.draft.putBlob(text) });
      return { subject: id };
    }
    case 'function.set_metadata':
      if (record.locked && !isOverlay(c.draft, id))
        fail('locked', {
          path: 'function',
          expected: 'an unlocked function',
          got: `${record.name}, locked`,
          hint: 'unlock it: that makes an editable copy',
        });
      if (r.name !== undefined) setField(c, 'function', id, now, 'name', mustName(r.name, 'name'));
      setField(c, 'function', id, now, 'displayName', r.displayName);
      setField(c, 'function', id, now, 'description', r.description);
      return { subject: id };
    case 'function.lock':
      setField(c, 'function', id, now, 'locked', true);
      return { subject: id };
    case 'function.unlock': {
      if (!record.locked) return { subject: id };
      const copy = untouchedCopy(c, record) ?? newId<FunctionId>(c, r.id);
      if (findRecord(c.draft, 'functions', copy) === undefined)
        c.emit({ kind: 'record.create', noun: 'function', key: copy, record: { ...now, locked: false } });
      giveToUnlocked(c, id, copy);
      return { subject: copy };
    }
  }
}

/** A name may be another function's on another schema; only an untouched copy is surely one of this function. */
function untouchedCopy(c: Compilation, record: FunctionRecord): FunctionId | undefined {
  for (const [key] of c.draft.scan('index', index.functionsNamed(record.name))) {
    const other = findRecord<FunctionRecord>(c.draft, 'functions', indexUser(key))!;
    if (!other.locked && other.kind === record.kind && other.text === record.text) return indexUser(key) as FunctionId;
  }
  return undefined;
}

/** Unlocked variants get the copy in the place of the function that it is of; locked ones keep what they have. */
function giveToUnlocked(c: Compilation, from: FunctionId, copy: FunctionId): void {
  for (const [key] of [...c.draft.scan('index', index.bindingsOf(from))]) {
    const { target, ...rest } = findRecord<BindingRecord>(c.draft, 'bindings', indexUser(key))!;
    if (target.variant === undefined || must(schemaOfVariant(c.draft, target.variant)).record.locked) continue;
    c.emit({ kind: 'record.remove', noun: 'binding', key: indexUser(key) });
    const record = { ...rest, target, function: copy } as unknown as JsonObject;
    c.emit({ kind: 'record.create', noun: 'binding', key: copiedBindingId(c, indexUser(key), copy), record });
  }
}

/** Of what takes a binding's place for a copy: it follows from both, so that whoever names the copy knows all that comes of it. */
function copiedBindingId(c: Compilation, of: string, copy: VariantId | FunctionId): BindingId {
  return idFromHash<BindingId>(c.draft.digest(`binding\n${of}\n${copy}`));
}

export function mustText(text: unknown): string {
  if (typeof text !== 'string') malformed('text', 'the function’s code', text);
  if (text.length <= limits.functionTextCharsMax) return text;
  return fail('limit_exceeded', {
    path: 'text',
    expected: `at most ${limits.functionTextCharsMax} characters`,
    got: String(text.length),
    hint: 'split the function',
  });
}

function compileSecret(c: Compilation, r: Of<Extract<NounRequest['kind'], `secret.${string}`>>): About {
  if (r.kind === 'secret.put' && r.secret === undefined) {
    const name = mustName(r.name, 'name');
    freeName(c, index.secretsNamed(name), 'secret', name);
    const id = newId<SecretId>(c, r.id);
    const record = {
      name,
      definition: mustName(r.definition, 'definition'),
      description: r.description ?? '',
      key: mustName(r.key, 'key'),
    };
    c.emit({ kind: 'record.create', noun: 'secret', key: id, record });
    return { subject: id };
  }
  const id = must(resolveSecret(c.draft, r.secret));
  const now = findRecord<JsonObject>(c.draft, 'secrets', id)!;
  if (r.kind === 'secret.remove') c.emit({ kind: 'record.remove', noun: 'secret', key: id });
  else {
    const name = mustName(r.name, 'name');
    if (now['name'] !== name) freeName(c, index.secretsNamed(name), 'secret', name);
    setField(c, 'secret', id, now, 'name', name);
    if (r.kind === 'secret.put') {
      setField(c, 'secret', id, now, 'definition', mustName(r.definition, 'definition'));
      setField(c, 'secret', id, now, 'description', r.description);
      setField(c, 'secret', id, now, 'key', mustName(r.key, 'key'));
    }
  }
  return { subject: id };
}

function compileOverride(c: Compilation, r: Of<Extract<NounRequest['kind'], `action.${string}`>>): About {
  const component = must(resolveComponent(c.draft, r.component));
  if (!actionKinds.includes(r.action)) malformed('action', actionKinds.join(', '), r.action);
  if ((r.action === 'manual') !== (r.name !== undefined))
    malformed('name', 'a function name exactly for manual actions', r.name);
  const key = overrideKey(component, r.action, r.name === undefined ? '' : mustName(r.name, 'name'));
  const now = findRecord<JsonObject>(c.draft, 'overrides', key);
  if (r.kind === 'action.remove') {
    c.emit({ kind: 'record.remove', noun: 'override', key });
    return { subject: component };
  }
  const mode = overrideModes.find((m) => r.kind === `action.${m}`)!;
  const { action, name = '' } = r;
  // What was asked for and carried out is asked for anew.
  const isWished = now?.['mode'] === 'add' && !isAnswered(c.draft, component, now as unknown as OverrideRecord);
  const wish = mode === 'add' && !isWished ? c.ids.ulid<ActionId>() : undefined;
  const record = { mode, action, name, wish: wish ?? '' };
  if (now === undefined) c.emit({ kind: 'record.create', noun: 'override', key, record });
  else if (now['wish'] === undefined && wish !== undefined) {
    // Written by an earlier release.
    c.emit({ kind: 'record.remove', noun: 'override', key });
    c.emit({ kind: 'record.create', noun: 'override', key, record });
  } else {
    setField(c, 'override', key, now, 'mode', mode);
    setField(c, 'override', key, now, 'wish', wish);
  }
  return { subject: component };
}
