// Family: records. Creating, removing, and setting one field of any noun in nouns.ts: views, schemas, functions,
// bindings, secrets, overrides, edges and flags. One field is one fact, so edits of different fields do not meet.

import { brief, type Json, type JsonObject } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { present } from '../model/keys.ts';
import { findRecord } from '../model/lookup.ts';
import type { Draft, Reader } from '../model/state.ts';
import { hasShape } from './codec.ts';
import type { Footprint, Mutation, Operations, RecordMutation } from './mutation.ts';
import { isFieldValue, isNounKey, recordProblem } from './noun_shape.ts';
import { type Noun, nounNames, nouns, recordText } from './nouns.ts';

function recordAt(reader: Reader, noun: Noun, key: string): JsonObject | undefined {
  return findRecord<JsonObject>(reader, nouns[noun].category, key);
}

/** Writes or removes (undefined) one record and the index keys it implies. */
export function writeRecord(draft: Draft, noun: Noun, key: string, record: JsonObject | undefined): void {
  const rules = nouns[noun];
  const before = recordAt(draft, noun, key);
  if (before !== undefined) for (const k of rules.implied(key, before)) draft.remove('index', k);
  if (record === undefined) draft.remove(rules.category, key);
  else {
    draft.put(rules.category, key, recordText(record));
    for (const k of rules.implied(key, record)) draft.put('index', k, present);
  }
}

export const recordOperations: Operations<RecordMutation> = {
  validate(reader, m): Result<void> {
    const rules = nouns[m.noun];
    const before = recordAt(reader, m.noun, m.key);
    if (m.kind === 'record.create') {
      if (before === undefined) return rules.check(reader, m.key, m.record);
      return refuse('already_exists', {
        path: m.noun,
        expected: `no ${m.noun} under that key`,
        got: rules.title(reader, m.key, before),
        hint: 'use the one that exists',
      });
    }
    if (before === undefined) {
      return refuse(missingCode[m.noun], {
        path: m.noun,
        expected: `a ${m.noun} of this change set`,
        got: brief(m.key),
        hint: `list the ${m.noun}s`,
      });
    }
    if (m.kind === 'record.remove') return rules.checkRemoval(reader, m.key);
    return rules.check(reader, m.key, { ...before, [m.field]: m.value });
  },

  apply(draft, m): void {
    switch (m.kind) {
      case 'record.create':
        writeRecord(draft, m.noun, m.key, m.record);
        return;
      case 'record.remove':
        writeRecord(draft, m.noun, m.key, undefined);
        return;
      case 'record.set': {
        const before = recordAt(draft, m.noun, m.key);
        if (before !== undefined) writeRecord(draft, m.noun, m.key, { ...before, [m.field]: m.value });
      }
    }
  },

  invert(before, m): Mutation {
    const { noun, key } = m;
    const record = recordAt(before, noun, key);
    if (record === undefined) return { kind: 'record.remove', noun, key };
    if (m.kind === 'record.set')
      return { kind: 'record.set', noun, key, field: m.field, value: record[m.field] ?? null };
    return { kind: 'record.create', noun, key, record };
  },

  footprint(m): Footprint {
    return { reads: [], writes: [{ category: nouns[m.noun].category, key: m.key, subtree: false }] };
  },

  describe(reader, m): string {
    const before = recordAt(reader, m.noun, m.key);
    if (m.kind === 'record.set') {
      return `set ${m.field} of ${nouns[m.noun].title(reader, m.key, before)} to ${brief(m.value)}`;
    }
    const title = nouns[m.noun].title(reader, m.key, m.kind === 'record.create' ? m.record : before);
    return `${m.kind === 'record.create' ? 'add' : 'remove'} ${title}`;
  },

  decode(x: JsonObject): Result<RecordMutation> {
    const shaped = hasShape<RecordMutation>(x, {
      noun: 'text',
      key: 'text',
      ...(x['kind'] === 'record.create' ? { record: 'object' } : {}),
      ...(x['kind'] === 'record.set' ? { field: 'text', value: 'json' } : {}),
    });
    if (!shaped.ok) return shaped;
    const m = shaped.value;
    const bad = (path: string, expected: string, got: Json) =>
      refuse('request_malformed', { path, expected, got: brief(got), hint: 'compare with the mutation format' });
    if (!(nounNames as readonly string[]).includes(m.noun)) return bad('noun', nounNames.join(', '), m.noun);
    const { fields } = nouns[m.noun];
    if (!isNounKey(m.noun, m.key)) return bad('key', `the key of a ${m.noun}`, m.key);
    if (m.kind === 'record.set') {
      if (!fields.includes(m.field)) return bad('field', fields.join(', ') || 'no field', m.field);
      if (!isFieldValue(m.noun, m.field, m.value))
        return bad('value', `a value for ${m.field} of a ${m.noun}`, m.value);
    }
    if (m.kind === 'record.create') {
      const problem = recordProblem(m.noun, m.record);
      if (problem !== undefined)
        return bad(`record/${problem}`, fields.join(', ') || present, m.record[problem] ?? null);
    }
    return ok(m);
  },
};

const missingCode = {
  approvers: 'view_not_found',
  binding: 'binding_not_found',
  depends: 'component_not_found',
  flag: 'component_not_found',
  function: 'function_not_found',
  ignored: 'component_not_found',
  manages: 'component_not_found',
  module: 'schema_not_found',
  override: 'action_not_found',
  placement: 'view_not_found',
  schema: 'schema_not_found',
  secret: 'secret_not_found',
  variant: 'schema_not_found',
  view: 'view_not_found',
} as const satisfies Record<Noun, string>;
