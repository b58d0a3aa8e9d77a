// The JSON text of a state, without rounding: a number that no double holds exactly as an integer is read as its text,
// and told. Errors carry nothing of the text, which may hold secrets.

import { checkJson, isObject, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { ok, type Result, refuse } from '../../base/result.ts';
import { pointerOf } from '../../model/path.ts';
import type { Note } from './model.ts';

export interface Read {
  readonly json: Json;
  /** Where numbers became text. */
  readonly notes: readonly Note[];
}

/** Refuses `request_malformed` when it is no JSON, `value_not_storable` as `checkJson`. */
export function readJson(text: string): Result<Read> {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const json = parsed(source);
  if (json === undefined) {
    return refuse('request_malformed', {
      path: '',
      expected: 'JSON: a state file, or what `terraform show -json` prints',
      got: source.trim() === '' ? 'an empty text' : 'text that is no JSON, or ends too early',
      hint: 'give terraform.tfstate, or the whole output of `terraform state pull` or `terraform show -json`',
    });
  }
  const storable = checkJson(json, '', limits.valueDepthMax);
  if (storable.ok) return ok({ json: storable.value, notes: [] });
  const exact = checkJson(parsed(withExactNumbers(source)), '', limits.valueDepthMax);
  if (!exact.ok) return exact;
  const notes: Note[] = [];
  noteTexts(json, exact.value, '', notes);
  return ok({ json: exact.value, notes });
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch (e) {
    if (e instanceof SyntaxError || e instanceof RangeError) return undefined;
    throw e;
  }
}

/** Puts numbers that would be rounded into quotes. The text is known to be JSON. */
function withExactNumbers(text: string): string {
  let out = '';
  let from = 0;
  for (let i = 0; i < text.length; ) {
    const c = text[i]!;
    if (c === '"') {
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      i++;
    } else if (c === '-' || (c >= '0' && c <= '9')) {
      const start = i;
      while (i < text.length && /[-+.0-9eE]/.test(text[i]!)) i++;
      const token = text.slice(start, i);
      const value = Number(token);
      if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) continue;
      out += `${text.slice(from, start)}"${token}"`;
      from = i;
    } else i++;
  }
  return out + text.slice(from);
}

function noteTexts(rounded: Json, exact: Json, at: string, notes: Note[]): void {
  if (typeof rounded === 'number' && typeof exact === 'string') {
    notes.push({ path: at, reason: 'a number beyond 2^53 - 1: kept as text' });
  } else if (Array.isArray(rounded)) {
    rounded.forEach((item: Json, i) => {
      noteTexts(item, (exact as readonly Json[])[i]!, `${at}/${i}`, notes);
    });
  } else if (isObject(rounded)) {
    for (const [key, member] of Object.entries(rounded)) {
      noteTexts(member, (exact as { readonly [key: string]: Json })[key]!, at + pointerOf([key]), notes);
    }
  }
}
