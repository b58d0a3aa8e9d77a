// Functions of a schema: made and bound in one batch, and taken off again. What is bound to the schema counts for all its
// variants and may be changed at any time; a variant that is locked is as it is, so nothing is put on it or taken off it.

import type { Principal } from '../access/role.ts';
import type { BindingId, ChangeSetId, FunctionId, SchemaId, VariantId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import type { OverrideRecord } from '../model/action.ts';
import type { ActionFunctionKind, ActionKind, BindingArgument, FunctionKind } from '../model/function.ts';
import { index, indexUser } from '../model/keys.ts';
import { findVariant, specOf } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import { type BindingHere, bindingsOf } from '../mutation/compile_binding.ts';
import type { Request } from '../mutation/request.ts';
import { presentOf } from './catch_up.ts';
import { askOf, repeated } from './idempotency.ts';
import { permit } from './permit.ts';
import { pointerOfProperty } from './property_tree.ts';
import { type FoundSchema, findListed, installing, isLocked, variantOf } from './schema_catalogue.ts';
import { checkOpen, type SubmitReply, submitAs } from './submit.ts';
import type { Workspace } from './workspace.ts';

/** The schema by id or name, the variant by id or as `default`. */
interface OnVariant {
  readonly changeSet: ChangeSetId;
  readonly schema: string;
  readonly variant: string;
  readonly idempotencyKey?: string;
  /** As `submit` takes them. */
  readonly baseVersion?: number;
  readonly ifVersion?: number;
}

/** One argument of an attribute function: a property by id or pointer, or a fixed value. */
export interface NewArgument {
  readonly name: string;
  readonly property?: string;
  readonly value?: Json;
}

export interface NewVariantFunction extends OnVariant {
  readonly kind: FunctionKind;
  readonly name: string;
  readonly text: string;
  readonly displayName?: string;
  readonly description?: string;
  /** Exactly of an action function. */
  readonly action?: ActionFunctionKind;
  /** Exactly of an attribute function: the property that it gives, by id or pointer. */
  readonly output?: string;
  readonly arguments?: readonly NewArgument[];
  /** On the variant instead of the schema. */
  readonly onVariant: boolean;
}

export interface BoundReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly function: FunctionId;
  readonly binding: BindingId;
}

/**
 * Makes a function and binds it. Refuses `access_denied`, `schema_not_found`, `variant_of_another_schema`, `locked` for a locked
 * variant, `path_not_found`, and what binding refuses: `already_exists` for a second action of a kind, `name_taken`, ….
 */
export async function createVariantFunction(
  w: Workspace,
  principal: Principal,
  asked: NewVariantFunction,
): Promise<Result<BoundReply>> {
  const ids = { function: w.world.ids.ulid<FunctionId>(), binding: w.world.ids.ulid<BindingId>() };
  return onVariant(w, principal, asked, {
    tried: 'add a function to a schema',
    requests: (state, schema, variant) => creating(w, state, { asked, schema, variant, ids }),
    reply: ({ changeSet, version }): BoundReply => ({ changeSet, version, ...ids }),
  });
}

export interface TakenOffReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  /** Wishes for its action that went with it. */
  readonly withdrawn: number;
}

/**
 * Takes a function off a schema; the function itself stays. Refuses as making one does, and `binding_not_found` where no function
 * of that id and kind is bound.
 */
export async function detachVariantFunction(
  w: Workspace,
  principal: Principal,
  asked: OnVariant & { readonly function: string; readonly kind: FunctionKind },
): Promise<Result<TakenOffReply>> {
  return onVariant(w, principal, asked, {
    tried: 'take a function off a schema',
    requests: (state, schema, variant) => detaching(state, { asked, schema, variant }),
    reply: ({ changeSet, version, steps }): TakenOffReply => ({
      changeSet,
      version,
      withdrawn: steps.filter((s) => s.kind === 'action.remove').length,
    }),
  });
}

interface Work<T> {
  readonly tried: string;
  readonly requests: (state: Reader, schema: FoundSchema, variant: VariantId) => Result<readonly Request[]>;
  readonly reply: (done: SubmitReply) => T;
}

/** Finds what is meant in the present state, and submits what that comes to; carried out once for a key. */
async function onVariant<T>(
  w: Workspace,
  principal: Principal,
  asked: OnVariant,
  { tried, requests, reply }: Work<T>,
): Promise<Result<T>> {
  const { changeSet, idempotencyKey, baseVersion, ifVersion } = asked;
  const ask = askOf(w, idempotencyKey, { [tried]: asked as unknown as Json });
  if (!ask.ok) return ask;
  const may = await permit(w, principal, 'edit', { operation: tried, subject: asked.schema });
  if (!may.ok) return may;
  return repeated<T>(w, { principal: principal.id, ...ask.value }, async () => {
    const now = await presentOf(w, changeSet);
    if (!now.ok) return now;
    const { branch, snapshot } = now.value;
    const open = checkOpen(branch);
    if (!open.ok) return open;
    const made = await w.read((): Result<readonly Request[]> => {
      const schema = findListed(w, snapshot, asked.schema);
      const variant = schema.ok ? variantOf(snapshot, schema.value, asked.variant) : schema;
      return schema.ok && variant.ok ? requests(snapshot, schema.value, variant.value) : (variant as Result<never>);
    });
    if (!made.ok) return made;
    const based = {
      ...(baseVersion === undefined ? {} : { baseVersion }),
      ...(ifVersion === undefined ? {} : { ifVersion }),
    };
    return submitAs(w, principal, { changeSet, mutations: made.value, ...based }, { ...ask.value, as: reply });
  });
}

