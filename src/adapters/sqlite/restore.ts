// A store from a backup. The copy is checked before it is given its name, and nothing is overwritten, so a restore that
// fails or is killed leaves no store behind. Restoring by hand, by copying the backup, works as well; it only lacks the
// check. The file of runs comes along where there is one; a store does without.

import { constants, copyFileSync, existsSync, statSync } from 'node:fs';
import { Fault } from '../../base/result.ts';
import { refuseExisting } from './backup.ts';
import { asFault } from './fault.ts';
import { journalPath } from './journal_file.ts';
import { NewStoreFiles } from './new_store_files.ts';
import { makePrivate } from './private_file.ts';
import { runFilePath } from './runs/run_file.ts';
import { openSqliteStore } from './store.ts';

/**
 * Makes the store `to` from the backup `from`, brought to this release's version. Faults: `store_damaged` when the
 * backup does not pass `check`, `store_version` when it is newer than this release, `store_failed` when `to` exists or
 * `from` is not a backup but a store that is (or was) in use.
 */
export async function restoreSqliteStore(from: string, to: string): Promise<void> {
  const files = new NewStoreFiles(to);
  refuseExisting(to, 'the store');
  files.refuseLeavings();
  for (const beside of [`${from}-wal`, journalPath(from), `${runFilePath(from)}-wal`])
    if ((statSync(beside, { throwIfNoEntry: false })?.size ?? 0) > 0)
      throw new Fault('store_failed', `${from} has ${beside} beside it: it is a store in use, not a backup`);
  const { temporary } = files;
  const temporaryRuns = runFilePath(temporary);
  files.takeOver();
  try {
    // Never `from` itself: a check must not change the backup. A copy has the rights of the file that is there.
    makePrivate(temporary);
    copyFileSync(from, temporary, constants.COPYFILE_FICLONE);
    if (existsSync(runFilePath(from))) makePrivate(temporaryRuns);
    if (existsSync(runFilePath(from))) copyFileSync(runFilePath(from), temporaryRuns, constants.COPYFILE_FICLONE);
    const store = await openSqliteStore({ file: temporary });
    try {
      const problems = await store.check(10);
      if (problems.length > 0)
        throw new Fault('store_damaged', `the backup ${from} is damaged: ${problems[0]!.where}: ${problems[0]!.what}`, {
          problems,
        });
    } finally {
      await store.close();
    }
    files.giveNames();
  } catch (e) {
    throw asFault(e, `restoring ${from}`);
  } finally {
    files.clean();
  }
}
