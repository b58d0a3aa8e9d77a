// The operations on schema definitions: making a schema of a text, checking one, reading the one a schema was made of.
// What they do is in author; here parameters become words of the engine.

import { authorSchema, checkDefinition } from './author.ts';
import { declarationsOf, declarationsOfSchema, parseKind } from './functions.ts';
import { changeSetOf, type Handler, inState, integer, inWorkspace, text } from './operation.ts';
import { setRefresh } from './refresh_settings.ts';
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
        ...(p['category'] === undefined ? {} : { category: text(p, 'category') }),
        ...(p['idempotencyKey'] === undefined ? {} : { idempotencyKey: text(p, 'idempotencyKey') }),
      }),
    ),
  /** What is wrong with `text`, types included; changes nothing. */
  'schema.check': (c, p) =>
    inState(c, p, (s) => checkDefinition(s.w, c.principal, { changeSet: s.row.id, text: text(p, 'text') })),
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
