// Chains of audit entries, and everything that somebody with access to the store could do to one.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AuditFact,
  appendEntries,
  type ChainCheck,
  type ChainHead,
  type ChainRow,
  checkAnchors,
  checkChain,
} from '../../src/audit/entry.ts';
import type { ChangeSetId, Hash } from '../../src/base/ids.ts';
import { canonical, type Json } from '../../src/base/json.ts';
import { changeSet, digest, otherChangeSet, runs } from '../support/model_world.ts';

const log = (version: number): Hash => digest(`log ${version}`);
const fact = (n: number): AuditFact => ({
  version: n,
  step: 0,
  log: n === 0 ? '' : log(n),
  atMs: 1000 + n,
  actor: 'ann',
  kind: 'attribute.set',
  subject: 'c',
  path: '/domain/x',
  sentence: `set /domain/x to ${n}`,
});
const start: ChainHead = { seq: 0, hash: '' };

/** A chain of n entries, appended in batches. */
function chain(n: number, batch = 1, of: ChangeSetId = changeSet): { rows: ChainRow[]; head: ChainHead } {
  const rows: ChainRow[] = [];
  let head = start;
  for (let i = 0; i < n; i += batch) {
    const facts = Array.from({ length: Math.min(batch, n - i) }, (_, j) => fact(i + j));
    for (const { entry, text, hash } of appendEntries(digest, of, head, facts)) {
      rows.push({ seq: entry.seq, text, hash });
      head = { seq: entry.seq, hash };
    }
  }
  return { rows, head };
}

const check = (c: { rows: readonly ChainRow[]; head: ChainHead }, more: Partial<ChainCheck> = {}): string => {
  const logHash = (version: number): Hash => log(version);
  const found = checkChain({ digest, changeSet, logHash, ...c, ...more });
  return found === undefined ? 'fine' : `${found.what} ${found.seq}`;
};

/** The row with another text and the hash of that. */
const rewritten = (row: ChainRow, change: (entry: Record<string, Json>) => void): ChainRow => {
  const entry = JSON.parse(row.text) as Record<string, Json>;
  change(entry);
  const text = canonical(entry);
  return { ...row, text, hash: digest(text) };
};

