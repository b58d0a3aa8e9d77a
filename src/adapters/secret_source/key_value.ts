// A field of a secret in a key vault that speaks the HTTP API of HashiCorp Vault's KV version 2 (developer.hashicorp.com/vault/api-docs/
// secret/kv/kv-v2): the newest version, each time. Address, token and namespace are those of the engine's environment. No redirect
// is followed, as the token would go with it, and nothing of an answer but its status gets into a failure.

import { limits } from '../../base/limits.ts';
import type { Fault } from '../../base/result.ts';

interface VaultOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  readonly fail: (why: string) => Fault;
}

/** Throws what `fail` gives. */
export async function readVault(
  { path, field }: { readonly path: string; readonly field: string },
  { environment, fail }: VaultOptions,
): Promise<string> {
  const { VAULT_ADDR: address, VAULT_TOKEN: token, VAULT_NAMESPACE: namespace } = environment;
  if (!address || !token) throw fail('needs VAULT_ADDR and VAULT_TOKEN in the environment of the engine');
  const [mount = '', ...rest] = path.split('/').map(encodeURIComponent);
  const answer = await answerOf(`${address.replace(/\/+$/, '')}/v1/${mount}/data/${rest.join('/')}`, {
    headers: {
      'X-Vault-Token': token,
      'X-Vault-Request': 'true',
      ...(namespace ? { 'X-Vault-Namespace': namespace } : {}),
    },
    fail,
  });
  const value = fieldOf(answer, field);
  if (value === undefined) throw fail('is not there: the vault has no such field');
  if (typeof value !== 'string') throw fail('is no text');
  return value;
}

async function answerOf(
  url: string,
  { headers, fail }: { readonly headers: Record<string, string>; readonly fail: VaultOptions['fail'] },
): Promise<string> {
  const signal = AbortSignal.timeout(limits.secretSourceMs);
  // What it throws may quote the token as an invalid header, or what was received.
  const response = await fetch(url, { headers, redirect: 'manual', signal }).catch(() => undefined);
  if (response === undefined) throw fail('cannot be had: the vault does not answer');
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => undefined);
    throw fail(whyOf(response.status));
  }
  const text = await bodyOf(response).catch(() => undefined);
  if (text === undefined) throw fail('cannot be had: the answer of the vault broke off, or is too large');
  return text;
}

function whyOf(status: number): string {
  if (status === 404) return 'is not there: the vault answers 404';
  if (status === 403) return 'may not be read with the token of the engine: the vault answers 403';
  return `cannot be had: the vault answers ${status}`;
}

async function bodyOf(response: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.byteLength;
    // Other fields and what is told of the version are in it, too.
    if (length > limits.secretSourceBytesMax * 4) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function fieldOf(answer: string, field: string): unknown {
  let at: unknown;
  try {
    at = JSON.parse(answer);
  } catch {
    return undefined;
  }
  for (const name of ['data', 'data', field]) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}
