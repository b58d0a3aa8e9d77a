// The keeping of a store, its audit, and what comes in from elsewhere, over the wire.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';
import { terraformState } from './terraform_state.ts';

const template = readFileSync(new URL('../../examples/network.yaml', import.meta.url), 'utf8');

describe('upkeep, audit and imports over HTTP', () => {
  let house: HttpHouse;
  let at: string;
  const folder = mkdtempSync(join(tmpdir(), 'headwater-backup-'));
  beforeAll(async () => {
    house = await HttpHouse.open();
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: 'imported' } });
    at = `~/change-sets/${changeSet.id}`;
  });
  afterAll(async () => {
    await house.close();
    rmSync(folder, { recursive: true, force: true });
    expect(house.bugs).toEqual([]);
  });

  test('[EN557] a template comes in and goes out, a second time it changes nothing; a provider package is listed and installed', async () => {
    const body = { text: template, name: 'network' };
    const first = await house.must('POST', `${at}/templates/cloudformation`, { body });
    expect(first.created).toBeGreaterThan(3);
    expect(await house.must('POST', `${at}/templates/cloudformation`, { body })).toMatchObject({
      edits: 0,
      version: first.version,
    });
    const out = await house.must('GET', `${at}/templates/cloudformation?format=yaml`);
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: 'again' } });
    const there = `~/change-sets/${changeSet.id}/templates/cloudformation`;
    await house.must('POST', there, { body: { text: out.text, name: 'network' } });
    expect((await house.must('GET', there)).template).toEqual(out.template);
    expect((await house.ask('GET', `${there}?name=none`)).status).toBe(404);
    expect((await house.ask('POST', there, { body: { text: '[', name: 'x' } })).status).toBe(422);
    expect((await house.ask('POST', `${at}/templates/terraform`, { body: { text: '{}', name: 'x' } })).status).toBe(
      422,
    );
    const taken = await house.must('POST', `${at}/templates/terraform`, {
      body: { text: JSON.stringify(terraformState), name: 'tf' },
    });
    expect(taken.created).toBeGreaterThan(0);
    const { providers } = await house.must('GET', `${at}/providers`);
    expect(providers.map((p: { name: string }) => p.name)).toContain('local');
    const done = await house.must('POST', `${at}/providers/local/install`);
    expect(done.edits).toBeGreaterThan(0);
    const local = (await house.must('GET', `${at}/providers`)).providers.find(
      (p: { name: string }) => p.name === 'local',
    );
    expect(local.installed).toBe('yes');
    const none = await house.ask('POST', `${at}/providers/none/install`);
    expect({ status: none.status, reason: none.body.reason }).toEqual({ status: 404, reason: 'provider_not_found' });
    expect((await house.ask('POST', '~/change-sets/HEAD/providers/local/install')).status).toBe(400);
  });

  test('[EN558] the audit is asked by who, what and where, followed page by page, and checked against heads kept elsewhere', async () => {
    const changeSet = at.split('/')[2]!;
    const sequence: number[] = [];
    for (let next = 1; next !== null; ) {
      const page = await house.must('GET', `~/audit?changeSet=${changeSet}&fromSeq=${next}&limit=7`);
      sequence.push(...page.entries.map((e: { seq: number }) => e.seq));
      next = page.nextSeq;
    }
    expect(sequence.length).toBeGreaterThan(7);
    expect(sequence).toEqual(sequence.map((_, i) => i + 1));
    expect((await house.must('GET', '~/audit?actor=nobody')).entries).toEqual([]);
    const defined = await house.must('GET', '~/audit?kind=schema.define&limit=2');
    expect(defined.entries.map((e: { kind: string }) => e.kind)).toEqual(['schema.define', 'schema.define']);
    expect((await house.ask('GET', '~/audit?fromSeq=1')).status).toBe(422);
    expect((await house.ask('GET', '~/audit?limit=0')).status).toBe(422);
    const verdict = await house.must('POST', '~/audit/verify');
    expect(verdict).toMatchObject({ ok: true });
    expect((await house.must('POST', '~/audit/verify', { body: { heads: verdict.heads } })).ok).toBe(true);
    const [head] = verdict.heads;
    const cut = { ...head, seq: head.seq + 1 };
    expect((await house.must('POST', '~/audit/verify', { body: { heads: [cut] } })).ok).toBe(false);
    expect((await house.ask('POST', '~/audit/verify', { body: { heads: [{ seq: 1 }] } })).status).toBe(422);
  });

  test('[EN559] [EN703] a store is counted, verified, collected and backed up; the last two are for who may maintain it', async () => {
    expect((await house.must('GET', '~/statistics')).store).toBeTypeOf('object');
    expect(await house.must('POST', '~/gc')).toBeTypeOf('object');
    expect(await house.must('POST', '~/verify')).toMatchObject({ ok: true, problems: [] });
    const destination = join(folder, 'copy');
    const { token } = await house.must('POST', '~/tokens', {
      body: { name: 'editor', scopes: ['read', 'edit', 'apply'] },
    });
    for (const [path, body] of [
      ['~/backup', { destination }],
      ['~/gc', {}],
    ] as const) {
      const refused = await house.ask('POST', path, { body, token });
      expect({ status: refused.status, reason: refused.body.reason }).toEqual({ status: 403, reason: 'access_denied' });
    }
    // A copy of the store has all workspaces, so that a token of one is not enough.
    const own = await house.must('POST', '~/tokens', { body: { name: 'all that I may, here' } });
    expect((await house.ask('POST', '~/backup', { body: { destination }, token: own.token })).status).toBe(403);
    expect((await house.ask('POST', '~/gc', { token: own.token })).status).toBe(200);
    expect(existsSync(destination)).toBe(false);
    expect((await house.ask('POST', '~/backup', { body: { destination: 'copy' } })).status).toBe(422);
    expect(await house.must('POST', '~/backup', { body: { destination } })).toEqual({ destination });
    expect(existsSync(destination)).toBe(true);
    for (const [to, status, reason] of [
      [destination, 409, 'already_exists'],
      ['/', 409, 'already_exists'],
      [join(folder, 'nowhere', 'copy'), 422, 'request_malformed'],
    ] as const) {
      const refused = await house.ask('POST', '~/backup', { body: { destination: to } });
      expect({ status: refused.status, reason: refused.body.reason }).toEqual({ status, reason });
    }
  });
});
