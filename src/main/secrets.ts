// The vault of a data folder: the installation's key from `HEADWATER_KEY`, else from the file `headwater.key` in the folder, which
// is made with the first secret. Keys that were in use before are read too, while one takes the place of another:
// `HEADWATER_KEY_OLD` (one or several), and the file where `HEADWATER_KEY` is set. Opened, and its cryptography loaded, by its first use: most commands need none, and a folder
// without secrets has no key.

import { join } from 'node:path';
import type { RunStore } from '../ports/run_store.ts';
import type { Vault } from '../ports/vault.ts';
import type { Clock } from '../ports/world.ts';

const keyVariable = 'HEADWATER_KEY';
const olderVariable = 'HEADWATER_KEY_OLD';
export const keyFile = 'headwater.key';

export function vaultOf(folder: string, documents: RunStore, clock: Clock): Vault {
  const { [keyVariable]: given, [olderVariable]: older } = process.env;
  let opening: Promise<Vault> | undefined;
  const use = (): Promise<Vault> => {
    opening ??= open().catch((e: unknown) => {
      // Next time the key may be there.
      opening = undefined;
      throw e;
    });
    return opening;
  };
  const open = async (): Promise<Vault> => {
    const { environmentKeys, fileKeys, keyTextsIn } = await import('../adapters/vault/key_ring.ts');
    const { openVault } = await import('../adapters/vault/vault.ts');
    const [file, before] = [join(folder, keyFile), keyTextsIn(older)];
    const key = await (given === undefined ? fileKeys(file, before) : environmentKeys(given, before, file));
    return openVault({ documents, key, clock });
  };
  return {
    publicKey: async (workspace) => (await use()).publicKey(workspace),
    seal: async (workspace, content) => (await use()).seal(workspace, content),
    accept: async (workspace, sealed) => (await use()).accept(workspace, sealed),
    open: async (workspace, sealed) => (await use()).open(workspace, sealed),
    keyedHash: async (workspace, content) => (await use()).keyedHash(workspace, content),
    rotate: async (workspace) => (await use()).rotate(workspace),
    reseal: async (workspace, sealed) => (await use()).reseal(workspace, sealed),
    changeInstallationKey: async (workspaces, options) => (await use()).changeInstallationKey(workspaces, options),
  };
}
