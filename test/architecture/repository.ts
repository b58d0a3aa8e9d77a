// Where the architecture tests look: the repository itself, and the fixture in which every check must find something.

import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const broken = fileURLToPath(new URL('fixtures/broken', import.meta.url));

/** Files of src/ that are reached from outside of it: the programs, the SDK, and the contract tests that adapters run. */
export function isEntry(path: string): boolean {
  if (path === 'src/surfaces/sdk/index.ts') return true;
  return /^src\/main\/(bin|demo)\.ts$/.test(path) || path.startsWith('src/ports/conformance/');
}
