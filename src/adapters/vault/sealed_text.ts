// A sealed text: `hws1.<generation>.<base64url of a libsodium sealed box>`. The box (crypto_box_seal: X25519, XSalsa20-Poly1305,
// an ephemeral key for each) holds the UTF-8 JSON text of `{"content": …, "workspace": "<id>"}`, so that a text belongs to one
// workspace even where two had the same keys. Any client with a libsodium can make one from the public key alone.
// The cipher covers the box, the box names the workspace, the generation picks the key, and base64 has one spelling: a text that
// differs in one character does not open. What can be seen of a content is its length.

import sodium from 'libsodium-wrappers';
import type { WorkspaceId } from '../../base/ids.ts';
import { canonical, checkJson, isObject, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { ok, type Result, refuse } from '../../base/result.ts';
import { base64Of, tryBytes } from './key_text.ts';

/** The format. 1: crypto_box_seal of {content, workspace}. */
const sealFormat = 'hws1';

const sealedText = /^hws1\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]+)$/;

/** Longest text that can be one: the box as base64, and the head. */
const sealedCharsMax = Math.ceil(((limits.secretBytesMax + 64) * 4) / 3) + 32;

export interface SealTarget {
  readonly workspace: WorkspaceId;
  readonly generation: number;
  /** base64, as `Vault.publicKey` gives it. */
  readonly publicKey: string;
}

/** Seals to a public key: the engine's own way, and a client's. Refuses `value_not_storable`, `limit_exceeded`. */
export function sealTo({ workspace, generation, publicKey }: SealTarget, content: Json): Result<string> {
  const checked = checkJson(content, 'content', limits.valueDepthMax);
  if (!checked.ok) return checked;
  const bytes = Buffer.from(canonical({ content: checked.value, workspace }), 'utf8');
  try {
    if (bytes.length > limits.secretBytesMax) return tooLong(`${bytes.length} bytes`);
    const box = sodium.crypto_box_seal(bytes, tryBytes(publicKey, 'base64')!);
    return ok(`${sealFormat}.${generation}.${base64Of(box)}`);
  } finally {
    bytes.fill(0);
  }
}

export interface SealedBox {
  readonly generation: number;
  readonly box: Uint8Array;
}

/** The parts of a text, not yet opened. Refuses `secret_unreadable`, `limit_exceeded`. */
export function parseSealed(text: string): Result<SealedBox> {
  if (text.length > sealedCharsMax) return tooLong(`a sealed text of ${text.length} characters`);
  const match = sealedText.exec(text);
  const box = match === null ? undefined : tryBytes(match[2]!);
  if (match === null || box === undefined || box.length <= sodium.crypto_box_SEALBYTES) {
    return unreadable('text that is not of that form');
  }
  return ok({ generation: Number(match[1]), box });
}

/** The content of a box. Refuses `secret_unreadable`. */
export function openBox(
  box: Uint8Array,
  workspace: WorkspaceId,
  pair: { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array },
): Result<Json> {
  let bytes: Uint8Array;
  try {
    bytes = sodium.crypto_box_seal_open(box, pair.publicKey, pair.privateKey);
  } catch {
    // The one thing libsodium says here: the box is not of this pair, or was changed.
    return unreadable('a box that the key of this workspace and generation does not open');
  }
  try {
    const parsed = parseContent(bytes);
    if (parsed === undefined) return unreadable('a box that does not hold {content, workspace} as JSON');
    if (parsed.workspace !== workspace) return unreadable('a box made for another workspace');
    const content = checkJson(parsed.content, 'content', limits.valueDepthMax);
    return content.ok ? content : unreadable('a content that cannot be stored');
  } finally {
    sodium.memzero(bytes);
  }
}

function parseContent(bytes: Uint8Array): { readonly content: Json; readonly workspace: Json } | undefined {
  let value: Json;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch {
    // The parser's message quotes the text, so it goes no further.
    return undefined;
  }
  if (!isObject(value) || Object.keys(value).length !== 2) return undefined;
  const { content, workspace } = value;
  return content === undefined || workspace === undefined ? undefined : { content, workspace };
}

export function unreadable(got: string): Result<never> {
  return refuse('secret_unreadable', {
    path: 'sealed',
    expected: `a text sealed to this workspace (${sealFormat}.<generation>.<base64url>)`,
    got,
    hint: 'ask for the public key of the workspace and seal the content again',
  });
}

function tooLong(got: string): Result<never> {
  return refuse('limit_exceeded', {
    path: 'content',
    expected: `a content of at most ${limits.secretBytesMax} bytes`,
    got,
    hint: 'keep what is that long elsewhere, and here the key to it',
  });
}
