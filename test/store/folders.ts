// Temporary folders for stores, removed after each test file.

import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest, Hash } from '../../src/base/ids.ts';
import { afterFiles } from '../support/endings.ts';

const folders: string[] = [];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-store-'));
  folders.push(folder);
  return folder;
}

afterFiles(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export const digest: Digest = (text) => hash('sha256', text) as Hash;
