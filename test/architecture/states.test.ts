// docs/states.md against the code: the names of every state, how the public API spells them, and every step that is possible,
// no more and no fewer. Where the code has no list of names, a record that the compiler holds to the type stands for one.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ChangeSetId } from '../../src/base/ids.ts';
import type { Result } from '../../src/base/result.ts';
import type { ScheduledApply } from '../../src/engine/scheduled_apply.ts';
import type { TicketState } from '../../src/engine/tickets.ts';
import type { Outcome } from '../../src/merge/receipt.ts';
import { type ActionEvent, actionStatuses, isActionEnded, nextActionStatus } from '../../src/model/action.ts';
import type { Approval } from '../../src/model/approval.ts';
import { changeSetEvents, changeSetStatuses, transition } from '../../src/model/change_set.ts';
import type { ResourceRecord } from '../../src/model/module.ts';
import { nextRunStatus, type RunEvent, runFailures, runStatuses } from '../../src/model/run.ts';
import type { Freshness } from '../../src/propagation/propagation.ts';
import { stateOf as actionState } from '../../src/surfaces/http/routes/actions.ts';
import { viewOf } from '../../src/surfaces/http/routes/change_sets.ts';
import { stateOf as runState } from '../../src/surfaces/http/routes/func_run_view.ts';
import { repository } from './repository.ts';

const page = readFileSync(join(repository, 'docs/states.md'), 'utf8');

/** Rows of the table of a section whose first heads are these, cells as written; throws when there is none. */
function rowsOf(section: string, heads: readonly string[], of = page): string[][] {
  const [, text] = of.split(`\n## ${section}\n`);
  const lines = (text?.split('\n## ')[0] ?? '').split('\n');
  const at = lines.findIndex((line) => line.startsWith(`| ${heads.join(' | ')} |`));
  if (at < 0) throw new Error(`no table ${heads.join(', ')} below ${section}`);
  const end = lines.findIndex((line, i) => i > at && !line.startsWith('|'));
  return lines.slice(at + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const bare = (cell = '') => cell.replaceAll('`', '');

/** Internal name -> name over HTTP, '' where it has none. */
function namesOf(section: string): Record<string, string> {
  const rows = rowsOf(section, ['internal', 'HTTP', 'command line']);
  return Object.fromEntries(rows.map(([internal, http]) => [bare(internal), bare(http)]));
}

const same = <T extends string>(names: Readonly<Record<T, true>>) =>
  Object.fromEntries(Object.keys(names).map((name) => [name, name]));

/** `from event to` of every step that the page has, sorted. */
function stepsOf(section: string, of = page): string[] {
  const rows = rowsOf(section, ['from', 'event', 'to'], of);
  return rows.map(([from, event, to]) => `${bare(from)} ${bare(event)} ${bare(to)}`).sort();
}

/** The same of what the code lets through. */
function possible<S extends string, E extends string>(
  statuses: readonly S[],
  events: readonly E[],
  next: (status: S, event: E) => Result<S>,
): string[] {
  const steps = statuses.flatMap((from) =>
    events.map((event) => {
      const to = next(from, event);
      return to.ok ? `${from} ${event} ${to.value}` : '';
    }),
  );
  return steps.filter((step) => step !== '').sort();
}

const names = <T extends string>(of: Readonly<Record<T, true>>) => Object.keys(of) as T[];
const actionEvents = names<ActionEvent>({
  hold: true,
  release: true,
  dispatch: true,
  start: true,
  pause: true,
  succeed: true,
  fail: true,
  cancel: true,
  interrupt: true,
  retry: true,
});
const runEvents = names<RunEvent>({
  dispatch: true,
  start: true,
  succeed: true,
  fail: true,
  'time-out': true,
  cancel: true,
  lose: true,
  retry: true,
});

describe('docs/states.md has the names of', () => {
  test('change sets', () => {
    const row = { id: '' as ChangeSetId, name: '', isHead: false };
    const wire = changeSetStatuses.map((status) => [status, viewOf({ ...row, status } as never).status]);
    expect(namesOf('Change set')).toEqual(Object.fromEntries(wire));
  });

  test('actions', () => {
    const wire = actionStatuses.map((status) => [status, isActionEnded(status) ? '' : actionState(status)]);
    expect(namesOf('Action')).toEqual(Object.fromEntries(wire));
  });

  test('runs, and why they give no result', () => {
    const wire = runStatuses.map((status) => [status, runState({ status, kind: 'attribute' })]);
    expect(namesOf('Run')).toEqual(Object.fromEntries(wire));
    const [, failures = ''] = page.split('the code of its failure:\n');
    const [listed = ''] = failures.split('\n## ');
    expect(listed.match(/`\w+`/g)?.map(bare)).toEqual(Object.keys(runFailures));
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['Approval', same<Approval['decision']>({ approve: true, reject: true })],
    [
      'What was started',
      same<TicketState>({ pending: true, executing: true, operating: true, success: true, failure: true }),
    ],
    [
      'Scheduled apply',
      same<ScheduledApply['status']>({ waiting: true, applied: true, refused: true, cancelled: true }),
    ],
    ['Resource record', same<ResourceRecord['status']>({ ok: true, warning: true, failed: true, absent: true })],
    [
      'Freshness of a value',
      same<Freshness['state']>({ fresh: true, pending: true, error: true, 'blocked-by': true, awaiting: true }),
    ],
    [
      'Receipt line',
      same<Outcome>({
        overridden: true,
        superseded: true,
        dropped: true,
        masked: true,
        transformed: true,
        parked: true,
        repaired: true,
        noted: true,
      }),
    ],
  ])('%s', (section, expected) => {
    expect(namesOf(section)).toEqual(expected);
  });
});

describe('docs/states.md has every step of', () => {
  test('change sets', () => {
    expect(stepsOf('Change set')).toEqual(possible(changeSetStatuses, changeSetEvents, transition));
  });

  test('actions', () => {
    expect(stepsOf('Action')).toEqual(possible(actionStatuses, actionEvents, nextActionStatus));
  });

  test('runs', () => {
    expect(stepsOf('Run')).toEqual(possible(runStatuses, runEvents, nextRunStatus));
  });

  test('and a page that lacks one is noticed', () => {
    const other = page.replace('| `Abandoned` | `reopen` | `Open` |', '| `Applied` | `reopen` | `Open` |');
    expect(stepsOf('Change set', other)).not.toEqual(possible(changeSetStatuses, changeSetEvents, transition));
    expect(() => rowsOf('Nothing', ['from'])).toThrow('no table');
  });
});
