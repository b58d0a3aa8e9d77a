// Regular expressions of schemas, in linear time: written by strangers in ECMAScript syntax, run by RE2. Where the two
// differ in what they match (white space, line ends), the expression is translated. What RE2 cannot express (look-ahead,
// back-references, repetitions over 1,000), what is too long, and what would take too many steps on a text is not checkable.

import { RE2JS } from 're2js';
import { limits } from '../../base/limits.ts';
import type { Matches } from '../../model/pattern.ts';

/** A matcher that keeps the expressions used last. */
export function linearMatcher(keptMax: number = limits.patternsKeptMax): Matches {
  const kept = new Map<string, RE2JS | undefined>();
  return (pattern, text) => {
    const known = kept.has(pattern);
    const expression = known ? kept.get(pattern) : compile(pattern);
    kept.delete(pattern);
    kept.set(pattern, expression);
    if (kept.size > keptMax) kept.delete(kept.keys().next().value!);
    if (expression === undefined) return undefined;
    if (expression.programSize() * text.length > limits.patternStepsMax) return undefined;
    return expression.matcher(text).find();
  };
}

function compile(pattern: string): RE2JS | undefined {
  if (pattern.length > limits.patternCharsMax) return undefined;
  try {
    const translated = translate(pattern);
    return translated === undefined ? undefined : RE2JS.compile(RE2JS.translateRegExp(translated), RE2JS.LOOKBEHINDS);
  } catch (e) {
    // Its errors are of several classes, all named after it.
    if (e instanceof Error && e.constructor.name.startsWith('RE2JS')) return undefined;
    throw e;
  }
}

const spaces = '\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const notLineEnd = '[^\\n\\r\\x{2028}\\x{2029}]';

/** `\s`, `\S` and `.` as ECMAScript has them; undefined for a named back-reference, which RE2 would take for letters. */
function translate(pattern: string): string | undefined {
  const dotAll = /^\(\?[a-z]*s/.test(pattern);
  let out = '';
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '\\') {
      const next = pattern[++i] ?? '';
      if (next === 'k') return undefined;
      if (next === 's') out += inClass ? spaces : `[${spaces}]`;
      else if (next === 'S' && !inClass) out += `[^${spaces}]`;
      else out += c + next;
      continue;
    }
    if (c === '[') inClass = true;
    else if (c === ']') inClass = false;
    out += c === '.' && !inClass && !dotAll ? notLineEnd : c;
  }
  return out;
}
