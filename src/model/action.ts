// What people decided about actions: overrides of the computed plan. Actions themselves are planned from the state, not
// stored in it, so there is nothing here about queues or runs.

import type { ActionKind } from './function.ts';

/** `skip` leaves a planned action out, `hold` keeps it from starting, `add` asks for one that is not planned. */
export type OverrideMode = 'skip' | 'hold' | 'add';
export const overrideModes: readonly OverrideMode[] = ['skip', 'hold', 'add'];

/** Stored under `component/action/name`: one decision per component and action. */
export interface OverrideRecord {
  readonly mode: OverrideMode;
  readonly action: ActionKind;
  /** Which manual action, by function name; '' for the standard kinds. */
  readonly name: string;
}
