// What a refusal must leave as it was beside change sets: what has been set for a workspace.

import type { WorkspaceId } from '../../src/base/ids.ts';
import type { Store } from '../../src/ports/store.ts';

const names = [
  'members',
  'tokens',
  'budgets',
  'policies',
  'freeze windows',
  'plan policies',
  'webhooks',
  'scheduled applies',
];

/** Everything but when tokens were used. */
export async function settingsOf(store: Store, workspace: WorkspaceId): Promise<(string | undefined)[]> {
  const out: (string | undefined)[] = [];
  for (const name of names) out.push(await store.getSetting(workspace, name));
  return out;
}
