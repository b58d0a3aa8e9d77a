// Changing the key of the installation, which encrypts the private keys of every workspace: it concerns all of them, so it takes who
// may maintain each. Contents are not sealed anew and names not touched; what is done again after an interruption goes on.

import { Fault, must, ok, type Result } from '../base/result.ts';
import type { KeyChange } from '../ports/vault.ts';
import { noteOnHead } from './audit.ts';
import { actingAs } from './members.ts';
import type { Call } from './operation.ts';
import { overAll, permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

/** With workspaces by name. */
export interface RekeyReply {
  /** Fingerprints; the same when there was nothing to change to. */
  readonly from: string;
  readonly to: string;
  readonly rewrapped: readonly string[];
  /** Workspaces that no key of this installation opens. */
  readonly locked: readonly string[];
  /** Where the key before is kept, null: not by the engine. */
  readonly kept: string | null;
}

/**
 * Encrypts all private keys by a new installation key, or by the current one (`onlyRewrap`: after a backup was restored, or where the
 * keys come from the environment). Refuses `access_denied` before anything is done. Fault `vault_locked`.
 */
export async function changeInstallationKey(c: Call, onlyRewrap: boolean): Promise<Result<RekeyReply>> {
  const { engine } = c;
  const { vault } = engine;
  if (vault === undefined) throw new Fault('vault_locked', 'this engine has no vault: secrets cannot be kept here');
  const over = overAll(c.principal);
  if (!over.ok) return over;
  const all = new Map<string, Workspace>();
  for (const { id } of await engine.listWorkspaces()) {
    const { workspace: w } = must(await engine.workspace(id));
    const operation = 'change the installation key';
    const who = await actingAs(w, c.principal, operation);
    if (!who.ok) return who;
    const may = await permit(w, who.value, 'maintain', { operation, subject: w.id });
    if (!may.ok) return may;
    all.set(id, w);
  }
  const nameOf = (id: string): string => all.get(id)?.row.name ?? id;
  const done: KeyChange = await vault.changeInstallationKey(
    // Of removed ones too: their secrets stay.
    async () => {
      const ids = (await engine.directory.all()).map(({ row }) => row.id);
      for (const id of ids) await engine.driven(id);
      return ids;
    },
    { onlyRewrap, progress: (id) => c.progress(`keys of workspace ${nameOf(id)}`) },
  );
  const sentence = `encrypt the keys of secrets by installation key ${done.to}`;
  for (const id of done.rewrapped) {
    const w = all.get(id);
    if (w === undefined) continue;
    await noteOnHead(w, c.principal.id, { kind: 'secret.rekey', subject: w.id, path: '', sentence });
  }
  return ok({ ...done, rewrapped: done.rewrapped.map(nameOf), locked: done.locked.map(nameOf) });
}
