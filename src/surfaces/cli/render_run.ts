// Runs and trials of functions, for people: one line a run, one run whole, what is wrong with a text and where. Functions
// from replies to lines.

import { brief, type Json } from '../../base/json.ts';
import type { TestReply } from '../../engine/function_test.ts';
import type { RunsAndMemo } from '../../engine/runs.ts';
import type { WaitsForPool } from '../../engine/waits_for_pool.ts';
import type { RunLogLine, RunRecord } from '../../model/run.ts';
import type { Diagnostic } from '../../ports/compiler.ts';
import { count, paint, table } from './output.ts';

const statusStyle = (status: RunRecord['status']): 'green' | 'red' | 'yellow' | 'cyan' =>
  status === 'succeeded'
    ? 'green'
    : status === 'running' || status === 'dispatched' || status === 'queued'
      ? 'cyan'
      : status === 'cancelled'
        ? 'yellow'
        : 'red';

export const timeText = (atMs: number): string => new Date(atMs).toISOString().replace('T', ' ').slice(0, 19);

/** `nameOf`: of a component by its id. */
export function runLines(runs: readonly (RunRecord & WaitsForPool)[], nameOf: (component: string) => string): string[] {
  if (runs.length === 0) return ['No run.'];
  return table(
    runs.map((r) => [
      r.id,
      paint(statusStyle(r.status), r.status),
      r.functionName,
      `${nameOf(r.component)}${r.test === null ? ` ${r.output}` : ' (test)'}`.trim(),
      timeText(r.queuedAtMs),
      tookText(r),
      r.failure === null ? poolText(r) : paint('red', `${r.failure.code}: ${brief(r.failure.message, 60)}`),
    ]),
  );
}

/** '' when it waits for no pool. */
export const poolText = ({ waitsForPool: pool }: WaitsForPool): string =>
  pool === undefined ? '' : paint('yellow', `waiting for a runner of pool ${pool}`);

/** What to do about it. */
export const poolHint = (pool: string, way: string): string =>
  `no runner serves the pool ${pool}; define it with \`headwater pool set ${pool} --cpus N --memory MIB\`, or ${way}`;

function tookText({ startedAtMs, endedAtMs }: RunRecord): string {
  return startedAtMs === null || endedAtMs === null ? '' : `${Math.max(0, endedAtMs - startedAtMs)} ms`;
}

export function runWhole(r: RunRecord & WaitsForPool, nameOf: (component: string) => string): string[] {
  const rows: string[][] = [
    ['run', r.id],
    ['status', [paint(statusStyle(r.status), r.status), poolText(r)].filter((t) => t !== '').join(', ')],
    ['function', `${r.functionName}  ${paint('dim', `${r.kind}, ${r.function}`)}`],
    ['component', r.component === '' ? '(none)' : `${nameOf(r.component)}  ${paint('dim', r.component)}`],
    ['value', resultPlace(r)],
    ['change set', r.changeSet],
    ['actor', r.actor],
    ['queued', timeText(r.queuedAtMs)],
    ['started', r.startedAtMs === null ? '(not yet)' : timeText(r.startedAtMs)],
    ['ended', r.endedAtMs === null ? '(not yet)' : `${timeText(r.endedAtMs)}, after ${tookText(r) || 'no time'}`],
    [
      'where',
      `${r.tier}${r.pool === undefined ? '' : `, pool ${r.pool}`}${r.runner === '' ? '' : `, ${r.runner}`}${r.attempts === 1 ? '' : `, attempt ${r.attempts}`}`,
    ],
  ];
  rows.push(...contextRows(r));
  if (r.peakMemoryBytes !== null) rows.push(['peak memory', `${Math.ceil(r.peakMemoryBytes / 1024 / 1024)} MiB`]);
  if (r.exit !== null) rows.push(['exit', r.exit]);
  rows.push(['code', r.codeHash], ['input', `${r.inputHash}`], ['output', r.outputHash ?? '(none)']);
  if (r.failure !== null) rows.push(['failure', paint('red', `${r.failure.code}: ${r.failure.message}`)]);
  if (r.waitsForPool !== undefined)
    rows.push(['next', poolHint(r.waitsForPool, `end it with \`headwater run kill ${r.id}\``)]);
  const result = r.test?.result ?? r.management?.result;
  if (result != null) rows.push(['result', result]);
  return [...table(rows), ...inputLines(r)];
}

/** What it was given to run with, and within which bounds. */
function contextRows({ limits, credentials, network, commands }: RunRecord): string[][] {
  const rows: string[][] = [];
  if (limits !== null) {
    const { timeMs, memoryBytes, cpus } = limits;
    const processors = cpus === 1 ? '1 processor' : `${cpus} processors`;
    rows.push(['limits', `${timeMs} ms, ${Math.ceil(memoryBytes / 1024 / 1024)} MiB, ${processors}`]);
  }
  for (const { secret, functions } of credentials) rows.push(['secret', `${secret}, through ${functions.join(', ')}`]);
  if (network.length > 0) rows.push(['network', network.join(', ')]);
  if (commands.length > 0) rows.push(['commands', commands.join(', ')]);
  return rows;
}

