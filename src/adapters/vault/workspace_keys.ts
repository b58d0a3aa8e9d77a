// The key pairs of a workspace as one document of the run store: the newest last, older ones kept for what was sealed to them.
// Written with compare-and-set, so that processes that make the first key at once, or rotate at once, agree.
//
// A wrapped private key is bound to its workspace, its generation and its public key: a pair that was slipped into the document,
// or copied from another workspace, does not unwrap. Generations are never taken away: a text in a backup still opens.

import sodium from 'libsodium-wrappers';
import type { WorkspaceId } from '../../base/ids.ts';
import { isObject, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import type { RunStore } from '../../ports/run_store.ts';
import type { InstallationKey, WorkspaceKey } from '../../ports/vault.ts';
import { base64Of, tryBytes } from './key_text.ts';

export type Documents = Pick<RunStore, 'readDocument' | 'writeDocument'>;

/** The document's name. */
const documentName = 'keys';

/** The document's format. 1: {format, keys}. */
const documentFormat = 1;

/** Oldest first; empty when the workspace has none. Faults: `store_damaged`. */
export async function readKeys(documents: Documents, workspace: WorkspaceId): Promise<readonly WorkspaceKey[]> {
  return parse(await documents.readDocument(workspace, documentName), workspace);
}

/**
 * Writes what `next` makes of the keys that are there, and answers the keys as they are then. `next` is asked again when another
 * process was faster; what it gives back unchanged is not written. Faults: `store_failed`.
 */
export async function changeKeys(
  documents: Documents,
  workspace: WorkspaceId,
  next: (keys: readonly WorkspaceKey[]) => Promise<readonly WorkspaceKey[]>,
): Promise<readonly WorkspaceKey[]> {
  for (let attempt = 0; attempt < limits.keyWriteAttemptsMax; attempt++) {
    const before = await documents.readDocument(workspace, documentName);
    const keys = parse(before, workspace);
    const changed = await next(keys);
    if (changed === keys) return keys;
    const text = JSON.stringify({ format: documentFormat, keys: changed });
    if (await documents.writeDocument(workspace, documentName, text, before)) return changed;
  }
  throw new Fault(
    'store_failed',
    `the keys of workspace ${workspace} changed ${limits.keyWriteAttemptsMax} times meanwhile`,
  );
}

/** A fresh pair; the private half exists unwrapped only while this runs. */
export async function freshKey(
  key: InstallationKey,
  workspace: WorkspaceId,
  generation: number,
  createdAtMs: number,
): Promise<WorkspaceKey> {
  const pair = sodium.crypto_box_keypair();
  try {
    const publicKey = base64Of(pair.publicKey, 'base64');
    const wrappedPrivateKey = await key.wrap(pair.privateKey, contextOf(workspace, generation, publicKey));
    return { generation, publicKey, wrappedPrivateKey, createdAtMs };
  } finally {
    sodium.memzero(pair.privateKey);
  }
}

/** Gives the private half to `use` and zeroes it afterwards. Faults: `vault_locked`. */
export async function withPrivateKey<T>(
  key: InstallationKey,
  workspace: WorkspaceId,
  { generation, publicKey, wrappedPrivateKey }: WorkspaceKey,
  use: (pair: { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }) => T,
): Promise<T> {
  const privateKey = await key.unwrap(wrappedPrivateKey, contextOf(workspace, generation, publicKey));
  try {
    // Parsing has looked at the text, and unwrapping at the bond; another adapter's key may be lenient.
    const bytes = tryBytes(publicKey, 'base64')!;
    const belongs =
      privateKey.length === sodium.crypto_box_SECRETKEYBYTES &&
      sodium.memcmp(sodium.crypto_scalarmult_base(privateKey), bytes);
    if (!belongs) throw new Fault('vault_locked', `key ${generation} of workspace ${workspace} is not one pair`);
    return use({ publicKey: bytes, privateKey });
  } finally {
    sodium.memzero(privateKey);
  }
}

/**
 * Encrypts the private halves of a workspace by another installation key, all or none. Answers how many; 0 when they are
 * already, so that changing the key can be repeated after an interruption. Faults: `vault_locked`.
 */
export async function rewrapKeys(
  documents: Documents,
  workspace: WorkspaceId,
  { from, to }: { readonly from: InstallationKey; readonly to: InstallationKey },
): Promise<number> {
  let rewrapped = 0;
  await changeKeys(documents, workspace, async (keys) => {
    rewrapped = 0;
    if (await unwrapsAll(to, workspace, keys)) return keys;
    const out: WorkspaceKey[] = [];
    for (const each of keys) {
      const context = contextOf(workspace, each.generation, each.publicKey);
      const bytes = await from.unwrap(each.wrappedPrivateKey, context);
      out.push({ ...each, wrappedPrivateKey: await to.wrap(bytes, context).finally(() => sodium.memzero(bytes)) });
    }
    rewrapped = out.length;
    return out;
  });
  return rewrapped;
}

/**
 * Encrypts the private halves of every workspace by `to`. A workspace that is made meanwhile is looked at, too; one that no key opens
 * is left as it is.
 */
export async function rewrapAll(
  documents: Documents,
  workspaces: () => Promise<readonly WorkspaceId[]>,
  options: {
    readonly from: InstallationKey;
    readonly to: InstallationKey;
    readonly progress: (workspace: WorkspaceId) => void;
  },
): Promise<{ readonly rewrapped: readonly WorkspaceId[]; readonly locked: readonly WorkspaceId[] }> {
  const rewrapped = new Set<WorkspaceId>();
  const locked = new Set<WorkspaceId>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const workspace of await workspaces()) {
      if (locked.has(workspace)) continue;
      options.progress(workspace);
      try {
        if ((await rewrapKeys(documents, workspace, options)) === 0) continue;
        rewrapped.add(workspace);
        changed = true;
      } catch (e) {
        if (!(e instanceof Fault) || e.code !== 'vault_locked') throw e;
        locked.add(workspace);
      }
    }
  }
  return { rewrapped: [...rewrapped], locked: [...locked] };
}

