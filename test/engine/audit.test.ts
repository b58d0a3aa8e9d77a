// The audit trail: what is in it, and that nobody changes it unnoticed.

import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/sqlite/driver.ts';
import type { AuditRecord, AuditVerdict } from '../../src/engine/audit.ts';
import { eachStore, fileHouse, type House } from './house.ts';

const verify = (house: House, heads: AuditVerdict['heads'] = []) =>
  house.call<AuditVerdict>('audit.verify', { heads: heads as never });

describe('the trail', () => {
  eachStore((make) => {
    test('[EN15] A36 create, set and delete leave one record each, with actor, change set, before and after', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const id = await house.create(changeSet, 'a');
      await house.set(changeSet, id, '/domain/text', 'one');
      await house.set(changeSet, id, '/domain/text', 'two');
      await house.submit(changeSet, { kind: 'component.delete', component: id });
      const records = await house.call<AuditRecord[]>('audit.list', { subject: id });
      expect(records.map((r) => [r.kind, r.actor, r.changeSet, r.version])).toEqual([
        ['component.create', 'ada', changeSet, 1],
        ['attribute.set', 'ada', changeSet, 2],
        ['attribute.set', 'ada', changeSet, 3],
        ['component.delete', 'ada', changeSet, 4],
      ]);
      expect(records[1]?.changes).toMatchObject([{ path: '/domain/text', before: null, after: { v: 'one' } }]);
      expect(records[2]?.changes).toMatchObject([{ path: '/domain/text', before: { v: 'one' }, after: { v: 'two' } }]);
      for (const r of records) expect(r.sentence).toContain('a');
      expect(await house.call('audit.list', { subject: id, kind: 'component.delete' })).toEqual([records[3]]);
      await house.reopen();
      expect(await house.call('audit.list', { subject: id })).toEqual(records);
    });

    test('[EN15] one entry for each mutation of a batch, none for what changed nothing or was refused', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const id = await house.create(changeSet, 'a');
      const before = await house.row(changeSet);
      await house.set(changeSet, id, '/domain/size', 4);
      await house.set(changeSet, id, '/domain/size', 4);
      await house.attempt('submit', { changeSet, mutations: [{ kind: 'component.erase', component: 'nobody' }] });
      await house.submit(
        changeSet,
        { kind: 'attribute.set', component: id, path: '/domain/size', value: 5 },
        { kind: 'attribute.set', component: id, path: '/domain/text', value: 'x' },
      );
      expect((await house.row(changeSet)).auditCount - before.auditCount).toBe(3);
    });

    test('[EN15] fork, apply, abandon and reopen are in the chain and anchored in Head’s', async () => {
      const house = await make();
      const changeSet = await house.open('life');
      await house.call('change_set.abandon', { changeSet });
      await house.call('change_set.reopen', { changeSet });
      await house.submit(changeSet, { kind: 'view.create', name: 'v' });
      await house.call('change_set.apply', { changeSet });
      const kinds = async (of: string) =>
        (await house.call<AuditRecord[]>('audit.list', { changeSet: of })).map((r) => r.kind);
      const life = ['change_set.open', 'change_set.abandon', 'change_set.reopen', 'change_set.apply'];
      expect(await kinds('HEAD')).toEqual(['workspace.create', ...life]);
      expect(await kinds(changeSet)).toEqual([...life.slice(0, 3), 'view.create', 'change_set.apply']);
      expect(await verify(house)).toMatchObject({ ok: true, chains: 2, entries: 10 });
    });

    test('[EN16] verifying while edits go on raises no false alarm', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      let stop = false;
      const editing = Promise.all(
        [0, 1, 2, 3].map(async (n) => {
          for (let i = 0; i < 40 && !stop; i++) {
            await house.create(changeSet, `c${n}-${i}`);
            if (i % 10 === 0) await house.open(`o${n}-${i}`);
          }
        }),
      );
      for (let i = 0; i < 5; i++) {
        expect(await verify(house)).toMatchObject({ ok: true });
        if (i % 2 === 0) await house.sound();
      }
      stop = true;
      await editing;
      await house.sound();
    });
  });
});

