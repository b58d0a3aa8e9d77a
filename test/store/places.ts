// Places for stores in files, as the conformance of moving wants them.

import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteTarget } from '../../src/adapters/sqlite/load.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { StorePlaces } from '../../src/ports/conformance/store_dump.ts';
import { temporaryFolder } from './folders.ts';

export function sqlitePlaces(): StorePlaces {
  return {
    name: 'sqlite',
    fresh: () => {
      const file = join(temporaryFolder(), 'store.db');
      return {
        open: () => openSqliteStore({ file }),
        make: () => openSqliteTarget(file),
        // What lies on the disk at that moment, once nobody holds it any more.
        cutOff: async (target) => {
          const written = [`${file}.partial`, `${file}.partial-wal`].filter(existsSync);
          for (const path of written) copyFileSync(path, `${path}-kept`);
          await target.discard();
          for (const path of written) copyFileSync(`${path}-kept`, path);
        },
      };
    },
  };
}
