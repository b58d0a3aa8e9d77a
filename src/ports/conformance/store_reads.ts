// Conformance of reads: read your writes, ranges of the log, audit queries, texts of any kind, and everything again
// after the store was closed and opened.

import type { AuditQuery } from '../store.ts';
import { expectEqual, expectTrue } from './expectation.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import type { StoreWorld } from './store_world.ts';

/** Texts that stores are known to mangle. */
const awkwardTexts: readonly string[] = [
  '',
  'plain',
  'naïve “quotes” – ß ﬁ',
  '日本語 العربية עברית',
  '👩‍👩‍👧‍👦 𝔘𝔫𝔦𝔠𝔬𝔡𝔢',
  'e\u0301 is not \u00e9',
  'line\nfeed\r\nand\ttab\u2028\u2029',
  'a\0b\0',
  '\0',
  '\uFEFFmark',
  "'; drop table log; --",
  '{"json":"\\u0000"}',
];

/** `chars` UTF-16 units of varied text. */
function longText(chars: number): string {
  let text = '';
  for (let n = 0; text.length < 4096; n++) text += `"cell ${n}":"välue ${n * 7919}",`;
  return text.repeat(Math.ceil(chars / text.length)).slice(0, chars);
}

async function seqs(w: StoreWorld, query: AuditQuery): Promise<string[]> {
  const rows = await w.store.readAudit(w.workspace, query);
  return rows.map((row) => `${row.changeSet === w.head ? 'h' : 'b'}${row.seq}`);
}

