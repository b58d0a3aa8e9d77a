// The installation's key from a file or an environment variable: it encrypts the private halves of the workspaces' keys with
// XChaCha20-Poly1305 (AEAD, random nonces of 24 bytes), the context as additional data. The key itself lives in a closure, so
// that nothing that prints or serialises the object shows it. A key vault elsewhere is another adapter of `InstallationKey`.
//
// Format of a wrapped text: `hww1.<fingerprint>.<base64url of nonce and ciphertext>`. The fingerprint in it tells which key is
// missing; that it is the right one is decided by the cipher.

import sodium from 'libsodium-wrappers';
import { Fault } from '../../base/result.ts';
import type { InstallationKey } from '../../ports/vault.ts';
import { readKeyFile, readOrCreateKeyFile } from './key_file.ts';
import { base64Of, keyTextOf, tryBytes, tryKey } from './key_text.ts';

/** The format of a wrapped text. 1: XChaCha20-Poly1305, additional data `hww1|context`. */
const wrapFormat = 'hww1';

/** Hex digits: half of the shortest keyed hash (BLAKE2b, 16 bytes) that libsodium makes. */
const fingerprintChars = 16;
const wrapped = /^hww1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+)$/;

/**
 * The key in the file at `path`. A file that is not there is made, readable by its owner alone, with a fresh key; of several
 * processes that make it at once one wins and all use its key. Throws `vault_locked` when others can read the file, or it holds
 * no key.
 */
export async function fileKey(path: string): Promise<InstallationKey> {
  await sodium.ready;
  const text = await readOrCreateKeyFile(path, () => {
    const fresh = sodium.randombytes_buf(sodium.crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    const line = `${keyTextOf(fresh)}\n`;
    sodium.memzero(fresh);
    return line;
  });
  return keyIn(text, path);
}

/** The key in the file at `path`, if there is one. Throws `vault_locked` as `fileKey` does. */
export async function findFileKey(path: string): Promise<InstallationKey | undefined> {
  await sodium.ready;
  const text = await readKeyFile(path);
  return text === undefined ? undefined : keyIn(text, path);
}

/** The fingerprint of the key that wrapped a text; undefined for what is no wrapped text. */
export function wrapperOf(text: string): string | undefined {
  return wrapped.exec(text)?.[1];
}

function keyIn(text: string, path: string): InstallationKey {
  const key = tryKey(text);
  if (key === undefined)
    throw new Fault('vault_locked', `${path} does not hold an installation key (hwk1_…)`, { path });
  return keyOf(key);
}

/** The key in the value of an environment variable. Throws `vault_locked` when it is none. */
export async function environmentKey(value: string | undefined): Promise<InstallationKey> {
  await sodium.ready;
  const key = value === undefined ? undefined : tryKey(value);
  if (key === undefined) {
    const what =
      value === undefined || value.trim() === '' ? 'is not set' : 'does not hold an installation key (hwk1_…)';
    throw new Fault('vault_locked', `the environment variable of the installation key ${what}`);
  }
  return keyOf(key);
}

function keyOf(key: Uint8Array): InstallationKey {
  const fingerprint = sodium
    .crypto_generichash(16, 'headwater installation key', key, 'hex')
    .slice(0, fingerprintChars);
  const nonceBytes = sodium.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  const additional = (context: string) => `${wrapFormat}|${context}`;

  return {
    fingerprint,
    async wrap(bytes, context) {
      const nonce = sodium.randombytes_buf(nonceBytes);
      const cipher = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(bytes, additional(context), null, nonce, key);
      return `${wrapFormat}.${fingerprint}.${base64Of(Buffer.concat([nonce, cipher]))}`;
    },
    async unwrap(text, context) {
      const match = wrapped.exec(text);
      const bytes = match === null ? undefined : tryBytes(match[2]!);
      if (match === null || bytes === undefined || bytes.length < nonceBytes) {
        throw new Fault('vault_locked', 'a wrapped key is not of a format that this release knows', { context });
      }
      const by = match[1]!;
      try {
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
          null,
          bytes.subarray(nonceBytes),
          additional(context),
          bytes.subarray(0, nonceBytes),
          key,
        );
      } catch (cause) {
        const why =
          by === fingerprint
            ? `it was changed, or belongs elsewhere (${context})`
            : `it was wrapped by the installation key ${by}, and this one is ${fingerprint}`;
        throw new Fault(
          'vault_locked',
          `a private key does not unwrap: ${why}`,
          { wrappedBy: by, fingerprint },
          { cause },
        );
      }
    },
  };
}
