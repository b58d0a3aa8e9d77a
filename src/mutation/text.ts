// Family: function text. An edit is a list of replacements made on a known text; the hashes of both texts go with it,
// so that an edit made on another text is noticed. The text itself is a blob.

import { canonical, isObject, type Json, type JsonObject } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { BindingRecord, FunctionRecord } from '../model/function.ts';
import { index, indexUser } from '../model/keys.ts';
import { findRecord } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';

import { hasShape } from './codec.ts';
import type { Footprint, Mutation, Operations, TextMutation } from './mutation.ts';

/** Replaces `removed` by `inserted` at `at` (UTF-16 units of the text before); ascending, not overlapping. */
export interface TextChange {
  readonly at: number;
  readonly removed: string;
  readonly inserted: string;
}

/** The change from one text to another: the part between their common beginning and end. */
export function diffText(before: string, after: string): TextChange[] {
  if (before === after) return [];
  let start = 0;
  const most = Math.min(before.length, after.length);
  while (start < most && before[start] === after[start]) start++;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  // Never between the halves of a surrogate pair: both parts must be well-formed text.
  if (start > 0 && /[\uD800-\uDBFF]/.test(before[start - 1]!)) start--;
  if (end > 0 && /[\uDC00-\uDFFF]/.test(before[before.length - end]!)) end--;
  return [
    { at: start, removed: before.slice(start, before.length - end), inserted: after.slice(start, after.length - end) },
  ];
}

/** The text after the changes; undefined when they were made on another text. */
export function applyText(text: string, changes: readonly TextChange[]): string | undefined {
  let out = '';
  let from = 0;
  for (const c of changes) {
    if (c.at < from || text.slice(c.at, c.at + c.removed.length) !== c.removed) return undefined;
    out += text.slice(from, c.at) + c.inserted;
    from = c.at + c.removed.length;
  }
  return out + text.slice(from);
}

/** The changes that undo `changes`. */
export function invertText(changes: readonly TextChange[]): TextChange[] {
  let shift = 0;
  return changes.map((c) => {
    const inverse = { at: c.at + shift, removed: c.inserted, inserted: c.removed };
    shift += c.inserted.length - c.removed.length;
    return inverse;
  });
}

/**
 * Is the function bound to schemas only, or followed through by values only? Then it is no part of a locked variant, and
 * its code stays editable: a lock keeps variants as they are, and there is no variant that a value could be upgraded to.
 */
export function isOverlay(reader: Reader, fn: string): boolean {
  let bound = isCalled(reader, fn);
  for (const [key] of reader.scan('index', index.bindingsOf(fn))) {
    if (findRecord<BindingRecord>(reader, 'bindings', indexUser(key))?.target.schema === undefined) return false;
    bound = true;
  }
  return bound;
}

function isCalled(reader: Reader, fn: string): boolean {
  for (const _ of reader.scan('index', index.callersOf(fn))) return true;
  return false;
}

export const textOperations: Operations<TextMutation> = {
  validate(reader, m): Result<void> {
    const record = findRecord<FunctionRecord>(reader, 'functions', m.function);
    if (record === undefined) {
      return refuse('function_not_found', {
        path: 'function',
        expected: 'a function of this change set',
        got: m.function,
        hint: 'list the functions',
      });
    }
    if (record.locked && !isOverlay(reader, m.function)) {
      return refuse('locked', {
        path: 'function',
        expected: 'an unlocked function',
        got: `${record.name}, locked`,
        hint: 'unlock it: that makes an editable copy',
      });
    }
    if (record.text === m.from && applyText(reader.blob(record.text), m.changes) !== undefined) return ok(undefined);
    return refuse('text_mismatch', {
      path: 'changes',
      expected: `changes made on the text ${record.text.slice(0, 12)}`,
      got: `changes made on ${m.from.slice(0, 12)}`,
      hint: 'read the text again and repeat the change',
    });
  },

  apply(draft, m): void {
    const record = findRecord<FunctionRecord>(draft, 'functions', m.function);
    if (record === undefined || record.text !== m.from) return;
    const text = applyText(draft.blob(record.text), m.changes);
    if (text === undefined) return;
    const next: FunctionRecord = { ...record, text: draft.putBlob(text) };
    // What does not give the text it names was altered on the way; like one made on another text it changes nothing.
    if (next.text !== m.to) return;
    draft.put('functions', m.function, canonical(next as unknown as Json));
  },

  invert(_before, m): Mutation {
    return { kind: 'text.edit', function: m.function, changes: invertText(m.changes), from: m.to, to: m.from };
  },

  footprint(m): Footprint {
    return { reads: [], writes: [{ category: 'functions', key: m.function, subtree: false }] };
  },

  describe(reader, m) {
    const name = findRecord<FunctionRecord>(reader, 'functions', m.function)?.name ?? m.function;
    const sum = (side: 'inserted' | 'removed') => m.changes.reduce((n, c) => n + c[side].length, 0);
    return `edit the text of ${name} (${sum('inserted')} characters in, ${sum('removed')} out)`;
  },

  decode(x: JsonObject): Result<TextMutation> {
    const shaped = hasShape<TextMutation>(x, { function: 'id', changes: 'array', from: 'hash', to: 'hash' });
    if (!shaped.ok) return shaped;
    for (const c of shaped.value.changes as unknown as Json[]) {
      if (
        isObject(c) &&
        Number.isSafeInteger(c['at']) &&
        typeof c['removed'] === 'string' &&
        typeof c['inserted'] === 'string'
      )
        continue;
      return refuse('request_malformed', {
        path: 'changes',
        expected: '{at, removed, inserted}',
        got: canonical(c),
        hint: 'compare with the mutation format',
      });
    }
    return shaped;
  },
};
