// Actions for people: a line each, one whole with why and what it waits for, and a line for each step while somebody watches.
// Functions from records to lines.

import { brief } from '../../base/json.ts';
import type { WaitsForPool } from '../../engine/waits_for_pool.ts';
import type { ActionRecord } from '../../model/action.ts';
import { paint, table } from './output.ts';
import { poolHint, poolText, timeText } from './render_run.ts';

/** An action as the engine tells it. */
export type ActionSeen = ActionRecord & WaitsForPool;

const styles: Readonly<Record<ActionRecord['status'], 'green' | 'red' | 'yellow' | 'cyan'>> = {
  queued: 'cyan',
  'on-hold': 'yellow',
  dispatched: 'cyan',
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'yellow',
  interrupted: 'red',
};

const marks: Readonly<Record<ActionRecord['kind'], string>> = {
  create: '+',
  update: '~',
  destroy: '-',
  refresh: '?',
  manual: '!',
};

const called = (a: ActionRecord): string => (a.kind === 'manual' ? a.name : a.kind);

export function actionLines(actions: readonly ActionSeen[]): string[] {
  if (actions.length === 0) return ['No action.'];
  return table(
    actions.map((a) => [
      a.id,
      paint(styles[a.status], a.status),
      `${marks[a.kind]} ${called(a)}`,
      `${a.componentName} ${paint('dim', a.schemaName)}`,
      timeText(a.queuedAtMs),
      tookText(a),
      whyText(a),
    ]),
  );
}

/** One step, as it is told while somebody watches. */
export function actionLine(a: ActionSeen): string {
  const why = whyText(a);
  return `${marks[a.kind]} ${called(a)} ${a.componentName}: ${paint(styles[a.status], a.status)}${why === '' ? '' : `, ${why}`}${tookText(a) === '' ? '' : ` (${tookText(a)})`}`;
}

export function actionWhole(a: ActionSeen): string[] {
  const rows: string[][] = [
    ['action', a.id],
    ['status', `${paint(styles[a.status], a.status)}${a.heldBecause === '' ? '' : `: ${a.heldBecause}`}`],
    ['kind', called(a)],
    ['component', `${a.componentName}  ${paint('dim', `${a.schemaName}, ${a.component}`)}`],
    ['asked for by', `${a.actor}${a.origins.length === 0 ? ', on Head' : `, change set ${a.origins.join(', ')}`}`],
    ['queued', timeText(a.queuedAtMs)],
    ['started', a.startedAtMs === null ? '(not yet)' : timeText(a.startedAtMs)],
    ['ended', a.endedAtMs === null ? '(not yet)' : timeText(a.endedAtMs)],
    ['attempts', String(a.attempts)],
    ['run', a.run ?? '(none)'],
  ];
  if (a.paths.length > 0) rows.push(['because of', a.paths.join(', ')]);
  if (a.after.length > 0) rows.push(['waits for', a.after.join(', ')]);
  if (a.failure !== null) rows.push(['failure', paint('red', `${a.failure.code}: ${a.failure.message}`)]);
  if (a.waitsForPool !== undefined)
    rows.push(
      ['waits for', `a runner of pool ${a.waitsForPool}`],
      ['next', poolHint(a.waitsForPool, `take it away with \`headwater action cancel ${a.id}\``)],
    );
  return table(rows);
}

function whyText(a: ActionSeen): string {
  // What has failed before and is tried again waits for that, too.
  if (a.waitsForPool !== undefined) return poolText(a);
  if (a.failure !== null) return paint('red', `${a.failure.code}: ${brief(a.failure.message, 80)}`);
  return a.heldBecause;
}

function tookText({ startedAtMs, endedAtMs }: ActionRecord): string {
  return startedAtMs === null || endedAtMs === null ? '' : `${Math.max(0, endedAtMs - startedAtMs)} ms`;
}
