// An action's record in a record of the journal, with the number of its format, so that what a dead owner of an earlier
// release left is read by the same rules as its rows.

import type { ActionRecord } from '../../model/action.ts';
import { actionFormat, assertActionFormat, prunedFrom } from '../../model/action_row.ts';
import type { Commit } from '../../ports/store.ts';
import { isStorable } from './column_text.ts';

type ActionWrite = NonNullable<Commit['actions']>[number];

/** A commit as it stands in the journal; of a release that had no actions yet it is the commit itself. */
export interface JournaledCommit extends Omit<Commit, 'actions'> {
  readonly actions?: readonly (ActionWrite & { readonly format: number })[];
}

/** Would the table take it? Its text always: JSON escapes what is no text. */
export function isStorableAction(record: ActionRecord): boolean {
  const { id, component, origins, revision } = record;
  const ended = prunedFrom(record);
  return (
    [id, component, ...origins].every(isStorable) &&
    Number.isSafeInteger(revision) &&
    (ended === null || Number.isSafeInteger(ended))
  );
}

/** About the text of an action, in UTF-16 units: names and numbers of its members, and what in it has no bound. */
export function weightOfAction({ paths, origins, after, failure }: ActionRecord): number {
  const idChars = 29;
  let chars = 768 + (origins.length + after.length) * idChars + (failure?.message.length ?? 0);
  for (const path of paths) chars += path.length;
  return chars;
}

export function toJournal(commit: Commit): JournaledCommit {
  const { actions, ...rest } = commit;
  return actions === undefined ? rest : { ...rest, actions: actions.map((a) => ({ format: actionFormat, ...a })) };
}

export function fromJournal(journaled: JournaledCommit): Commit {
  const { actions, ...rest } = journaled;
  if (actions === undefined) return rest;
  return {
    ...rest,
    actions: actions.map(({ format, ...move }) => {
      assertActionFormat(move.record.id, format);
      // JSON has no undefined: what must not exist yet names nothing.
      return { ...move, expected: move.expected };
    }),
  };
}
