// The files of a store that is being made from something else: written under temporary names, given their own when they are whole. The
// main file comes last, since with it there is a store. What is found under the temporary names was left by a process that
// died, and is taken away.

import { existsSync, rmSync } from 'node:fs';
import { Fault, must, refuse } from '../../base/result.ts';
import { giveName, refuseExisting } from './backup.ts';
import { releaseDatabase } from './driver.ts';
import { journalPath } from './journal_file.ts';
import { ownFile } from './own_file.ts';
import { runFilePath } from './runs/run_file.ts';

export const temporaryPath = (file: string): string => `${file}.partial`;

export class NewStoreFiles {
  readonly temporary: string;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.temporary = temporaryPath(file);
  }

  /** Refuses (thrown) `already_exists` where there is a store; faults `store_failed` where an older one has left something. */
  mustBeFree(): void {
    if (existsSync(this.#file))
      must(
        refuse('already_exists', {
          path: 'to',
          expected: 'a place without a store',
          got: this.#file,
          hint: 'name another folder, or move the store away; nothing is overwritten',
        }),
      );
    this.refuseLeavings();
  }

  refuseLeavings(): void {
    refuseExisting(`${this.#file}-wal`, 'a write-ahead log of an older store');
    refuseExisting(journalPath(this.#file), 'the journal of an older store');
    refuseExisting(runFilePath(this.#file), 'the runs of an older store');
  }

  /** Takes away what a process that died has left. Faults: `store_busy` when one that lives is at it. */
  takeOver(): void {
    if (existsSync(this.temporary)) {
      try {
        releaseDatabase(ownFile(this.temporary, undefined));
      } catch (e) {
        // Of one that died in the middle it does not matter what it is.
        if (!(e instanceof Fault) || e.code === 'store_busy') throw e;
      }
    }
    this.clean();
  }

  clean(): void {
    for (const path of [this.temporary, runFilePath(this.temporary)])
      for (const end of ['', '-wal', '-journal', '-shm']) rmSync(path + end, { force: true });
    rmSync(journalPath(this.temporary), { force: true });
  }

  giveNames(): void {
    const runs = runFilePath(this.temporary);
    if (existsSync(runs)) giveName(runs, runFilePath(this.#file));
    giveName(this.temporary, this.#file);
    this.clean();
  }
}