export const readCases: readonly StoreCase[] = [
  storeCase('[ST14] what a resolved write wrote is read, by every kind of read', async (w) => {
    for (let version = 1; version <= 20; version++) {
      const chunk = w.chunk(`chunk ${version}`);
      const { intentRoot, realityRoot } = w.row(w.head, version);
      const checkpoint = { changeSet: w.head, version, intentRoot, realityRoot, realitySeq: 0 };
      await w.commit(w.step(w.head, version));
      expectEqual('row', (await w.store.findChangeSet(w.workspace, w.head))?.version, version);
      expectEqual('list', (await w.store.listChangeSets(w.workspace))[0]?.version, version);
      expectEqual('log', (await w.store.readLog(w.workspace, w.head, version - 1, version)).length, 1);
      expectEqual('audit', await seqs(w, { limit: 1 }), [`h${version}`]);
      await w.store.writeChunks(w.workspace, [chunk], [checkpoint]);
      expectEqual('chunk', await w.textOf(chunk.hash), chunk.text);
      expectEqual('checkpoint', await w.store.findCheckpoint(w.workspace, w.head, 99), checkpoint);
      await w.store.putSetting(w.workspace, 'n', String(version));
      expectEqual('setting', await w.store.getSetting(w.workspace, 'n'), String(version));
    }
  }),
  storeCase('[ST15] ranges and limits of the log', async (w) => {
    const other = await w.open(101);
    for (let version = 1; version <= 9; version++) await w.commit(w.step(w.head, version));
    await w.commit(w.step(other, 1));
    const read = async (after: number, upTo: number, limit?: number): Promise<number[]> =>
      (await w.store.readLog(w.workspace, w.head, after, upTo, limit)).map((row) => row.version);
    expectEqual('all', await read(0, 9), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expectEqual('middle', await read(3, 5), [4, 5]);
    expectEqual('past the end', await read(7, 1_000_000), [8, 9]);
    expectEqual('without end', await read(7, Number.MAX_SAFE_INTEGER), [8, 9]);
    expectEqual('limited', await read(2, 9, 3), [3, 4, 5]);
    expectEqual('none wanted', await read(2, 9, 0), []);
    expectEqual('empty', await read(5, 5), []);
    expectEqual('turned round', await read(6, 5), []);
    expectEqual('after the end', await read(9, 20), []);
  }),
  storeCase('[ST15] ten thousand entries in one read', async (w) => {
    const count = 10_000;
    const commits: Promise<unknown>[] = [];
    for (let version = 1; version <= count; version++) commits.push(w.commit(w.step(w.head, version)));
    await Promise.all(commits);
    const rows = await w.store.readLog(w.workspace, w.head, 0, count);
    expectEqual('entries', rows.length, count);
    expectTrue(
      'in order, with their texts',
      rows.every((row, i) => row.version === i + 1 && row.text === w.log(w.head, i + 1).text),
    );
  }),
  storeCase('[ST16] audit queries', async (w) => {
    const other = await w.open(101);
    // Landing order: h1 b1 h2 b2 h3 b3 h4 b4; subjects by seq % 3, kinds by parity.
    for (let seq = 1; seq <= 4; seq++) {
      await w.commit(w.step(w.head, seq));
      const audit = [w.audit(other, seq, { actor: 'agent:b', ...(seq === 4 ? { subject: '' } : {}) })];
      await w.commit(w.step(other, seq, { audit }));
    }
    expectEqual('all', await seqs(w, { limit: 99 }), ['h1', 'b1', 'h2', 'b2', 'h3', 'b3', 'h4', 'b4']);
    expectEqual('newest', await seqs(w, { limit: 3 }), ['b3', 'h4', 'b4']);
    expectEqual('chain', await seqs(w, { changeSet: other, limit: 99 }), ['b1', 'b2', 'b3', 'b4']);
    expectEqual('newest of a chain', await seqs(w, { changeSet: other, limit: 2 }), ['b3', 'b4']);
    expectEqual('from', await seqs(w, { changeSet: other, fromSeq: 2, limit: 2 }), ['b2', 'b3']);
    expectEqual('from the end', await seqs(w, { changeSet: other, fromSeq: 5, limit: 2 }), []);
    expectEqual('subject', await seqs(w, { subject: 'subject 1', limit: 99 }), ['h1', 'b1', 'h4']);
    expectEqual('newest of a subject', await seqs(w, { subject: 'subject 1', limit: 1 }), ['h4']);
    expectEqual('no subject', await seqs(w, { subject: '', limit: 99 }), ['b4']);
    expectEqual('kind', await seqs(w, { kind: 'even', limit: 3 }), ['b2', 'h4', 'b4']);
    expectEqual('actor', await seqs(w, { actor: 'agent:b', limit: 2 }), ['b3', 'b4']);
    expectEqual('all filters', await seqs(w, { subject: 'subject 2', kind: 'even', actor: 'agent:b', limit: 9 }), [
      'b2',
    ]);
    expectEqual('chain and subject', await seqs(w, { changeSet: w.head, subject: 'subject 1', limit: 9 }), [
      'h1',
      'h4',
    ]);
    const forward = { changeSet: w.head, fromSeq: 2, kind: 'even', limit: 1 };
    expectEqual('from, filtered', await seqs(w, forward), ['h2']);
    expectEqual('none', await seqs(w, { kind: 'no such', limit: 9 }), []);
    const [row] = await w.store.readAudit(w.workspace, { changeSet: w.head, limit: 1 });
    expectEqual('whole row', row, w.audit(w.head, 4));
  }),
  storeCase('[ST17] awkward texts come back as they were, everywhere', async (w) => {
    let version = 0;
    for (const text of awkwardTexts) {
      version++;
      const row = w.row(w.head, version, { name: text, createdBy: text });
      const audit = w.audit(w.head, version, { text, subject: text, actor: text });
      const principal = `p${text}`;
      const idempotency = { principal, key: text, requestHash: w.digest(text), reply: text, atMs: 1 };
      await w.commit({
        changeSets: [{ row, expected: version - 1 }],
        log: [{ changeSet: w.head, version, text }],
        audit: [audit],
        idempotency,
        chunks: [w.chunk(text)],
      });
      await w.store.putSetting(w.workspace, text, text);
      const what = JSON.stringify(text);
      expectEqual(`row ${what}`, await w.store.findChangeSet(w.workspace, w.head), row);
      expectEqual(`log ${what}`, (await w.store.readLog(w.workspace, w.head, version - 1, version))[0]?.text, text);
      expectEqual(`audit ${what}`, await w.store.readAudit(w.workspace, { subject: text, limit: 9 }), [audit]);
      expectEqual(`record ${what}`, await w.store.findIdempotent(w.workspace, principal, text), idempotency);
      expectEqual(`chunk ${what}`, await w.textOf(w.digest(text)), text);
      expectEqual(`setting ${what}`, await w.store.getSetting(w.workspace, text), text);
    }
  }),
  storeCase('[ST17] texts of 8 MiB', async (w) => {
    const text = longText(8 * 1024 * 1024);
    const chunk = w.chunk(`${text}\0`);
    await w.commit(w.step(w.head, 1, { log: [{ changeSet: w.head, version: 1, text }], chunks: [w.chunk(text)] }));
    await w.store.writeChunks(w.workspace, [chunk], []);
    expectTrue('log', (await w.store.readLog(w.workspace, w.head, 0, 1))[0]?.text === text);
    expectTrue('chunk', (await w.textOf(w.digest(text))) === text);
    expectTrue('with a NUL', (await w.textOf(chunk.hash)) === chunk.text);
  }),
  storeCase(
    '[ST25] everything acknowledged is there after opening again',
    async (w, reopen) => {
      const id = await w.open(101);
      const chunk = w.chunk('kept');
      const idempotency = { principal: 'p', key: 'k', requestHash: w.digest('r'), reply: 'reply', atMs: 1 };
      for (let version = 1; version <= 50; version++)
        await w.commit(w.step(id, version, version === 50 ? { idempotency } : {}));
      const { intentRoot, realityRoot } = w.row(id, 50);
      await w.store.writeChunks(
        w.workspace,
        [chunk],
        [{ changeSet: id, version: 50, intentRoot, realityRoot, realitySeq: 0 }],
      );
      await w.store.putSetting(w.workspace, 's', 'v');
      const generation = await w.store.nextGeneration(w.workspace);
      const before = await w.everything(id);
      const again = await reopen();
      expectEqual('everything', await again.everything(id), before);
      expectEqual('chunk', await again.textOf(chunk.hash), 'kept');
      expectEqual('setting', await again.store.getSetting(w.workspace, 's'), 'v');
      expectEqual('record', await again.store.findIdempotent(w.workspace, 'p', 'k'), idempotency);
      expectEqual('generation', await again.store.nextGeneration(w.workspace), generation + 1);
      expectEqual('goes on', await again.commit(again.step(id, 51)), { ok: true });
      expectEqual(
        'audit goes on',
        (await again.store.readAudit(w.workspace, { limit: 2 })).map((r) => r.seq),
        [50, 51],
      );
    },
    { isDurable: true },
  ),
];
