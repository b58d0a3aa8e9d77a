// The operations on schema definitions: making a schema of a text, checking one, reading the one a schema was made of.
// What they do is in author; here parameters become words of the engine.

import { isObject, type Json } from '../base/json.ts';
import { ok, refuse } from '../base/result.ts';
import type { ActionFunctionKind } from '../model/function.ts';
import { type AboutType, authorSchema, checkDefinition, updateVariant } from './author.ts';
import { declarationsOf, declarationsOfSchema, parseKind } from './functions.ts';
import { installPackage, packageOf } from './install_package.ts';
import {
  changeSetOf,
  type Handler,
  inState,
  integer,
  inWorkspace,
  type Params,
  stateOf,
  text,
  textList,
  texts,
  wrong,
} from './operation.ts';
import { setRefresh } from './refresh_settings.ts';
import { findListed, installSchema, listSchemas } from './schema_catalogue.ts';
import { readVariant } from './schema_variant.ts';
import { createVariantFunction, detachVariantFunction, type NewArgument, unlockSchema } from './variant_functions.ts';
import { sourceOfSchema } from './variants.ts';

export const schemaOperations = {
  /** `text` is run and makes, or edits, the schema `name` in the change set; `types`: say what is wrong with them in any case. */
  'schema.author': (c, p) =>
    inWorkspace(c, p, async (w) =>
      authorSchema(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        text: text(p, 'text'),
        name: text(p, 'name'),
        types: p['types'] === true,
        isNew: p['isNew'] === true,
        ...authored(p),
      }),
    ),
  /** The same for an unlocked `variant` of `schema`. */
  'schema.update_variant': (c, p) =>
    inWorkspace(c, p, 'edit', async (w) =>
      updateVariant(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        text: text(p, 'text'),
        schema: text(p, 'schema'),
        variant: text(p, 'variant'),
        ...authored(p),
      }),
    ),
  /** Installed ones and those of the catalogue, by name; `category`, `limit`, `cursor`. */
  'schema.list': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() =>
        listSchemas(s.w, s.snapshot, {
          ...texts(p, ['category', 'cursor']),
          ...(p['limit'] === undefined ? {} : { limit: integer(p, 'limit') }),
        }),
      ),
    ),
  /** One with the ids of its variants, installed or in the catalogue. */
  'schema.get': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() => {
        const found = findListed(s.w, s.snapshot, text(p, 'schema'));
        if (!found.ok) return found;
        const { spec: _, ...schema } = found.value;
        return ok(schema);
      }),
    ),
  /** `variant`: an id, or `default`. */
  'schema.variant': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() => readVariant(s.w, s.snapshot, text(p, 'schema'), text(p, 'variant', 'default'))),
    ),
  /** Of the catalogue, as it stands there now; answers the schema. */
  'schema.install': (c, p) =>
    inWorkspace(c, p, async (w) =>
      installSchema(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        schema: text(p, 'schema'),
        ...submitted(p),
      }),
    ),
  /** Refused: there is no module index here that a schema could be given to. */
  'schema.contribute': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() => {
        const found = findListed(s.w, s.snapshot, text(p, 'schema'));
        if (!found.ok) return found;
        return refuse('operation_not_supported', {
          path: 'schema',
          expected: 'a module index to contribute to',
          got: 'none: this installation has its own schemas and the catalogue',
          hint: 'give the package of the schema to whoever is to have it',
        });
      }),
    ),
  'schema.unlock': (c, p) =>
    inWorkspace(c, p, async (w) =>
      unlockSchema(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        schema: text(p, 'schema'),
        ...submitted(p),
      }),
    ),
  /** A function of `kind`, made of `text` and bound to the schema, with `onVariant` to the variant; see `NewVariantFunction`. */
  'schema.add_function': (c, p) =>
    inWorkspace(c, p, async (w) =>
      createVariantFunction(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        schema: text(p, 'schema'),
        variant: text(p, 'variant', 'default'),
        kind: parseKind(text(p, 'kind')),
        name: text(p, 'name'),
        text: text(p, 'text'),
        onVariant: p['onVariant'] === true,
        ...texts(p, ['displayName', 'description', 'output']),
        ...(p['action'] === undefined ? {} : { action: text(p, 'action') as ActionFunctionKind }),
        ...(p['arguments'] === undefined ? {} : { arguments: newArguments(p['arguments']) }),
        ...submitted(p),
      }),
    ),
  'schema.detach_function': (c, p) =>
    inWorkspace(c, p, async (w) =>
      detachVariantFunction(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        schema: text(p, 'schema'),
        variant: text(p, 'variant', 'default'),
        function: text(p, 'function'),
        kind: parseKind(text(p, 'kind')),
        ...submitted(p),
      }),
    ),
  /** `text`: a package of schemas, as `schema.package` writes it. */
  'schema.install_package': (c, p) =>
    inWorkspace(c, p, 'edit', async (w) =>
      installPackage(w, c.principal, { changeSet: await changeSetOf(w, p), text: text(p, 'text') }),
    ),
  /** `schemas` (ids or names) as a package that can be installed elsewhere. */
  'schema.package': (c, p) => inState(c, p, (s) => s.w.read(() => packageOf(s.snapshot, textList(p, 'schemas')))),
  /** What is wrong with `text`, types included; it is run, and changes nothing. */
  'schema.check': (c, p) =>
    inWorkspace(c, p, 'edit', async (w) => {
      const { row } = await stateOf(w, text(p, 'changeSet', 'HEAD'), undefined);
      return checkDefinition(w, c.principal, { changeSet: row.id, text: text(p, 'text') });
    }),
  /** Types for an editor: of functions of a `kind` over a `schema`, installed or in the catalogue; without one, of definitions. */
  'schema.declarations': (c, p) =>
    inState(c, p, async (s) =>
      p['schema'] === undefined
        ? declarationsOf(s.w, s.snapshot, { kind: 'schema-definition' })
        : declarationsOfSchema(s.w, s.snapshot, {
            catalogue: c.engine.catalogue,
            schema: text(p, 'schema'),
            kind: parseKind(text(p, 'kind', 'qualification')),
          }),
    ),
  /** How often resources of `schema` are looked at by themselves: `everyMs` 0 never, null as the schema says. */
  'schema.set_refresh': (c, p) =>
    inWorkspace(c, p, (w) =>
      setRefresh(w, c.principal, {
        schema: text(p, 'schema'),
        everyMs: p['everyMs'] === null ? null : integer(p, 'everyMs'),
      }),
    ),
  /** The text that a schema was made of. */
  'schema.source': (c, p) => inState(c, p, (s) => s.w.read(() => sourceOfSchema(s.snapshot, text(p, 'schema')))),
} satisfies Record<string, Handler>;

interface Submitted {
  readonly idempotencyKey?: string;
  readonly baseVersion?: number;
  readonly ifVersion?: number;
}

function submitted(p: Params): Submitted {
  return {
    ...texts(p, ['idempotencyKey']),
    ...(p['baseVersion'] === undefined ? {} : { baseVersion: integer(p, 'baseVersion') }),
    ...(p['ifVersion'] === undefined ? {} : { ifVersion: integer(p, 'ifVersion') }),
  };
}

function authored(p: Params): Submitted & { category?: string; about: AboutType } {
  return {
    ...texts(p, ['category']),
    about: texts(p, ['docs', 'link', 'displayName', 'color']),
    ...submitted(p),
  };
}

function newArguments(given: Json): readonly NewArgument[] {
  const isArgument = (x: Json): boolean =>
    isObject(x) &&
    typeof x['name'] === 'string' &&
    (x['property'] === undefined
      ? x['value'] !== undefined
      : typeof x['property'] === 'string' && x['value'] === undefined);
  if (!Array.isArray(given) || !given.every(isArgument))
    wrong('arguments', 'a list of {name, property} or {name, value}', given);
  return given as unknown as NewArgument[];
}
