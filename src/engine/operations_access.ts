// The operations on the policies of a workspace, by name, with plain JSON in and out. Where an owner asks for one of them the
// workspace's policies have no say, so that nobody is locked out of changing them.

import { ok } from '../base/result.ts';
import { type Handler, inState, inWorkspace, text } from './operation.ts';
import { listPolicies, setPolicies, testPolicies } from './policy_settings.ts';

export const accessOperations = {
  'policy.list': (c, p) => inWorkspace(c, p, async (w) => ok(await listPolicies(w))),
  /** `text`: Cedar, in place of all there are. */
  'policy.set': (c, p) => inWorkspace(c, p, (w) => setPolicies(w, c.principal, text(p, 'text'))),
  'policy.remove': (c, p) => inWorkspace(c, p, (w) => setPolicies(w, c.principal, '')),
  /** Would `user` (default: the caller) be let through? `action`; optional `operation`, `changeSet`, `component`, `path`, `agent`, `text`. */
  'policy.test': (c, p) =>
    inState(c, p, (s) =>
      testPolicies(s, c.principal, {
        user: p['user'] === undefined ? undefined : text(p, 'user'),
        isAgent: p['agent'] === true,
        action: text(p, 'action'),
        operation: text(p, 'operation', ''),
        component: p['component'] === undefined ? undefined : text(p, 'component'),
        path: p['path'] === undefined ? undefined : text(p, 'path'),
        text: p['text'] === undefined ? undefined : text(p, 'text'),
      }),
    ),
} satisfies Record<string, Handler>;
