// A review as Markdown, for the description or a comment of a pull request: what is done to reality first, then what changes, then
// what stands in the way. What people typed is shown as code, so that it makes no markup and mentions nobody.

import type { Side } from '../../engine/compare.ts';
import type { Review } from '../../engine/operations.ts';
import { summaryLine } from './render.ts';
import { plannedLine } from './render_approval.ts';
import { beyondLines, resultText, withoutResults } from './render_results.ts';

/** Characters that a comment may have at GitHub are 65,536. */
const charsMax = 60_000;
const valueCharsMax = 200;

export function markdownLines(review: Review): string[] {
  const { changeSet, records, actions, policies, receipt, approvals, overwrites, results } = review;
  const { components } = withoutResults(review);
  const lines = [
    `## Headwater: ${code(changeSet.name)}`,
    '',
    `${changeSet.status}, version ${changeSet.version}, on version ${changeSet.baseVersion} of Head. ${plain(summaryLine(review.summary))}`,
    '',
    ...section(
      'Denied and warned of',
      policies.map((f) => `- ${f.level === 'deny' ? '⛔' : '⚠️'} ${code(f.policy)}: ${code(f.message)}`),
    ),
    ...section(
      'Actions',
      actions.map((a) => `- ${code(plain(plannedLine(a)))}`),
    ),
    ...section(
      'Approvals missing',
      approvals.requirements
        .filter((r) => !r.isMet)
        .map((r) => `- ${code(r.title)}: ${r.have} of ${r.need}, ask ${r.whoMay.map(code).join(', ') || 'nobody'}`),
    ),
    ...section(
      'Overwrites what has drifted',
      overwrites.map((o) => `- ${code(o.name)}: ${o.differences.length} values`),
    ),
    ...section('Results of functions', resultTable(results)),
    ...section(
      'Receipt',
      receipt.map((line) => `- ${code(line.sentence)}`),
    ),
  ];
  const details = components.flatMap((c) => [
    '',
    `<details><summary>${marks[c.status]} ${html(c.name)} <em>${html(c.schema)}</em></summary>`,
    '',
    ...(c.attributes.length === 0
      ? []
      : ['| | path | before | after |', '|---|---|---|---|']
          .concat(c.attributes.map((a) => `| ${marks[a.status]} | ${cell(a.path)} | ${side(a.old)} | ${side(a.new)} |`))
          .concat('')),
    '</details>',
  ]);
  const others = records.map((r) => `- ${marks[r.status]} ${r.noun} ${code(r.title)}`);
  const changes = components.length + records.length === 0 ? ['No changes.'] : [...details, '', ...others];
  return cut([...lines, '### Changes', ...changes]);
}

const marks = { Added: '+', Modified: '~', Removed: '-' } as const;

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`### ${title}`, '', ...lines, ''];

function resultTable(results: Review['results']): string[] {
  if (results.changed.length === 0) return beyondLines(results);
  const rows = results.changed.map((c) => {
    const [was, is] = [c.was, c.is].map((s) => (s === null ? '' : cell(resultText(c, s, valueCharsMax))));
    return `| ${marks[c.status]} | ${cell(c.name)} | ${cell(c.function.name)} | ${was} | ${is} |`;
  });
  const beyond = beyondLines(results);
  const head = ['| | component | function | before | after |', '|---|---|---|---|---|'];
  return [...head, ...rows, ...(beyond.length === 0 ? [] : ['', ...beyond])];
}

/** What fits, and how much does not. */
function cut(lines: readonly string[]): string[] {
  let chars = 0;
  const out: string[] = [];
  for (const line of lines) {
    chars += line.length + 1;
    if (chars > charsMax) {
      const open = out.lastIndexOf('</details>') < out.findLastIndex((l) => l.startsWith('<details>'));
      out.push(...(open ? ['', '</details>'] : []), '', `${lines.length - out.length} more lines: see the review.`);
      return out;
    }
    out.push(line);
  }
  return out;
}

function side(s: Side | null): string {
  if (s === null || (s.value === undefined && s.follows === undefined)) return '';
  const text = s.follows ?? JSON.stringify(s.value);
  const arrow = s.follows === undefined ? '' : '← ';
  return `${arrow}${cell(text.length > valueCharsMax ? `${text.slice(0, valueCharsMax)}…` : text)}`;
}

/** Text as code, whatever backticks it has; line breaks are shown as what they are. */
function code(text: string): string {
  const one = text.replaceAll('\r', '␍').replaceAll('\n', '␊');
  const longest = Math.max(0, ...(one.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = one.startsWith('`') || one.endsWith('`') || one === '' ? ' ' : '';
  return `${fence}${pad}${one}${pad}${fence}`;
}

/** In a table a bar ends a cell, also within code. */
const cell = (text: string): string => code(text).replaceAll('|', '\\|');

const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('@', '&#64;');

/** Without the colours of a terminal. */
const plain = (text: string): string => text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