describe('a chain', () => {
  test('the text of an entry is canonical', () => {
    const anchor = { changeSet: otherChangeSet, seq: 3, hash: log(3) };
    for (const f of [fact(1), { ...fact(2), anchor }])
      for (const { entry, text } of appendEntries(digest, changeSet, start, [f]))
        expect(text).toBe(canonical(entry as unknown as Json));
  });

  test('[AU1] passes as it was written, in whatever batches, with any head exported on the way', () => {
    expect(check({ rows: [], head: start })).toBe('fine');
    for (const batch of [1, 3, 10]) {
      const c = chain(10, batch);
      expect(c).toEqual(chain(10));
      expect(check(c)).toBe('fine');
      for (const row of c.rows) expect(check(c, { exported: row })).toBe('fine');
      expect(check(c, { exported: start })).toBe('fine');
    }
  });

  test('[AU2] an altered entry is found, with its hash as it was or written anew', () => {
    const c = chain(6);
    for (let i = 0; i < 6; i++) {
      const text = c.rows[i]!.text.replace('ann', 'bob');
      expect(check({ ...c, rows: c.rows.with(i, { ...c.rows[i]!, text }) })).toBe(`altered ${i + 1}`);
      const anew = rewritten(c.rows[i]!, (e) => {
        e['actor'] = 'bob';
      });
      // Written anew, it is the next one that does not follow; the last one is missed by the head.
      expect(check({ ...c, rows: c.rows.with(i, anew) })).toBe(i < 5 ? `altered ${i + 2}` : 'cut_tail 7');
    }
  });

  test.each(['', 'null', '5', '[]', '{', '"x"', '{}'])('[AU2] the text %j in place of an entry is found', (text) => {
    const c = chain(4);
    const row = { ...c.rows[1]!, text, hash: digest(text) };
    expect(check({ ...c, rows: c.rows.with(1, row) })).toMatch(/^(altered|reordered) 2$/);
    expect(checkAnchors(changeSet, [row], () => undefined)).toBeUndefined();
  });

  test('[AU2] a removed entry is found, also when the rest was numbered anew', () => {
    const c = chain(6);
    for (let i = 0; i < 5; i++) {
      const left = c.rows.toSpliced(i, 1);
      expect(check({ ...c, rows: left })).toBe(`removed ${i + 1}`);
      const renumbered = left.map((row, j) => ({ ...row, seq: j + 1 }));
      expect(check({ ...c, rows: renumbered })).toBe(`reordered ${i + 1}`);
      const anew = left.map((row, j) =>
        rewritten({ ...row, seq: j + 1 }, (e) => {
          e['seq'] = j + 1;
        }),
      );
      expect(check({ ...c, rows: anew })).toBe(`altered ${i === 0 ? 1 : i + 1}`);
    }
  });

  test('[AU2] swapped entries are found as such', () => {
    const c = chain(6);
    for (let i = 0; i < 5; i++) {
      const swapped = c.rows.with(i, c.rows[i + 1]!).with(i + 1, c.rows[i]!);
      expect(check({ ...c, rows: swapped })).toBe(`reordered ${i + 1}`);
      expect(check({ ...c, rows: swapped.map((row, j) => ({ ...row, seq: j + 1 })) })).toBe(`reordered ${i + 1}`);
    }
    expect(check({ ...c, rows: [...c.rows.slice(0, 3), c.rows[2]!, ...c.rows.slice(3)] })).toBe('reordered 4');
  });

  test('[AU2] an entry of another chain is found', () => {
    const c = chain(3);
    expect(check({ ...c, rows: c.rows.with(0, chain(3, 1, otherChangeSet).rows[0]!) })).toBe('reordered 1');
  });

  test('[AU3] a cut tail is found by the row, and with an exported head when the row was altered too', () => {
    const c = chain(6);
    const short = chain(4);
    expect(check({ rows: short.rows, head: c.head })).toBe('cut_tail 5');
    expect(check({ rows: c.rows, head: short.head })).toBe('cut_tail 5');
    expect(check(short)).toBe('fine');
    expect(check(short, { exported: c.head })).toBe('cut_tail 5');
    // Cut and grown again with other entries.
    const other = [
      ...short.rows,
      ...appendEntries(digest, changeSet, short.head, [fact(40), fact(41)]).map((e) => ({ seq: e.entry.seq, ...e })),
    ];
    const forged = { rows: other, head: { seq: 6, hash: other[5]!.hash } };
    expect(check(forged)).toBe('fine');
    expect(check(forged, { exported: c.head })).toBe('altered 6');
    expect(check(forged, { exported: { seq: 5, hash: c.rows[4]!.hash } })).toBe('altered 5');
  });

  test('[AU4] an altered or removed log entry is found through its entry', () => {
    const c = chain(6);
    expect(check(c, { logHash: (v) => (v === 3 ? digest('other') : log(v)) })).toBe('log_altered 4');
    expect(check(c, { logHash: (v) => (v === 2 ? undefined : log(v)) })).toBe('removed 3');
  });

  test('[AU2] [AU3] any change of rows at all is found with an exported head', () => {
    const c = chain(8);
    const edit = fc.array(fc.tuple(fc.nat(4), fc.nat(7), fc.nat(7)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edit, (edits) => {
        let rows = [...c.rows];
        for (const [how, i, j] of edits) {
          if (rows[i] === undefined || rows[j] === undefined) continue;
          if (how === 0) rows.splice(i, 1);
          else if (how === 1) rows = rows.with(i, rows[j]!).with(j, rows[i]!);
          else if (how === 2) rows = rows.with(i, { ...rows[i]!, seq: j + 1 });
          else if (how === 3)
            rows = rows.with(
              i,
              rewritten(rows[i]!, (e) => {
                e['atMs'] = 0;
              }),
            );
          else rows = rows.toSpliced(i, 0, rows[j]!);
        }
        const last = rows.at(-1);
        const forged = { rows, head: last === undefined ? start : { seq: rows.length, hash: last.hash } };
        const same = JSON.stringify(rows) === JSON.stringify(c.rows);
        expect(check(forged, { exported: c.head }) === 'fine').toBe(same);
      }),
      { numRuns: runs(500) },
    );
  });
});

test('[AU5] an anchor that names another entry than the stored one is found', () => {
  const c = chain(3, 1, otherChangeSet);
  const anchored = appendEntries(digest, changeSet, start, [
    { ...fact(0), anchor: { changeSet: otherChangeSet, seq: 3, hash: c.head.hash } },
    fact(0),
  ]).map((e) => ({ seq: e.entry.seq, text: e.text, hash: e.hash }));
  const stored = (rows: readonly ChainRow[]) => (of: ChangeSetId, seq: number) =>
    of === otherChangeSet ? rows[seq - 1]?.hash : undefined;
  expect(checkAnchors(changeSet, anchored, stored(c.rows))).toBeUndefined();
  expect(checkAnchors(changeSet, anchored, stored(c.rows.slice(0, 2)))).toMatchObject({
    what: 'anchor_mismatch',
    seq: 3,
  });
  expect(checkAnchors(changeSet, anchored, stored(chain(3).rows))).toMatchObject({
    what: 'anchor_mismatch',
    changeSet: otherChangeSet,
  });
});
