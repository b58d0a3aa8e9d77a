// Matching a schema's regular expressions. Expressions come from users, and an ECMAScript engine takes exponential time
// on some. Where a state comes with an engine for them (`Reader.matches`), that one is asked; here is what is done without
// one: an expression that could take long is not run, see `isLinear`.

import { limits } from '../base/limits.ts';

/** Does the text match the pattern, in linear time? undefined: not checkable. `(?ims)` in front of it are its flags. */
export type Matches = (pattern: string, text: string) => boolean | undefined;

const compiled = new Map<string, RegExp | null>();
const compiledMax = 1024;
/** Repetitions side by side take polynomial time even where none is nested, so long texts are not matched. */
const textCharsMax = 4_096;

/**
 * Does `text` match `pattern`? Undefined when the pattern is not usable here: too long, not valid ECMAScript, or of a
 * form that could take exponential time. The caller accepts such text; a qualification reports it.
 */
export function matchPattern(pattern: string, text: string): boolean | undefined {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    expression = compile(pattern);
    if (compiled.size >= compiledMax) compiled.clear();
    compiled.set(pattern, expression);
  }
  return expression === null || text.length > textCharsMax ? undefined : expression.test(text);
}

function compile(pattern: string): RegExp | null {
  if (pattern.length > limits.patternCharsMax || !isLinear(pattern)) return null;
  try {
    return new RegExp(pattern, 'u');
  } catch (e) {
    if (e instanceof SyntaxError) return null;
    throw e;
  }
}

/** Conservative: no repetition of a group that itself repeats or alternates, no back-references, no look-around. */
export function isLinear(pattern: string): boolean {
  if (/\\[1-9k]|\(\?[=!<]/.test(pattern.replace(/\[(?:\\.|[^\]])*\]/g, 'c'))) return false;
  const plain = pattern.replace(/\\./g, 'c').replace(/\[(?:[^\]])*\]/g, 'c');
  const open: boolean[] = [];
  for (let i = 0; i < plain.length; i++) {
    const ch = plain[i]!;
    if (ch === '(') open.push(false);
    else if (ch === ')') {
      const varies = open.pop() ?? false;
      const next = plain[i + 1];
      const repeats = next === '*' || next === '+' || (next === '{' && !/^\{0?,?1\}/.test(plain.slice(i + 1)));
      if (varies && repeats) return false;
      if (open.length > 0 && (varies || repeats)) open[open.length - 1] = true;
    } else if ((ch === '*' || ch === '+' || ch === '|' || ch === '{') && open.length > 0) open[open.length - 1] = true;
  }
  return true;
}
