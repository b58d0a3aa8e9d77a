// Runs once before any test: brings dist/ up to date, because tests that start processes start the compiled program.
// `npm test` has built already and says so. A build that fails is reported and does not stop the tests that need none;
// `npm test` counts it as a failure of its own. With HEADWATER_TEST_STORE=postgres a PostgreSQL server is started for all of
// them, and the variable is its address from then on.

import { build } from '../../scripts/build.mjs';
import { PostgresServer } from './postgres_server.ts';

export default async function setup(): Promise<() => Promise<void>> {
  await bringUpToDate();
  if (process.env['HEADWATER_TEST_STORE'] !== 'postgres') return async () => {};
  const server = await PostgresServer.open();
  process.env['HEADWATER_TEST_STORE'] = server.urlOf('postgres');
  return () => server.close();
}

async function bringUpToDate(): Promise<void> {
  if (process.env['HEADWATER_DIST_IS_BUILT'] === '1') return;
  try {
    await build();
  } catch (error) {
    process.stderr.write(`dist/ is not up to date:\n${(error as Error).message}\n`);
  }
}
