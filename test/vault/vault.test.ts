// The vault on the real libsodium: what opens, what does not, rotation, and who may make keys. Documents are in memory; the run
// stores that keep them otherwise have a suite of their own.

import sodium from 'libsodium-wrappers';
import { beforeAll, describe, expect, test } from 'vitest';
import { environmentKey } from '../../src/adapters/vault/installation_key.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { sealTo } from '../../src/adapters/vault/sealed_text.ts';
import { openVault } from '../../src/adapters/vault/vault.ts';
import { rewrapKeys } from '../../src/adapters/vault/workspace_keys.ts';
import type { WorkspaceId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { limits } from '../../src/base/limits.ts';
import { must, type Result } from '../../src/base/result.ts';
import type { InstallationKey, Vault, WorkspaceKey } from '../../src/ports/vault.ts';
import { MemoryDocuments } from '../support/documents.ts';

const ws = '01ARZ3NDEKTSV4RRFFQ69G5FAV' as WorkspaceId;
const other = '01ARZ3NDEKTSV4RRFFQ69G5FAW' as WorkspaceId;
const clock = { nowMs: () => 1_790_000_000_000 };
const content = { user: 'ada', password: 'correct horse “ä” \u0000 battery', port: 5432, nested: [null, true, ''] };

let keyA: InstallationKey;
let keyB: InstallationKey;

beforeAll(async () => {
  await sodium.ready;
  keyA = await environmentKey(keyTextOf(new Uint8Array(32).fill(1)));
  keyB = await environmentKey(keyTextOf(new Uint8Array(32).fill(2)));
});

async function vaultOn(documents = new MemoryDocuments(), key = keyA): Promise<[Vault, MemoryDocuments]> {
  return [await openVault({ documents, key, clock }), documents];
}

const codeOf = (result: Result<unknown>) => (result.ok ? 'ok' : result.refusal.code);

function keysOf(documents: MemoryDocuments, workspace = ws): WorkspaceKey[] {
  return JSON.parse(documents.texts.get(`${workspace}/keys`)!).keys;
}

function putKeys(documents: MemoryDocuments, keys: readonly WorkspaceKey[], workspace = ws): void {
  documents.texts.set(`${workspace}/keys`, JSON.stringify({ format: 1, keys }));
}

/** A box with any bytes in it, sealed to the newest key as a client would. */
async function sealRaw(vault: Vault, text: string | Uint8Array): Promise<string> {
  const { generation, publicKey } = await vault.publicKey(ws);
  const box = sodium.crypto_box_seal(text, sodium.from_base64(publicKey, sodium.base64_variants.ORIGINAL));
  return `hws1.${generation}.${Buffer.from(box).toString('base64url')}`;
}

describe('sealing', () => {
  test('gives text that opens to the same content, and a different text each time', async () => {
    const [vault] = await vaultOn();
    const texts = [must(await vault.seal(ws, content)), must(await vault.seal(ws, content))];
    expect(texts[0]).not.toBe(texts[1]);
    for (const text of texts) {
      expect(text).toMatch(/^hws1\.1\.[A-Za-z0-9_-]+$/);
      expect(must(await vault.open(ws, text))).toEqual(content);
      expect(must(await vault.accept(ws, text))).toBeUndefined();
    }
  });

  test('works for every kind of JSON', async () => {
    const [vault] = await vaultOn();
    for (const each of [
      '',
      'x',
      0,
      -1.5,
      true,
      null,
      [],
      {},
      ['a', { b: null }],
      JSON.parse('{"__proto__": 1}'),
    ] as Json[]) {
      const opened = must(await vault.open(ws, must(await vault.seal(ws, each))));
      expect(JSON.stringify(opened)).toBe(JSON.stringify(each));
    }
  });

  test('leaves nothing of content or private key in what is kept', async () => {
    const [vault, documents] = await vaultOn();
    const text = must(await vault.seal(ws, 'correct horse battery'));
    const kept =
      JSON.stringify([...documents.texts]) + text + Buffer.from(text.split('.')[2]!, 'base64url').toString('latin1');
    expect(kept).not.toContain('horse');
    const { wrappedPrivateKey, publicKey } = keysOf(documents)[0]!;
    const bare = await keyA.unwrap(wrappedPrivateKey, `workspace-key|${ws}|1|${publicKey}`);
    expect(bare.length).toBe(32);
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      expect(kept).not.toContain(Buffer.from(bare).toString(encoding).replace(/=+$/, ''));
    }
  });

  test('to the public key alone is what any libsodium does, and the vault accepts it', async () => {
    const [vault] = await vaultOn();
    expect(
      must(await vault.open(ws, await sealRaw(vault, JSON.stringify({ workspace: ws, content: 'by hand' })))),
    ).toBe('by hand');
    const target = { workspace: ws, ...(await vault.publicKey(ws)) };
    const sealed = must(sealTo(target, content));
    expect(codeOf(await vault.accept(ws, sealed))).toBe('ok');
    expect(must(await vault.open(ws, sealed))).toEqual(content);
  });

  test('refuses what cannot be stored and what is too long', async () => {
    const [vault] = await vaultOn();
    expect(codeOf(await vault.seal(ws, Number.NaN))).toBe('value_not_storable');
    expect(codeOf(await vault.seal(ws, '\ud800'))).toBe('value_not_storable');
    const frame = JSON.stringify({ content: '', workspace: ws }).length;
    const longest = 'x'.repeat(limits.secretBytesMax - frame);
    expect(must(await vault.open(ws, must(await vault.seal(ws, longest))))).toBe(longest);
    expect(codeOf(await vault.seal(ws, `${longest}x`))).toBe('limit_exceeded');
    expect(codeOf(await vault.seal(ws, 'ä'.repeat(limits.secretBytesMax / 2)))).toBe('limit_exceeded');
    expect(codeOf(await vault.accept(ws, `hws1.1.${'A'.repeat(limits.secretBytesMax * 2)}`))).toBe('limit_exceeded');
  });
});

