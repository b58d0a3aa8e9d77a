// The operations on provider packages: which there are, and installing one. What they do is in providers; here parameters
// become words of the engine.

import { ok } from '../base/result.ts';
import { changeSetOf, type Handler, inState, inWorkspace, text } from './operation.ts';
import { installProvider, listProviders } from './providers.ts';

export const providerOperations = {
  /** The packages that come with this program, and whether they are installed in the state. */
  'provider.list': (c, p) =>
    inState(c, p, (s) => s.w.read(() => ok(listProviders(s.snapshot, c.engine.packages.list())))),
  /** Authors the schemas of a package in the change set. */
  'provider.install': (c, p) =>
    inWorkspace(c, p, 'edit', async (w) =>
      installProvider(c, w, { changeSet: await changeSetOf(w, p), provider: text(p, 'provider') }),
    ),
} satisfies Record<string, Handler>;
