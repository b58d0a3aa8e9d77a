// What every file of tests begins with. Property tests try the same cases in every run, so that a run that fails fails again.
// HEADWATER_SEED=n tries others, HEADWATER_RUNS=n that many times as many (in the suites that count with `runs`).

import fc from 'fast-check';
import { afterAll, afterEach } from 'vitest';
import { endFile, endTest } from './endings.ts';

fc.configureGlobal({ seed: Number(process.env['HEADWATER_SEED'] ?? 1) });

// Hooks of the file itself are done first, the last that was registered before the others.
afterEach(endTest);
afterAll(endFile);
