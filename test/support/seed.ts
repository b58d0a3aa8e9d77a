// Property tests try the same cases in every run, so that a run that fails fails again. HEADWATER_SEED=n tries others,
// HEADWATER_RUNS=n that many times as many (in the suites that count with `runs`).

import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['HEADWATER_SEED'] ?? 1) });
