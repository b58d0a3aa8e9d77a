// The vault on libsodium: sealed boxes to the newest key pair of a workspace, opened with the pair that a text names.
// A private key exists unwrapped only within one call, and its bytes and those of contents are zeroed afterwards; the strings
// that JSON has to be, and the copies inside the WebAssembly memory of libsodium, are left to be written over.

import sodium from 'libsodium-wrappers';
import type { WorkspaceId } from '../../base/ids.ts';
import { canonical, checkJson, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { ok, type Result } from '../../base/result.ts';
import type { InstallationKey, InstallationKeys, Vault, WorkspaceKey } from '../../ports/vault.ts';
import type { Clock } from '../../ports/world.ts';
import { wrapperOf } from './installation_key.ts';
import { openBox, parseSealed, sealTo, unreadable } from './sealed_text.ts';
import {
  changeKeys,
  type Documents,
  freshKey,
  readKeys,
  rewrapAll,
  rewrapKeys,
  withPrivateKey,
} from './workspace_keys.ts';

export interface VaultOptions {
  /** Where the key pairs of the workspaces are. */
  readonly documents: Documents;
  /** One key, or keys of which one can take the place of another. */
  readonly key: InstallationKey | InstallationKeys;
  readonly clock: Clock;
}

/** BLAKE2b keyed with a key of its own, derived from the private half. */
function hashWith(privateKey: Uint8Array, content: Json): string {
  const derived = sodium.crypto_generichash(32, 'headwater keyed hash of a content', privateKey);
  const bytes = Buffer.from(canonical(content), 'utf8');
  try {
    return sodium.crypto_generichash(32, bytes, derived, 'hex');
  } finally {
    sodium.memzero(derived);
    bytes.fill(0);
  }
}

export async function openVault({ documents, key, clock }: VaultOptions): Promise<Vault> {
  await sodium.ready;
  /** Newest keys, as they stood in the document, whose private half was unwrapped by this process. */
  const verified = new Map<WorkspaceId, string>();

  const add = async (workspace: WorkspaceId, keys: readonly WorkspaceKey[]) => [
    ...keys,
    await freshKey(key, workspace, keys.length + 1, clock.nowMs()),
  ];

  /** A pair that was wrapped just before another installation key became current, and written after its change had looked here. */
  const underCurrent = async (workspace: WorkspaceId, keys: readonly WorkspaceKey[]): Promise<void> => {
    if (!('current' in key) || wrapperOf(keys.at(-1)!.wrappedPrivateKey) === key.fingerprint) return;
    await rewrapKeys(documents, workspace, { from: key, to: key.current });
  };

  /** The newest key, made when there is none. */
  const newest = async (workspace: WorkspaceId): Promise<WorkspaceKey> => {
    let keys = await readKeys(documents, workspace);
    if (keys.length === 0) {
      keys = await changeKeys(documents, workspace, async (now) => (now.length > 0 ? now : add(workspace, now)));
      await underCurrent(workspace, keys);
    }
    const last = keys.at(-1)!;
    const shown = `${last.generation}|${last.publicKey}|${last.wrappedPrivateKey}`;
    if (verified.get(workspace) !== shown) {
      await withPrivateKey(key, workspace, last, () => undefined);
      if (verified.size >= limits.verifiedKeysMax) verified.clear();
      verified.set(workspace, shown);
    }
    return last;
  };

  const open = async (
    workspace: WorkspaceId,
    sealed: string,
  ): Promise<Result<{ content: Json; isNewest: boolean }>> => {
    const parsed = parseSealed(sealed);
    if (!parsed.ok) return parsed;
    const { generation, box } = parsed.value;
    const keys = await readKeys(documents, workspace);
    const named = keys[generation - 1];
    if (named === undefined)
      return unreadable(`a text sealed to generation ${generation}, and there are ${keys.length}`);
    const opened = await withPrivateKey(key, workspace, named, (pair) => openBox(box, workspace, pair));
    return opened.ok ? ok({ content: opened.value, isNewest: generation === keys.length }) : opened;
  };

  return {
    async publicKey(workspace) {
      const { generation, publicKey } = await newest(workspace);
      return { generation, publicKey };
    },

    async seal(workspace, content) {
      const { generation, publicKey } = await newest(workspace);
      return sealTo({ workspace, generation, publicKey }, content);
    },

    async accept(workspace, sealed) {
      const opened = await open(workspace, sealed);
      return opened.ok ? ok(undefined) : opened;
    },

    async open(workspace, sealed) {
      const opened = await open(workspace, sealed);
      return opened.ok ? ok(opened.value.content) : opened;
    },

    async keyedHash(workspace, content) {
      const checked = checkJson(content, 'content', limits.valueDepthMax);
      if (!checked.ok) return checked;
      await newest(workspace);
      // The first pair is never taken away, so that it is the same for ever.
      const [first] = await readKeys(documents, workspace);
      return ok(await withPrivateKey(key, workspace, first!, ({ privateKey }) => hashWith(privateKey, checked.value)));
    },

    async rotate(workspace) {
      // The old keys must be this installation's: a rotation is no way around a lost key.
      if ((await readKeys(documents, workspace)).length > 0) await newest(workspace);
      const keys = await changeKeys(documents, workspace, (now) => add(workspace, now));
      await underCurrent(workspace, keys);
      return { generation: keys.length };
    },

    async reseal(workspace, sealed) {
      const opened = await open(workspace, sealed);
      if (!opened.ok) return opened;
      if (opened.value.isNewest) return ok(sealed);
      const { generation, publicKey } = await newest(workspace);
      return sealTo({ workspace, generation, publicKey }, opened.value.content);
    },

    async changeInstallationKey(workspaces, { onlyRewrap, progress }) {
      const keys = 'current' in key ? key : undefined;
      const from = key.fingerprint;
      if (!onlyRewrap) await keys?.beginChange();
      const to = keys?.current ?? key;
      const done = await rewrapAll(documents, workspaces, { from: key, to, progress: progress ?? (() => {}) });
      const kept = onlyRewrap ? undefined : await keys?.endChange();
      return { from, to: to.fingerprint, ...done, kept: kept ?? null };
    },
  };
}
