// Functions that build and take apart text. Numbers and booleans are written into a text as the template language
// writes them; lists and maps have no text, which is an error.

import type { Json } from '../../base/json.ts';
import {
  type Builtin,
  EvaluationError,
  listOf,
  mapOf,
  strict,
  stringResult,
  textListResult,
  textOf,
} from './builtin.ts';

/**
 * One piece of a substitution text, `raw` as written: literal text, or the name of a variable. `${Name}` is a variable,
 * spaces around the name not counting; `${!Text}` stands for the literal `${Text}`; a `${` that nothing closes is literal.
 */
export type SubstitutionPart =
  | { readonly raw: string; readonly text: string; readonly name?: never }
  | { readonly raw: string; readonly name: string; readonly text?: never };

export function substitutionParts(template: string): SubstitutionPart[] {
  const out: SubstitutionPart[] = [];
  const plain = (text: string): void => {
    if (text !== '') out.push({ raw: text, text });
  };
  let last = 0;
  for (const match of template.matchAll(/\$\{([^{}]*)\}/g)) {
    plain(template.slice(last, match.index));
    const [raw, inner = ''] = match;
    out.push(inner.startsWith('!') ? { raw, text: `\${${inner.slice(1)}}` } : { raw, name: inner.trim() });
    last = match.index + raw.length;
  }
  plain(template.slice(last));
  return out;
}

function substitute(template: Json, ...maps: Json[]): Json | undefined {
  let out = '';
  for (const part of substitutionParts(textOf(template))) {
    if (part.text !== undefined) {
      out += part.text;
      continue;
    }
    // Later maps hold the variables that the author defined: they go before the implied ones.
    const map = [...maps].reverse().find((m) => Object.hasOwn(mapOf(m), part.name));
    if (map === undefined) return undefined;
    out += textOf(mapOf(map)[part.name]!);
  }
  return out;
}

/** UTF-8, then base64. Written out because the pure core has neither Buffer nor btoa. */
function base64(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const bytes: number[] = [];
  for (const ch of text) {
    const point = ch.codePointAt(0)!;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  }
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const have = Math.min(3, bytes.length - i);
    for (let k = 0; k < 4; k++) out += k <= have ? alphabet[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
}

export const textFunctions: Record<string, Builtin> = {
  concat: {
    docs: 'The arguments as one text; numbers and booleans are written as text.',
    result: stringResult,
    arity: { min: 0 },
    apply: strict((...parts) => parts.map(textOf).join('')),
  },
  sub: {
    docs: 'A text in which a name in $ and braces stands for that member of the maps that follow; with ! before the name it is literal.',
    result: stringResult,
    arity: { min: 1 },
    apply: strict((template, ...maps) => substitute(template!, ...maps)),
  },
  join: {
    docs: 'The elements of a list (second) as one text with a delimiter (first) between them.',
    result: stringResult,
    arity: { min: 2, max: 2 },
    apply: strict((delimiter, list) => listOf(list!).map(textOf).join(textOf(delimiter!))),
  },
  split: {
    docs: 'A text (second) cut at every delimiter (first).',
    result: textListResult,
    arity: { min: 2, max: 2 },
    apply: strict((delimiter, text) => {
      const by = textOf(delimiter!);
      if (by === '')
        throw new EvaluationError('argument_kind', 'expected a delimiter of at least one character, got an empty text');
      return textOf(text!).split(by);
    }),
  },
  base64: {
    docs: 'The UTF-8 bytes of a text in base64.',
    result: stringResult,
    arity: { min: 1, max: 1 },
    apply: strict((text) => base64(textOf(text!))),
  },
};
