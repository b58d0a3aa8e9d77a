// The operations on management functions: run one on a component and carry out what it returns; start one and ask later how
// far it is. They are made and bound by mutations, as all functions.

import { type ManagementAsk, runManagement } from './management.ts';
import { managementState, startManagement } from './management_jobs.ts';
import { changeSetOf, type Handler, inWorkspace, type Params, text, wrong } from './operation.ts';
import type { Workspace } from './workspace.ts';

export const managementOperations = {
  /** `component`, `function`; `view`: that it is run in; `dryRun`: only says what it would change. See `ManagementAsk`. */
  'management.run': (c, p) =>
    inWorkspace(c, p, async (w) =>
      runManagement(w, c.principal, { ...(await asked(w, p)), dryRun: flag(p, 'dryRun') }),
    ),
  /** The same without waiting for its end; answers the id of the run. */
  'management.start': (c, p) =>
    inWorkspace(c, p, async (w) => startManagement(w, c.principal, { ...(await asked(w, p)), dryRun: false })),
  /** How far a `run` is that was started. */
  'management.state': (c, p) => inWorkspace(c, p, (w) => managementState(w, text(p, 'run'))),
} satisfies Record<string, Handler>;

async function asked(w: Workspace, p: Params): Promise<Omit<ManagementAsk, 'dryRun'>> {
  return {
    changeSet: await changeSetOf(w, p),
    component: text(p, 'component'),
    function: text(p, 'function'),
    ...(p['view'] === undefined ? {} : { view: text(p, 'view') }),
    ...(p['idempotencyKey'] === undefined ? {} : { idempotencyKey: text(p, 'idempotencyKey') }),
  };
}

/** What is not plainly one or the other is not guessed: one of them has effects. */
function flag(p: Params, name: string): boolean {
  const value = p[name] ?? false;
  return typeof value === 'boolean' ? value : wrong(name, 'true or false', value);
}