describe('the keyed hash of a content', () => {
  test('is the same for the same content, whatever the order of its members and after rotations', async () => {
    const [vault, documents] = await vaultOn();
    const print = must(await vault.keyedHash(ws, { a: 1, b: 'x' }));
    expect(print).toMatch(/^[0-9a-f]{64}$/);
    await vault.rotate(ws);
    const [again] = await vaultOn(documents);
    expect(must(await again.keyedHash(ws, { b: 'x', a: 1 }))).toBe(print);
    expect(codeOf(await vault.keyedHash(ws, '\ud800'))).toBe('value_not_storable');
  });

  test('is another for another content, in another workspace, and where another key was made', async () => {
    const [vault] = await vaultOn();
    const [apart] = await vaultOn();
    const prints = [
      must(await vault.keyedHash(ws, 'x')),
      must(await vault.keyedHash(ws, 'y')),
      must(await vault.keyedHash(other, 'x')),
      must(await apart.keyedHash(ws, 'x')),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });

  test('cannot be made without the key of the installation', async () => {
    const [vault, documents] = await vaultOn();
    must(await vault.keyedHash(ws, 'x'));
    const [stranger] = await vaultOn(documents, keyB);
    await expect(stranger.keyedHash(ws, 'x')).rejects.toMatchObject({ code: 'vault_locked' });
  });
});

describe('a text does not open', () => {
  test('when any one of its characters is another', async () => {
    const [vault] = await vaultOn();
    const text = must(await vault.seal(ws, 'abcd'));
    for (let i = 0; i < text.length; i++) {
      for (const put of ['A', 'B', '0', '2', '.', '=', '-']) {
        if (text[i] === put) continue;
        const changed = text.slice(0, i) + put + text.slice(i + 1);
        expect([i, put, codeOf(await vault.open(ws, changed))]).toEqual([i, put, 'secret_unreadable']);
      }
    }
  });

  test('when it is shorter, longer, padded, spaced or of another format', async () => {
    const [vault] = await vaultOn();
    const text = must(await vault.seal(ws, 'abcd'));
    const wrong = ['', 'hws1', 'hws1.1.', text.slice(0, -1), `${text}A`, `${text}=`, ` ${text}`, `${text}\n`];
    const versions = [text.replace('hws1', 'hws2'), text.replace('.1.', '.01.'), text.replace('.1.', '.1e0.')];
    const generations = [text.replace('.1.', '.2.'), text.replace('.1.', '.999999999.'), text.replace('.1.', '.-1.')];
    for (const each of [...wrong, ...versions, ...generations]) {
      expect([each, codeOf(await vault.open(ws, each))]).toEqual([each, 'secret_unreadable']);
      expect(codeOf(await vault.accept(ws, each))).toBe('secret_unreadable');
      expect(codeOf(await vault.reseal(ws, each))).toBe('secret_unreadable');
    }
  });

  test('in another workspace, whether that has keys or not, and opening makes none', async () => {
    const [vault, documents] = await vaultOn();
    const text = must(await vault.seal(ws, content));
    expect(codeOf(await vault.open(other, text))).toBe('secret_unreadable');
    expect(documents.texts.has(`${other}/keys`)).toBe(false);
    must(await vault.seal(other, 'x'));
    expect(codeOf(await vault.open(other, text))).toBe('secret_unreadable');
    expect(codeOf(await vault.accept(other, text))).toBe('secret_unreadable');
  });

  test('when its box names another workspace although the key fits', async () => {
    const [vault] = await vaultOn();
    const { generation, publicKey } = await vault.publicKey(ws);
    const smuggled = must(sealTo({ workspace: other, generation, publicKey }, content));
    expect(codeOf(await vault.open(ws, smuggled))).toBe('secret_unreadable');
  });

  test('when its box holds anything but content and workspace', async () => {
    const [vault] = await vaultOn();
    const wrong = [
      'not json “secret”',
      '"text"',
      'null',
      '[]',
      JSON.stringify({ content: 1 }),
      JSON.stringify({ workspace: ws }),
      JSON.stringify({ workspace: ws, content: 1, more: 1 }),
      `{"workspace":"${ws}","content":1e999}`,
      `{"workspace":"${ws}","content":${'['.repeat(70)}${']'.repeat(70)}}`,
      new Uint8Array([0xff, 0xfe, 0x22]),
    ];
    for (const each of wrong) {
      const result = await vault.accept(ws, await sealRaw(vault, each));
      expect([String(each), codeOf(result)]).toEqual([String(each), 'secret_unreadable']);
      expect(JSON.stringify(result)).not.toContain('“secret”');
    }
  });
});

describe('rotation', () => {
  test('seals to the new key and still opens what was sealed to every older one', async () => {
    const [vault] = await vaultOn();
    const texts = [];
    for (let generation = 1; generation <= 4; generation++) {
      texts.push(must(await vault.seal(ws, generation)));
      expect(texts.at(-1)).toContain(`hws1.${generation}.`);
      expect(await vault.rotate(ws)).toEqual({ generation: generation + 1 });
      expect((await vault.publicKey(ws)).generation).toBe(generation + 1);
    }
    for (const [i, text] of texts.entries()) expect(must(await vault.open(ws, text))).toBe(i + 1);
  });

  test('of a workspace without keys makes the first', async () => {
    const [vault] = await vaultOn();
    expect(await vault.rotate(ws)).toEqual({ generation: 1 });
  });

  test('keeps keys apart: a text does not open with the key of another generation', async () => {
    const [vault] = await vaultOn();
    const text = must(await vault.seal(ws, content));
    await vault.rotate(ws);
    expect(codeOf(await vault.open(ws, text.replace('hws1.1.', 'hws1.2.')))).toBe('secret_unreadable');
  });

  test('is followed by resealing, which leaves alone what is sealed to the newest key', async () => {
    const [vault, documents] = await vaultOn();
    const old = must(await vault.seal(ws, content));
    expect(must(await vault.reseal(ws, old))).toBe(old);
    await vault.rotate(ws);
    const renewed = must(await vault.reseal(ws, old));
    expect(renewed).toContain('hws1.2.');
    expect(must(await vault.reseal(ws, renewed))).toBe(renewed);
    // What was resealed needs the old key no more.
    const [first, second] = keysOf(documents);
    putKeys(documents, [{ ...second!, generation: 1 }, second!]);
    expect(first!.publicKey).not.toBe(second!.publicKey);
    expect(must(await vault.open(ws, renewed))).toEqual(content);
    await expect(vault.open(ws, old)).rejects.toMatchObject({ code: 'vault_locked' });
  });
});

describe('two processes', () => {
  test('that make the first key at once agree on one', async () => {
    const documents = new MemoryDocuments();
    const [a] = await vaultOn(documents);
    const [b] = await vaultOn(documents);
    let stepped = '';
    documents.beforeWrite = async () => {
      stepped = (await b.publicKey(ws)).publicKey;
    };
    const text = must(await a.seal(ws, content));
    expect(stepped).toBe(keysOf(documents)[0]!.publicKey);
    expect(keysOf(documents).length).toBe(1);
    expect(must(await b.open(ws, text))).toEqual(content);
  });

  test('and twenty at once, with no order given, do too', async () => {
    const documents = new MemoryDocuments();
    const vaults = await Promise.all(Array.from({ length: 20 }, async () => (await vaultOn(documents))[0]));
    const texts = await Promise.all(vaults.map(async (vault, i) => must(await vault.seal(ws, i))));
    expect(keysOf(documents).length).toBe(1);
    for (const [i, text] of texts.entries()) expect(must(await vaults[(i + 7) % 20]!.open(ws, text))).toBe(i);
  });

  test('that rotate at once both get a key of their own', async () => {
    const documents = new MemoryDocuments();
    const [a] = await vaultOn(documents);
    const [b] = await vaultOn(documents);
    const old = must(await a.seal(ws, content));
    const made = await Promise.all([a.rotate(ws), b.rotate(ws)]);
    expect(made.map((m) => m.generation).sort()).toEqual([2, 3]);
    expect(must(await b.open(ws, old))).toEqual(content);
  });

  test('of which one rotates: the other seals to the new key', async () => {
    const documents = new MemoryDocuments();
    const [a] = await vaultOn(documents);
    const [b] = await vaultOn(documents);
    await a.seal(ws, 1);
    await b.rotate(ws);
    expect(must(await a.seal(ws, 1))).toContain('hws1.2.');
  });
});

describe('the installation key', () => {
  test('that is another one opens nothing, seals nothing and makes no new generation', async () => {
    const [vault, documents] = await vaultOn();
    const text = must(await vault.seal(ws, content));
    const [stranger] = await vaultOn(documents, keyB);
    const before = new Map(documents.texts);
    const calls = [
      () => stranger.open(ws, text),
      () => stranger.accept(ws, text),
      () => stranger.reseal(ws, text),
      () => stranger.seal(ws, content),
      () => stranger.publicKey(ws),
      () => stranger.rotate(ws),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'vault_locked' });
    await expect(stranger.open(ws, text)).rejects.toThrow(keyA.fingerprint);
    expect(documents.texts).toEqual(before);
  });

  test('does not unwrap a pair whose public key was slipped in, so nothing is sealed to it', async () => {
    const [vault, documents] = await vaultOn();
    await vault.publicKey(ws);
    const publicKey = Buffer.from(sodium.crypto_box_keypair().publicKey).toString('base64');
    putKeys(documents, [{ ...keysOf(documents)[0]!, publicKey }]);
    await expect(vault.seal(ws, content)).rejects.toMatchObject({ code: 'vault_locked' });
    await expect(vault.publicKey(ws)).rejects.toMatchObject({ code: 'vault_locked' });
  });

  test('does not unwrap the pair of another workspace or of another generation', async () => {
    const [vault, documents] = await vaultOn();
    await vault.publicKey(ws);
    const [pair] = keysOf(documents);
    putKeys(documents, [pair!], other);
    await expect(vault.seal(other, content)).rejects.toMatchObject({ code: 'vault_locked' });
    putKeys(documents, [pair!, { ...pair!, generation: 2 }]);
    await expect(vault.seal(ws, content)).rejects.toMatchObject({ code: 'vault_locked' });
  });

  test('that unwraps to a private key of another pair is noticed', async () => {
    const documents = new MemoryDocuments();
    const lenient: InstallationKey = { ...keyA, unwrap: async () => sodium.crypto_box_keypair().privateKey };
    const [vault] = await vaultOn(documents, lenient);
    await expect(vault.seal(ws, content)).rejects.toThrow('not one pair');
  });

  test('is changed by wrapping the keys again, all or none, and again without harm', async () => {
    const [vault, documents] = await vaultOn();
    const text = must(await vault.seal(ws, content));
    await vault.rotate(ws);
    expect(await rewrapKeys(documents, ws, { from: keyA, to: keyB })).toBe(2);
    expect(await rewrapKeys(documents, ws, { from: keyA, to: keyB })).toBe(0);
    expect(await rewrapKeys(documents, other, { from: keyA, to: keyB })).toBe(0);
    expect(must(await (await vaultOn(documents, keyB))[0].open(ws, text))).toEqual(content);
    await expect((await vaultOn(documents))[0].open(ws, text)).rejects.toMatchObject({ code: 'vault_locked' });
    const before = new Map(documents.texts);
    const keyC = await environmentKey(keyTextOf(new Uint8Array(32).fill(3)));
    await expect(rewrapKeys(documents, ws, { from: keyA, to: keyC })).rejects.toMatchObject({ code: 'vault_locked' });
    expect(documents.texts).toEqual(before);
  });

  test('gets private keys zeroed after use', async () => {
    const given: Uint8Array[] = [];
    const watching: InstallationKey = {
      fingerprint: keyA.fingerprint,
      wrap: async (bytes, context) => {
        given.push(bytes);
        expect(bytes.some((b) => b !== 0)).toBe(true);
        return keyA.wrap(bytes, context);
      },
      unwrap: async (text, context) => {
        const bytes = await keyA.unwrap(text, context);
        given.push(bytes);
        return bytes;
      },
    };
    const [vault] = await vaultOn(new MemoryDocuments(), watching);
    const text = must(await vault.seal(ws, content));
    must(await vault.open(ws, text));
    await vault.open(ws, `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`);
    await vault.rotate(ws);
    expect(given.length).toBeGreaterThanOrEqual(4);
    for (const bytes of given) expect([...bytes]).toEqual(new Array(32).fill(0));
  });
});

describe('a document of keys', () => {
  test.each([
    ['not JSON', '{', 'store_damaged'],
    ['no object', '[]', 'store_damaged'],
    ['of a later format', '{"format":2,"keys":[]}', 'store_version'],
    ['without keys', '{"format":1,"keys":[]}', 'store_damaged'],
    ['with half a key', '{"format":1,"keys":[{"generation":1}]}', 'store_damaged'],
  ])('that is %s is a fault and not taken for an empty one', async (_what, text, code) => {
    const [vault, documents] = await vaultOn();
    documents.texts.set(`${ws}/keys`, text);
    await expect(vault.seal(ws, content)).rejects.toMatchObject({ code });
    await expect(vault.rotate(ws)).rejects.toMatchObject({ code });
    expect(documents.texts.get(`${ws}/keys`)).toBe(text);
  });
});
