// Composition of the local cloud: its server over the catalogue that the build wrote, with patterns matched in linear
// time. The command line starts it; it needs no data folder and no engine.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCatalogue } from '../adapters/catalogue/catalogue.ts';
import { type Cloud, type CloudOptions, startCloud } from '../adapters/cloud/server.ts';
import { linearMatcher } from '../adapters/compiler/patterns.ts';
import { Fault } from '../base/result.ts';

/** Faults: those of the server and of the catalogue. */
export async function openCloud(options: Omit<CloudOptions, 'catalogue' | 'matches'>): Promise<Cloud> {
  const catalogue = openCatalogue(fileURLToPath(new URL('../catalogue', import.meta.url)));
  try {
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 });
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e);
    throw new Fault('store_failed', `${dirname(options.file)} cannot be made: ${why}`, undefined, { cause: e });
  }
  return startCloud({ ...options, catalogue, matches: linearMatcher() });
}
