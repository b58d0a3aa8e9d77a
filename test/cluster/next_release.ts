// This release as a later one will be: the same program, in a folder of its own, with one more migration of the tables, which adds what
// engines of this release know nothing of.

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bin } from '../support/served.ts';

const list = /(const migrations = \[[^\]]+)\]/;
const one = `\`create table of_next_release (id integer primary key);
alter table workspace add column of_next_release text;
alter table change_set add column of_next_release integer not null default 7;
alter table engine_node add column of_next_release text\``;

/** Makes it below the folder; answers the program to start. */
export function makeNextRelease(folder: string): string {
  const dist = dirname(dirname(bin));
  mkdirSync(folder, { recursive: true });
  cpSync(dist, join(folder, 'dist'), { recursive: true });
  for (const beside of ['package.json', 'node_modules', 'providers'])
    symlinkSync(join(dirname(dist), beside), join(folder, beside));
  const file = join(folder, 'dist/adapters/postgres/migrate.js');
  const text = readFileSync(file, 'utf8');
  if (!list.test(text)) throw new Error(`no list of migrations in ${file}`);
  writeFileSync(
    file,
    text.replace(list, (_, before: string) => `${before}, ${one}]`),
  );
  return join(folder, 'dist/main/headwater.js');
}
