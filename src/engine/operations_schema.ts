// The operations on schema definitions: making a schema of a text, checking one, reading the one a schema was made of.
// What they do is in author; here parameters become words of the engine.

import { authorSchema, checkDefinition } from './author.ts';
import { changeSetOf, type Handler, inState, inWorkspace, text } from './operation.ts';
import { sourceOfSchema } from './variants.ts';

export const schemaOperations = {
  /** `text` is run and makes, or edits, the schema `name` in the change set. */
  'schema.author': (c, p) =>
    inWorkspace(c, p, async (w) =>
      authorSchema(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        text: text(p, 'text'),
        name: text(p, 'name'),
        ...(p['category'] === undefined ? {} : { category: text(p, 'category') }),
        ...(p['idempotencyKey'] === undefined ? {} : { idempotencyKey: text(p, 'idempotencyKey') }),
      }),
    ),
  /** What is wrong with `text`, types included; changes nothing. */
  'schema.check': (c, p) =>
    inState(c, p, (s) => checkDefinition(s.w, c.principal, { changeSet: s.row.id, text: text(p, 'text') })),
  /** The text that a schema was made of. */
  'schema.source': (c, p) => inState(c, p, (s) => s.w.read(() => sourceOfSchema(s.snapshot, text(p, 'schema')))),
} satisfies Record<string, Handler>;