async function unwrapsAll(
  key: InstallationKey,
  workspace: WorkspaceId,
  keys: readonly WorkspaceKey[],
): Promise<boolean> {
  try {
    for (const each of keys) await withPrivateKey(key, workspace, each, () => undefined);
    return true;
  } catch (e) {
    if (e instanceof Fault && e.code === 'vault_locked') return false;
    throw e;
  }
}

function contextOf(workspace: WorkspaceId, generation: number, publicKey: string): string {
  return `workspace-key|${workspace}|${generation}|${publicKey}`;
}

function parse(text: string | undefined, workspace: WorkspaceId): readonly WorkspaceKey[] {
  if (text === undefined) return [];
  const damaged = (what: string, cause?: unknown) =>
    new Fault('store_damaged', `the keys of workspace ${workspace}: ${what}`, { workspace }, { cause });
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw damaged('not JSON', cause);
  }
  if (!isObject(value)) throw damaged('not an object');
  if (value['format'] !== documentFormat) {
    throw new Fault(
      'store_version',
      `the keys of workspace ${workspace} have format ${JSON.stringify(value['format'])}`,
    );
  }
  const keys = value['keys'];
  if (!Array.isArray(keys) || keys.length === 0) throw damaged('no list of keys');
  return keys.map((key: Json, i) => {
    if (!isKey(key) || key.generation !== i + 1) throw damaged(`key ${i + 1} is not well-formed`);
    return key;
  });
}

function isKey(x: Json): x is Json & WorkspaceKey {
  return (
    isObject(x) &&
    typeof x['generation'] === 'number' &&
    typeof x['createdAtMs'] === 'number' &&
    typeof x['wrappedPrivateKey'] === 'string' &&
    typeof x['publicKey'] === 'string' &&
    tryBytes(x['publicKey'], 'base64')?.length === sodium.crypto_box_PUBLICKEYBYTES
  );
}
