// The operations on management and debug functions: run one on a component, waiting for it or not, and ask how it goes. Management
// functions are made and bound by mutations, as all functions; a debug function is a text that is not saved.

import { runManagement } from './management.ts';
import { changeSetOf, type Handler, inState, inWorkspace, type Params, text, wrong } from './operation.ts';
import { startDebug, startManagement } from './start_function.ts';
import { findTicket } from './tickets.ts';

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
  /** The same without waiting for it: answers `ticket`, which `management.state` tells about. */
  'management.start': (c, p) =>
    inWorkspace(c, p, async (w) =>
      startManagement(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        component: text(p, 'component'),
        function: text(p, 'function'),
        ...(p['view'] === undefined ? {} : { view: text(p, 'view') }),
      }),
    ),
  'management.state': (c, p) => inState(c, p, (s) => findTicket(s.w, text(p, 'ticket'), 'management')),
  /** Runs `text`, which is not saved, on a component: its function `handler` gets `{component, debugInput}`. */
  'debug.start': (c, p) =>
    inWorkspace(c, p, async (w) =>
      startDebug(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        name: text(p, 'name'),
        text: text(p, 'text'),
        handler: text(p, 'handler', 'main'),
        component: text(p, 'component'),
        ...(p['input'] === undefined ? {} : { input: p['input'] }),
      }),
    ),
  'debug.state': (c, p) => inState(c, p, (s) => findTicket(s.w, text(p, 'ticket'), 'debug')),
} satisfies Record<string, Handler>;

/** What is not plainly one or the other is not guessed: one of them has effects. */
function flag(p: Params, name: string): boolean {
  const value = p[name] ?? false;
  return typeof value === 'boolean' ? value : wrong(name, 'true or false', value);
}
