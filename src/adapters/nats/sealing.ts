// Sealed boxes (libsodium's crypto_box_seal) between engine and runner: a key pair for each process, made anew each time and
// never written down. What is sealed to one can be opened by it alone, whoever else listens at the server.

import sodium from 'libsodium-wrappers';

export interface KeyPair {
  /** base64. */
  readonly publicKey: string;
  /** undefined: it was not sealed to this pair. */
  open(box: Uint8Array): Uint8Array | undefined;
}

export async function makeKeyPair(): Promise<KeyPair> {
  await sodium.ready;
  const { publicKey, privateKey } = sodium.crypto_box_keypair();
  return {
    publicKey: Buffer.from(publicKey).toString('base64'),
    open: (box) => {
      try {
        return sodium.crypto_box_seal_open(box, publicKey, privateKey);
      } catch (e) {
        // libsodium throws a plain error for a box that does not open, and a TypeError for what is no box at all.
        if (e instanceof Error) return undefined;
        throw e;
      }
    },
  };
}

/** undefined: that is no public key. */
export function sealTo(publicKey: string, bytes: Uint8Array): Uint8Array | undefined {
  if (typeof publicKey !== 'string') return undefined;
  const key = Buffer.from(publicKey, 'base64');
  return key.length === sodium.crypto_box_PUBLICKEYBYTES ? sodium.crypto_box_seal(bytes, key) : undefined;
}
