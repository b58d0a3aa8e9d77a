// The operation on management functions: run one on a component and carry out what it returns. They are made and bound by
// mutations, as all functions.

import { runManagement } from './management.ts';
import { changeSetOf, type Handler, inWorkspace, type Params, text, wrong } from './operation.ts';

export const managementOperations = {
  /** `component`, `function`; `view`: that it is run in; `dryRun`: only says what it would change. See `ManagementAsk`. */
  'management.run': (c, p) =>
    inWorkspace(c, p, async (w) =>
      runManagement(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        component: text(p, 'component'),
        function: text(p, 'function'),
        ...(p['view'] === undefined ? {} : { view: text(p, 'view') }),
        dryRun: flag(p, 'dryRun'),
        ...(p['idempotencyKey'] === undefined ? {} : { idempotencyKey: text(p, 'idempotencyKey') }),
      }),
    ),
} satisfies Record<string, Handler>;

/** What is not plainly one or the other is not guessed: one of them has effects. */
function flag(p: Params, name: string): boolean {
  const value = p[name] ?? false;
  return typeof value === 'boolean' ? value : wrong(name, 'true or false', value);
}