describe('a trail that was tampered with', () => {
  /** A house with a history, closed, changed by `sql` behind its back, opened again. */
  async function tampered(sql: (at: { chain: (seq: number) => number; seqs: number }) => string): Promise<{
    verdict: AuditVerdict;
    changeSet: string;
    heads: AuditVerdict['heads'];
    house: House;
  }> {
    const house = await fileHouse().start();
    const changeSet = await house.withBox();
    const id = await house.create(changeSet, 'a');
    for (let i = 0; i < 6; i++) await house.set(changeSet, id, '/domain/size', i);
    const { heads } = await verify(house);
    await house.close();
    const db = openDatabase(house.file!);
    const [{ ref, seqs }] = db
      .prepare('select ref, audit_count as seqs from change_set where id = ?')
      .all(changeSet) as unknown as [{ ref: number; seqs: number }];
    db.exec(sql({ chain: (seq) => ref * 2 ** 32 + seq, seqs }));
    db.close();
    await house.start();
    return { verdict: await verify(house), changeSet, heads, house };
  }
  const found = (verdict: AuditVerdict) => verdict.problem && [verdict.ok, verdict.problem.what, verdict.problem.seq];

  test('[EN16] an altered entry is found and named', async () => {
    const t = await tampered(
      ({ chain }) => `update audit set text = replace(text, 'ada', 'eve') where chain = ${chain(4)}`,
    );
    expect(found(t.verdict)).toEqual([false, 'altered', 4]);
    expect(t.verdict.problem?.changeSet).toBe(t.changeSet);
    expect(await t.house.call('verify')).toMatchObject({ ok: false });
    await t.house.close();
  });

  test('[EN16] of two altered entries the first is named', async () => {
    const t = await tampered(
      ({ chain }) => `update audit set text = replace(text, 'ada', 'eve') where chain in (${chain(6)}, ${chain(3)})`,
    );
    expect(found(t.verdict)).toEqual([false, 'altered', 3]);
    await t.house.close();
  });

  test('[EN16] a removed entry is found and named', async () => {
    const t = await tampered(({ chain }) => `delete from audit where chain = ${chain(5)}`);
    expect(found(t.verdict)).toEqual([false, 'removed', 5]);
    await t.house.close();
  });

  test('[EN16] two entries that changed places are found', async () => {
    const t = await tampered(
      ({ chain }) => `update audit set chain = -1 where chain = ${chain(3)};
        update audit set chain = ${chain(3)} where chain = ${chain(4)};
        update audit set chain = ${chain(4)} where chain = -1`,
    );
    expect(found(t.verdict)?.slice(0, 1)).toEqual([false]);
    expect(t.verdict.problem?.seq).toBe(3);
    await t.house.close();
  });

  test('[EN16] a tail that was cut off the rows is found by the change set’s row', async () => {
    const t = await tampered(({ chain, seqs }) => `delete from audit where chain = ${chain(seqs)}`);
    expect(found(t.verdict)).toEqual([false, 'cut_tail', 8]);
    await t.house.close();
  });

  test('[EN16] a tail cut off with its log and its row is found by a head exported before', async () => {
    const t = await tampered(
      ({ chain, seqs }) => `update change_set set audit_count = audit_count - 1,
          audit_head = (select hash from audit where chain = ${chain(seqs - 1)}) where audit_count = ${seqs};
        delete from audit where chain = ${chain(seqs)}`,
    );
    expect(t.verdict.ok).toBe(true);
    expect(found(await verify(t.house, t.heads))).toEqual([false, 'cut_tail', 8]);
    await t.house.close();
  });

  test('[EN16] an altered log entry is found by the audit entry that tells of it', async () => {
    const t = await tampered(
      ({ chain }) => `update log set text = replace(text, '"v":3', '"v":9') where key = ${chain(5)}`,
    );
    expect(t.verdict.problem).toMatchObject({ changeSet: t.changeSet, what: 'log_altered' });
    await t.house.close();
  });
});
