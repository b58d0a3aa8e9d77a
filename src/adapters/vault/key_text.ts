// The two texts that stand around cryptography here: bytes as base64 that has one spelling (url-safe inside texts of this vault,
// plain for public keys, which clients read), and an installation's key as people copy it (`hwk1_` and 43 characters: a key file
// holds that line, an environment variable that value).

type Spelling = 'base64' | 'base64url';

/** The format of an installation's key. 1: 32 bytes for XChaCha20-Poly1305. */
const keyTextFormat = 'hwk1_';

const keyText = /^hwk1_([A-Za-z0-9_-]{43})$/;

export function base64Of(bytes: Uint8Array, spelling: Spelling = 'base64url'): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(spelling);
}

/** The bytes of a text in its only spelling, so that no other text gives the same bytes. */
export function tryBytes(text: string, spelling: Spelling = 'base64url'): Uint8Array | undefined {
  const bytes = new Uint8Array(Buffer.from(text, spelling));
  return base64Of(bytes, spelling) === text ? bytes : undefined;
}

export function keyTextOf(key: Uint8Array): string {
  return keyTextFormat + base64Of(key);
}

/** The key in a text; spaces and a line break around it do not count. */
export function tryKey(text: string): Uint8Array | undefined {
  const match = keyText.exec(text.trim());
  return match === null ? undefined : tryBytes(match[1]!);
}
