// Exit codes, output for programs, help, and several processes at once.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { SubmitReply } from '../../src/engine/submit.ts';
import type { ImportReply } from '../../src/engine/template.ts';
import type { ChangeSetRow } from '../../src/ports/store.ts';
import { exitCodeOf, exitCodes } from '../../src/surfaces/cli/exit.ts';
import { shop, Terminal } from './terminal.ts';

describe('exit codes', () => {
  test('0 for what went well, 1 for a refusal and for a mistyped command', async () => {
    const t = new Terminal();
    expect((await t.hw('workspace', 'list')).code).toBe(0);
    expect((await t.hw('--help')).code).toBe(0);
    expect((await t.hw('component', 'get', 'nobody')).code).toBe(1);
    expect((await t.hw('nothing')).code).toBe(1);
    expect((await t.hw('import', 'cloudformation', 'nothing.yaml')).code).toBe(1);
  });

  test('2 when there are changes, and only with --detailed-exitcode', async () => {
    const t = new Terminal();
    await t.hw('change-set', 'create', 'a');
    expect((await t.hw('change-set', 'review', 'a', '--detailed-exitcode')).code).toBe(0);
    await t.hw('component', 'create', 'AWS::SQS::Queue', 'q', '--change-set', 'a');
    expect((await t.hw('change-set', 'review', 'a')).code).toBe(0);
    expect((await t.hw('change-set', 'review', 'a', '--detailed-exitcode')).code).toBe(2);
    expect((await t.hw('diff', 'HEAD', 'a', '--detailed-exitcode')).code).toBe(2);
  }, 30_000);

  test('3 for what policy refuses, 75 for a busy folder, 4 for what has moved', () => {
    for (const code of ['access_denied', 'approval_required', 'budget_exceeded'] as const)
      expect(exitCodeOf(code)).toBe(exitCodes.refused);
    expect(exitCodeOf('version_conflict')).toBe(exitCodes.stale);
    for (const code of ['store_busy', 'workspace_elsewhere', 'too_many_requests', 'server_unavailable'] as const)
      expect(exitCodeOf(code)).toBe(75);
    expect(Object.values(exitCodes)).toEqual([0, 1, 2, 3, 4, 75]);
  });

  test('0 also when Head has moved: the edits are carried over', async () => {
    const t = new Terminal();
    for (const name of ['a', 'b']) {
      await t.hw('change-set', 'create', name);
      await t.hw('component', 'create', 'AWS::SQS::Queue', name, '--change-set', name);
    }
    expect((await t.hw('change-set', 'apply', 'a')).code).toBe(0);
    expect((await t.hw('change-set', 'apply', 'b')).code).toBe(0);
    for (const name of ['a', 'b']) expect((await t.hw('component', 'get', name)).code).toBe(0);
  }, 30_000);

  test('75 when the folder is held by somebody who does not answer', async () => {
    const t = new Terminal();
    const folder = join(t.folder, '.headwater');
    mkdirSync(folder);
    const store = await openSqliteStore({ file: join(folder, 'headwater.db') });
    const said = await t.run(['change-set', 'list', '--json']);
    await store.close();
    expect(said.code).toBe(75);
    expect(JSON.parse(said.out)).toMatchObject({ error: { code: 'store_busy' } });
  }, 60_000);
});