/** Where its result goes. */
function resultPlace({ test, management, output }: RunRecord): string {
  if (management !== undefined) return `none: edits, of what was there at version ${management.readAt}`;
  return test === null ? output : 'none: a test';
}

function inputLines({ input }: RunRecord): string[] {
  if (input === null) return [];
  if (input.whole !== undefined) return ['', paint('dim', 'called with'), `  ${input.whole}`];
  return [
    '',
    paint('dim', 'called with'),
    ...table(input.parts.map((p) => [`  ${p.name}`, p.text ?? `(${p.chars} characters, ${p.hash})`])),
  ];
}

export function logLines(lines: readonly RunLogLine[]): string[] {
  return lines.map((l) => (l.stream === 'error' ? paint('yellow', l.text) : l.text));
}

export function statisticsLines(s: RunsAndMemo): string[] {
  return table([
    ['runs kept', String(s.runs)],
    ['log lines kept', String(s.logLines)],
    ['memo entries', String(s.memoEntries)],
    ['memo bytes', String(s.memoBytes)],
    ['under way', String(s.underWay)],
    ['ran since opened', String(s.ran)],
    ['recalled since opened', String(s.recalled)],
    ...(s.unreadable > 0 ? [['damaged memo entries replaced', String(s.unreadable)]] : []),
    ['values not settled', String(s.backlog)],
    ...s.runners.map((r) => [`${r.tier} tier, pool ${r.pool}`, count(r.cpus, 'processor')]),
  ]);
}

/** What is wrong with a text, each with its line and a caret under the place. `file`: what the text is called. */
export function diagnosticLines(file: string, text: string, diagnostics: readonly Diagnostic[]): string[] {
  const source = text.split(/\r\n|[\n\r\u2028\u2029]/);
  return diagnostics.flatMap((d) => {
    const style = d.severity === 'error' ? 'red' : 'yellow';
    const said = `${paint('bold', `${file}:${d.line}:${d.column}`)} ${paint(style, d.severity)} ${d.message} ${paint('dim', `(${d.code})`)}`;
    return [...said.split('\n'), ...caretLines(source[d.line - 1], d.line, d.column, d.length)];
  });
}

/** The source line and a caret under the column, as wide as what is meant. */
export function caretLines(source: string | undefined, line: number, column: number, length: number): string[] {
  if (source === undefined) return [];
  const from = Math.max(0, column - 1 - shownBefore);
  const shown = source.slice(from, from + shownMax);
  const number = `  ${line} | `;
  // Tabs stay tabs, so that the caret stands under its place in every terminal.
  const indent = shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ');
  const width = Math.max(1, Math.min(length, shown.length - (column - 1 - from)));
  return [`${paint('dim', number)}${shown}`, `${' '.repeat(number.length)}${indent}${paint('red', '^'.repeat(width))}`];
}

/** Of a long line the part around the place is shown. */
const shownMax = 160;
const shownBefore = 80;

export function testLines(r: TestReply, source: string): string[] {
  const out: string[] = [];
  for (const { name, why } of r.without) out.push(paint('dim', `${name} is null: ${why}`));
  if (r.log.length > 0) out.push(...logLines(r.log).map((l) => `${paint('dim', '|')} ${l}`));
  if (r.logCut) out.push(paint('dim', `| … more with: headwater run log ${r.run}`));
  const { outcome } = r;
  if (r.waitsForPool !== undefined)
    out.push(`${poolText(r)}: ${poolHint(r.waitsForPool, `end it with \`headwater run kill ${r.run}\``)}`);
  if (outcome === undefined) out.push(`still ${r.status}; follow it with: headwater run log ${r.run} --follow`);
  else if (outcome.ok) out.push(valueText(outcome.value));
  else {
    const at = outcome.line === undefined ? '' : ` at ${outcome.line}:${outcome.column}`;
    out.push(paint('red', `${outcome.code}${at}: ${outcome.message}`));
    if (outcome.line !== undefined)
      out.push(
        ...caretLines(source.split(/\r\n|[\n\r\u2028\u2029]/)[outcome.line - 1], outcome.line, outcome.column ?? 1, 1),
      );
  }
  const took = r.tookMs === null ? '' : `, ${r.tookMs.toFixed(1)} ms`;
  const peak = r.peakMemoryBytes === null ? '' : `, ${Math.ceil(r.peakMemoryBytes / 1024 / 1024)} MiB`;
  out.push(paint('dim', `run ${r.run}, ${r.tier} tier${took}${peak}; nothing was changed`));
  return out;
}

function valueText(value: Json): string {
  return value === null ? paint('dim', '(no value)') : JSON.stringify(value, null, 2);
}
