// Reading a log from end to end: page by page, so that memory is O(page) however long it is, and never past a hole. What
// the entries say is for who reads them.

import type { ChangeSetId, WorkspaceId } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import { type LogEntry, parseLogEntry } from '../merge/log_entry.ts';
import type { Store } from '../ports/store.ts';

/** Entries read in one piece. */
const pageEntries = 256;

export interface LoggedEntry {
  readonly version: number;
  /** As it is stored: what its hash is of. */
  readonly text: string;
  readonly entry: LogEntry;
}

/**
 * The entries of a change set's log with after < version <= upTo, oldest first. Fault `store_damaged` where one is
 * missing, or says another version than it stands at.
 */
export async function* logEntries(
  w: { readonly id: WorkspaceId; readonly store: Store },
  changeSet: ChangeSetId,
  after: number,
  upTo: number,
): AsyncGenerator<LoggedEntry, void, void> {
  for (let at = after; at < upTo; ) {
    const rows = await w.store.readLog(w.id, changeSet, at, upTo, pageEntries);
    if (rows.length === 0) throw missing(changeSet, at + 1);
    for (const { version, text } of rows) {
      const entry = parseLogEntry(text);
      if (version !== at + 1 || entry.version !== version) throw missing(changeSet, at + 1);
      yield { version, text, entry };
      at = version;
    }
  }
}

function missing(changeSet: ChangeSetId, version: number): Fault {
  return new Fault(
    'store_damaged',
    `log entry ${version} of change set ${changeSet} is missing or misplaced; run verify`,
  );
}
