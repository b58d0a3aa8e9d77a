// Runs once before any test: brings dist/ up to date, because tests that start processes start the compiled program.
// `npm test` has built already and says so. A build that fails is reported and does not stop the tests that need none;
// `npm test` counts it as a failure of its own.

import { build } from '../../scripts/build.mjs';

export default async function setup(): Promise<void> {
  if (process.env['HEADWATER_DIST_IS_BUILT'] === '1') return;
  try {
    await build();
  } catch (error) {
    process.stderr.write(`dist/ is not up to date:\n${(error as Error).message}\n`);
  }
}