describe('for programs', () => {
  test('--json prints JSON and nothing else, before or behind the command, refusals too', async () => {
    const t = new Terminal();
    const reply = await t.json<ImportReply>('import', 'cloudformation', shop);
    expect(reply).toMatchObject({ resources: 2, parameters: 1, unrepresented: [] });
    const changeSet = reply.changeSet;
    const first = await t.run(['--json', 'component', 'get', 'Orders', '--change-set', changeSet]);
    expect((JSON.parse(first.out) as ComponentView).name).toBe('Orders');
    expect(first.err).toBe('');
    const commands: string[][] = [
      ['workspace', 'list'],
      ['change-set', 'list'],
      ['change-set', 'review', changeSet],
      ['component', 'search', '*', '--change-set', changeSet],
      ['component', 'set', 'Orders', '/domain/DelaySeconds', '7', '--change-set', changeSet],
      ['schema', 'search', 'queue'],
      ['schema', 'describe', 'AWS::SQS::Queue'],
      ['export', 'cloudformation', '--change-set', changeSet],
      ['diff', 'HEAD', changeSet],
      ['change-set', 'apply', changeSet],
      ['history', 'Orders'],
      ['audit', 'list'],
      ['audit', 'verify'],
      ['verify'],
      ['gc'],
      ['statistics'],
      ['backup', 'copy.db'],
      ['--data', 'second', 'restore', 'copy.db'],
      ['change-set', 'abandon', changeSet],
      ['component', 'get', 'nobody'],
    ];
    for (const command of commands) {
      const said = await t.run([...command, '--json']);
      const value = JSON.parse(said.out) as { error?: { code: string; hint: string } };
      expect([command, said.code === 0]).toEqual([command, value.error === undefined]);
      if (value.error !== undefined) expect(value.error.hint).not.toBe('');
    }
  }, 60_000);

  test('a refused command leaves no change set behind, nor does one that has nothing to change', async () => {
    const t = new Terminal();
    await t.hw('component', 'set', 'nobody', '/domain/x', '1');
    await t.hw('component', 'create', 'AWS::No::Such', 'x');
    await t.run(['submit', '-'], '[{"kind":"component.erase","component":"x"}]');
    expect(await t.json<ChangeSetRow[]>('change-set', 'list')).toHaveLength(1);
    const made = await t.json<SubmitReply>('component', 'create', 'AWS::SQS::Queue', 'q');
    await t.hw('change-set', 'apply', made.changeSet);
    await t.hw('component', 'set', 'q', '/si/name', 'q');
    expect(await t.json<ChangeSetRow[]>('change-set', 'list')).toHaveLength(1);
  }, 60_000);

  test('a number for a property that takes text is sent as text', async () => {
    const t = new Terminal();
    const made = await t.json<SubmitReply>('component', 'create', 'AWS::SQS::Queue', 'q');
    const at = ['--change-set', made.changeSet];
    expect((await t.hw('component', 'set', 'q', '/domain/QueueName', '8080', ...at)).code).toBe(0);
    const view = await t.json<{ value: { domain: object } }>('component', 'get', 'q', ...at);
    expect(view.value.domain).toMatchObject({ QueueName: '8080' });
  }, 30_000);

  test('what an import wrote is exported again, to a file or to standard output', async () => {
    const t = new Terminal();
    const { changeSet } = await t.json<ImportReply>('import', 'cloudformation', shop);
    const at = ['--change-set', changeSet];
    await t.hw('export', 'cloudformation', ...at, '--format', 'json', '-o', 'out.json');
    const written = readFileSync(join(t.folder, 'out.json'), 'utf8');
    const { out } = await t.hw('export', 'cloudformation', ...at, '--format', 'json');
    expect(JSON.parse(out)).toEqual(JSON.parse(written));
    writeFileSync(join(t.folder, 'again.json'), written);
    const again = await t.json<ImportReply>('import', 'cloudformation', 'again.json', '--name', 'shop', ...at);
    expect(again.edits).toBe(0);
  }, 30_000);

  test('exported heads show a cut tail later', async () => {
    const t = new Terminal();
    await t.hw('change-set', 'create', 'a');
    expect((await t.hw('audit', 'verify', '--export-heads', 'heads.json')).code).toBe(0);
    expect((await t.hw('audit', 'verify', '--heads', 'heads.json')).code).toBe(0);
    const heads = JSON.parse(readFileSync(join(t.folder, 'heads.json'), 'utf8')) as { seq: number }[];
    writeFileSync(join(t.folder, 'heads.json'), JSON.stringify(heads.map((h) => ({ ...h, seq: h.seq + 1 }))));
    expect((await t.hw('audit', 'verify', '--heads', 'heads.json')).code).toBe(1);
  }, 30_000);
});

describe('help', () => {
  test('has examples and the exit codes', async () => {
    const t = new Terminal();
    const { out } = await t.hw('--help');
    expect(out).toContain('Examples:');
    expect(out).toContain('75 busy');
    for (const command of [
      ['component', 'search'],
      ['component', 'set'],
      ['component', 'subscribe'],
      ['import', 'cloudformation'],
      ['change-set', 'review'],
      ['diff'],
    ])
      expect((await t.hw(...command, '--help')).out).toMatch(/Examples?:/);
  }, 30_000);

  test('both names run what was built, and say the version of the package', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const { version, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string;
      bin: Record<string, string>;
    };
    expect(Object.keys(bin)).toEqual(['headwater', 'hw']);
    for (const path of Object.values(bin)) {
      // Itself, not through node: it has to be executable.
      const said = spawnSync(join(root, path), ['--version'], { encoding: 'utf8' });
      expect(said.stdout.trim()).toBe(version);
    }
  });
});

describe('several processes at once', () => {
  test('[EN27] 20 edits of one folder at the same time: each lands or is told to retry, none is lost', async () => {
    const t = new Terminal();
    const made = await t.json<SubmitReply>('component', 'create', 'AWS::SSM::Parameter', 'p');
    const at = ['--change-set', made.changeSet];
    const codes = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, i) => (await t.hw('component', 'set', 'p', `/domain/Tags/k${i}`, `v${i}`, ...at)).code,
      ),
    );
    expect(codes.filter((code) => code !== 0 && code !== 75)).toEqual([]);
    expect(codes.filter((code) => code === 0).length).toBeGreaterThan(0);
    const view = await t.json<{ value: { domain: { Tags: Record<string, string> } } }>('component', 'get', 'p', ...at);
    const wanted = codes.flatMap((code, i) => (code === 0 ? [[`k${i}`, `v${i}`]] : []));
    expect(view.value.domain.Tags).toMatchObject(Object.fromEntries(wanted));
    expect((await t.hw('verify')).code).toBe(0);
  }, 90_000);

  test('[EN27] first commands of 10 processes in an empty folder make one workspace', async () => {
    const t = new Terminal();
    const codes = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => (await t.hw('change-set', 'create', `c${i}`)).code),
    );
    expect(codes.filter((code) => code !== 0 && code !== 75)).toEqual([]);
    expect(await t.json('workspace', 'list')).toHaveLength(1);
    expect(await t.json('change-set', 'list')).toHaveLength(1 + codes.filter((code) => code === 0).length);
  }, 90_000);
});
