// Where the optional test data is: real templates and recorded cases that are not part of the repository. Tests that
// want them run when HEADWATER_TEST_DATA names the folder, and otherwise say in their title what was not run.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';

/** The folder `name` of the test data; undefined when there is none. */
export function findTestData(name: string): string | undefined {
  const folder = process.env['HEADWATER_TEST_DATA'];
  if (folder === undefined || folder === '') return undefined;
  const path = join(folder, name);
  return existsSync(path) ? path : undefined;
}

/** A test over the folder `name` of the test data; skipped, and said so, when it is not there. */
export function testOnData(name: string, title: string, body: (folder: string) => void | Promise<void>, ms?: number) {
  const folder = findTestData(name);
  if (folder === undefined) test.skip(`${title} (not run: no ${name} in HEADWATER_TEST_DATA)`, () => {});
  else test(title, () => body(folder), ms);
}
