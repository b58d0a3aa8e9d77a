// Killing the process at every durable step of an apply and of the replay after it, each one and not a sample: the store
// has the old Head or the new one, whole, and a new process finishes what was begun.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import { type House, newFolder, sqliteHouse } from '../engine/house.ts';

const script = fileURLToPath(new URL('fixtures/apply_kill.mjs', import.meta.url));
const openChangeSets = 3;

/** A folder with a Head, a change set to apply that overlaps with others, and those others. */
async function prepare(folder: string): Promise<{ changeSet: string; others: string[]; component: string }> {
  const house = await sqliteHouse({}, join(folder, 'headwater.db')).start();
  const first = await house.withBox();
  const component = await house.create(first, 'a', { '/domain/text': 'base' });
  await house.call('change_set.apply', { changeSet: first });
  const changeSet = await house.open('to apply');
  await house.set(changeSet, component, '/domain/text', 'applied');
  await house.create(changeSet, 'new');
  const others: string[] = [];
  for (let i = 0; i < openChangeSets; i++) {
    const other = await house.open(`open ${i}`);
    await house.set(other, component, i === 0 ? '/domain/text' : '/domain/size', i === 0 ? 'mine' : i);
    others.push(other);
  }
  await house.close();
  return { changeSet, others, component };
}

async function run(folder: string, changeSet: string, killAt: number): Promise<{ killed: boolean; steps: number }> {
  const child = spawn(process.execPath, [script, folder, changeSet, String(killAt)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    err += piece;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal === 'SIGKILL') return { killed: true, steps: killAt };
  if (code !== 0) throw new Error(err);
  return { killed: false, steps: Number(out) };
}

/** What a new process finds. Answers whether Head is the new one. */
async function inspect(
  house: House,
  before: { version: number; root: string },
  at: Awaited<ReturnType<typeof prepare>>,
): Promise<boolean> {
  const w = await house.workspace();
  await w.replay.idle();
  const head = await house.row('HEAD');
  const row = await house.row(at.changeSet);
  const isNew = head.version === before.version + 1;
  if (isNew) {
    expect(row.status).toBe('Applied');
    const outcome = await house.call<ApplyReceipt>('change_set.outcome', { changeSet: at.changeSet });
    expect(outcome).toMatchObject({ headVersion: head.version, intentRoot: head.intentRoot, edits: 2 });
    expect(await house.value('HEAD', at.component)).toMatchObject({ text: 'applied' });
    await house.call('component.get', { changeSet: 'HEAD', component: 'new' });
  } else {
    expect([head.version, head.intentRoot, row.status]).toEqual([before.version, before.root, 'Open']);
    expect((await house.refused('change_set.outcome', { changeSet: at.changeSet })).code).toBe(
      'change_set_not_applied',
    );
  }
  const stored = await house.engine.store.listChangeSets(w.id);
  for (const other of at.others) expect(stored.find((r) => r.id === other)!.baseVersion).toBe(head.version);
  expect(await house.value(at.others[0]!, at.component)).toMatchObject({ text: 'mine' });
  await house.sound();
  return isNew;
}

test('[EN34] killed at every durable step of an apply: the old Head or the new one, and replay is finished', {
  timeout: 600_000,
}, async () => {
  const prepared = newFolder();
  const at = await prepare(prepared);
  const house = await sqliteHouse({}, join(prepared, 'headwater.db')).start();
  const { version, intentRoot } = await house.row('HEAD');
  await house.close();
  const seen = { old: 0, new: 0 };
  for (let killAt = 1; ; killAt++) {
    const folder = newFolder();
    cpSync(prepared, folder, { recursive: true });
    const { killed, steps } = await run(folder, at.changeSet, killAt);
    if (!killed) {
      // Fewer steps than there are to be killed at: every one has been tried.
      expect(steps).toBeLessThan(killAt);
      expect(steps).toBeGreaterThan(10);
      break;
    }
    const found = await sqliteHouse({}, join(folder, 'headwater.db')).start();
    const isNew = await inspect(found, { version, root: intentRoot }, at);
    await found.close();
    seen[isNew ? 'new' : 'old']++;
  }
  expect(seen.old).toBeGreaterThan(2);
  expect(seen.new).toBeGreaterThan(2);
});

test('[EN34] killed at every durable step of an apply that catches up first: nothing, the one before it, or both', {
  timeout: 600_000,
}, async () => {
  const prepared = newFolder();
  const at = await prepare(prepared);
  // It edits what the first apply edits, so that catching up merges.
  const behind = at.others[0]!;
  const house = await sqliteHouse({}, join(prepared, 'headwater.db')).start();
  const { version } = await house.row('HEAD');
  await house.close();
  const seen = [0, 0, 0];
  for (let killAt = 1; ; killAt++) {
    const folder = newFolder();
    cpSync(prepared, folder, { recursive: true });
    const { killed } = await run(folder, `${at.changeSet},${behind}`, killAt);
    if (!killed) break;
    const found = await sqliteHouse({}, join(folder, 'headwater.db')).start();
    await (await found.workspace()).replay.idle();
    const head = await found.row('HEAD');
    const applied = head.version - version;
    seen[applied]!++;
    expect((await found.row(at.changeSet)).status).toBe(applied >= 1 ? 'Applied' : 'Open');
    const second = await found.row(behind);
    expect(second.status).toBe(applied === 2 ? 'Applied' : 'Open');
    if (applied < 2) expect(second.baseVersion).toBe(head.version);
    expect(await found.value('HEAD', at.component)).toMatchObject({
      text: ['base', 'applied', 'mine'][applied],
    });
    if (applied < 2) expect(await found.value(behind, at.component)).toMatchObject({ text: 'mine' });
    await found.sound();
    await found.close();
  }
  for (const count of seen) expect(count).toBeGreaterThan(2);
});