interface Creating {
  readonly asked: NewVariantFunction;
  readonly schema: FoundSchema;
  readonly variant: VariantId;
  readonly ids: { readonly function: FunctionId; readonly binding: BindingId };
}

function creating(w: Workspace, state: Reader, { asked, schema, variant, ids }: Creating): Result<readonly Request[]> {
  if (asked.onVariant && isLocked(state, schema, variant)) return lockedVariant(schema);
  const record = findVariant(state, schema.id, variant);
  const spec = record === undefined ? schema.spec! : specOf(state, record.spec);
  const pointer = (id: string, at: string) => must(pointerOfProperty(w.world.digest, variant, spec, { id, at }));
  const args = asked.arguments?.map(
    ({ name, property, value }): BindingArgument =>
      property === undefined ? { name, value: value ?? null } : { name, path: pointer(property, `arguments/${name}`) },
  );
  const { kind, name, text, displayName, description, action, output } = asked;
  return ok([
    ...installing(schema),
    {
      kind: 'function.create',
      id: ids.function,
      name,
      functionKind: kind,
      text,
      ...(displayName === undefined ? {} : { displayName }),
      ...(description === undefined ? {} : { description }),
    },
    {
      kind: 'binding.attach',
      id: ids.binding,
      function: ids.function,
      ...(asked.onVariant ? { variant } : { schema: schema.id }),
      ...(args === undefined ? {} : { arguments: args }),
      ...(output === undefined ? {} : { output: pointer(output, 'output') }),
      ...(action === undefined ? {} : { action }),
    },
  ]);
}

interface Detaching {
  readonly asked: { readonly function: string; readonly kind: FunctionKind };
  readonly schema: FoundSchema;
  readonly variant: VariantId;
}

function detaching(state: Reader, { asked, schema, variant }: Detaching): Result<readonly Request[]> {
  const isIt = (b: BindingHere): boolean => b.record.function === asked.function && b.fn.kind === asked.kind;
  const overlay = bindingsOf(state, schema.id).find(isIt);
  const found = overlay ?? bindingsOf(state, variant).find(isIt);
  if (found === undefined) {
    return refuse('binding_not_found', {
      path: 'function',
      expected: `the id of a function of kind ${asked.kind} that ${schema.name} has`,
      got: JSON.stringify(asked.function),
      hint: 'look at the functions of the variant',
    });
  }
  if (overlay === undefined && isLocked(state, schema, variant)) return lockedVariant(schema);
  return ok([{ kind: 'binding.detach', binding: found.id }, ...withdrawing(state, schema, found)]);
}

function lockedVariant({ name }: FoundSchema): Result<never> {
  return refuse('locked', {
    path: 'variant',
    expected: 'an unlocked variant',
    got: `a locked one of ${name}`,
    hint: 'unlock the schema, which makes an editable copy, or bind the function to the schema',
  });
}

/** Wishes for an action that nothing carries out once its function is off. */
function withdrawing(state: Reader, schema: FoundSchema, off: BindingHere): Request[] {
  const { action, target } = off.record;
  if (action === null || action === 'list') return [];
  const name = action === 'manual' ? off.fn.name : '';
  const out: Request[] = [];
  for (const variant of target.variant === undefined ? schema.variants : [target.variant]) {
    const others = [...bindingsOf(state, schema.id), ...bindingsOf(state, variant)];
    if (others.some((b) => b.id !== off.id && b.record.action === action && (name === '' || b.fn.name === name)))
      continue;
    for (const [key] of state.scan('index', index.componentsOf(variant)))
      for (const [, text] of state.scan('overrides', `${indexUser(key)}/`))
        if (isWishFor(JSON.parse(text) as OverrideRecord, action, name))
          out.push({ kind: 'action.remove', component: indexUser(key), action, ...(name === '' ? {} : { name }) });
  }
  return out;
}

const isWishFor = (o: OverrideRecord, action: ActionKind, name: string): boolean =>
  o.mode === 'add' && o.action === action && o.name === name;

export interface UnlockedReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly schema: SchemaId;
  readonly variant: VariantId;
}

/** The unlocked variant of a schema; made when all are locked. */
export async function unlockSchema(
  w: Workspace,
  principal: Principal,
  asked: Omit<OnVariant, 'variant'>,
): Promise<Result<UnlockedReply>> {
  let schema: FoundSchema | undefined;
  return onVariant(
    w,
    principal,
    { ...asked, variant: 'default' },
    {
      tried: 'unlock a schema',
      requests: (_, found, variant) => {
        schema = found;
        return ok([...installing(found), { kind: 'schema.unlock_variant', variant }]);
      },
      reply: ({ changeSet, version, steps }) => ({
        changeSet,
        version,
        schema: schema!.id,
        variant: steps.at(-1)!.subject as VariantId,
      }),
    },
  );
}
