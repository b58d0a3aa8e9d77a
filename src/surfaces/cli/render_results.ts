// Results of functions that a change set makes others, for people: a line each, a qualification by how it came out and what it
// says. What is told here is not told once more among the values of its component.

import { brief, isObject } from '../../base/json.ts';
import type { Comparison } from '../../engine/compare.ts';
import type { Review } from '../../engine/operations.ts';
import type { ResultChange, ResultSide } from '../../engine/result_changes.ts';
import { count, mark, paint, table } from './output.ts';

const valueCharsMax = 72;

export function resultLines({ results }: Review): string[] {
  if (results.changed.length === 0 && !results.isCut) return [];
  const rows = results.changed.map((c) => [
    `${mark(c.status)} ${c.name}`,
    paint('dim', c.function.name),
    `${resultText(c, c.was)} ${paint('dim', '->')} ${resultText(c, c.is)}`,
  ]);
  return ['results of functions', ...table(rows), ...beyondLines(results), ''];
}

/** How many are not told. */
export function beyondLines({ leftOut, isCut }: Review['results']): string[] {
  return [
    ...(leftOut === 0 ? [] : [`${count(leftOut, 'more result')} would be others.`]),
    ...(isCut ? ['The change reaches more values than were looked at.'] : []),
  ];
}

/** One side for people, in one line. */
export function resultText({ kind }: ResultChange, side: ResultSide | null, charsMax = valueCharsMax): string {
  if (side === null) return '(none)';
  if (side.state === 'pending') return '(being computed)';
  if (side.state === 'error') return `error: ${side.message}`;
  const { value } = side;
  if (kind === 'qualification' && isObject(value)) {
    const { result, message } = value;
    const said = typeof message === 'string' && message !== '' ? `: ${brief(message, charsMax).slice(1, -1)}` : '';
    return `${String(result)}${said}`;
  }
  if (kind === 'code-generation' && isObject(value) && typeof value['code'] === 'string')
    return brief(value['code'], charsMax);
  return brief(value, charsMax);
}

/** The components without those values. */
export function withoutResults(review: Review): Comparison {
  const told = new Set(review.results.changed.map((c) => c.component + c.path));
  const components = review.components.flatMap((c) => {
    const attributes = c.attributes.filter((a) => a.derived !== true || !told.has(c.id + a.path));
    const isEmpty = attributes.length === 0 && c.attributes.length > 0 && c.status === 'Modified';
    return isEmpty ? [] : [{ ...c, attributes }];
  });
  return { ...review, components };
}
