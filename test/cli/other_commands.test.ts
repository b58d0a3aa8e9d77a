// Commands that no other test gives: each is given once for people and once as JSON against a server, and the refusals that go
// with them. And a look through all commands, so that a new one without any test is noticed.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandTree } from '../../src/surfaces/cli/program.ts';
import { boxMutations } from '../http/office.ts';
import type { Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
let served: Served;

beforeAll(async () => {
  served = await terminal.serve();
  const web = { kind: 'component.create', schema: 'Box', name: 'web', attributes: { '/domain/Note': 'first' } };
  file('boxes.json', JSON.stringify([...boxMutations, web]));
  await said(0, 'change-set', 'create', 'boxes');
  await said(0, 'submit', 'boxes.json', '--change-set', 'boxes');
  await said(0, 'change-set', 'apply', 'boxes', '--no-run');
}, 60_000);
afterAll(async () => {
  await served.stop();
});

const file = (name: string, text: string): void => writeFileSync(join(terminal.folder, name), text);

/** What a command says on both streams; it has to end with `code`. */
async function said(code: number, ...args: string[]): Promise<string> {
  const { out, err, code: ended } = await terminal.hw(...args);
  expect({ args, ended, out, err }).toMatchObject({ ended: code });
  return out + err;
}

async function refused(code: string, ...args: string[]): Promise<void> {
  const answer = await terminal.hw(...args, '--json');
  expect({ args, ended: answer.code }).not.toMatchObject({ ended: 0 });
  expect(JSON.parse(answer.out)).toMatchObject({ error: { code, hint: expect.stringMatching(/./) } });
}

describe('[EN715] on the command line', () => {
  test('actions are held, released, asked for, and refuse what their state does not allow', async () => {
    expect(await said(0, 'action', 'pending')).toBe('Nothing that was not reviewed.\n');
    expect(await terminal.json('action', 'pending')).toMatchObject({ actions: [] });
    const [{ id }] = (await terminal.json<{ items: [{ id: string }] }>('action', 'list')).items;
    expect(await said(0, 'action', 'hold', id)).toMatch(/^\+ create web: on-hold, held by /);
    expect(await terminal.json('action', 'release', id)).toMatchObject({ id, status: 'queued' });
    // The command that released it may have begun it already, and even have come to its end.
    await said(0, 'action', 'run');
    expect(await terminal.json('action', 'show', id)).toMatchObject({ status: 'succeeded' });
    await refused('action_step_illegal', 'action', 'retry', id);
    await refused('action_step_illegal', 'action', 'cancel', id);
    await refused('action_step_illegal', 'action', 'signal', id, 'go');
    expect(await said(0, 'action', 'do', 'web', 'box-manual')).toMatch(/! box-manual web: succeeded/);
    await refused('component_not_found', 'action', 'do', 'nobody', 'box-manual');
    expect(await said(0, 'action', 'prune', '--older-than', '1')).toBe('0 actions removed.\n');
    expect(await terminal.json('action', 'prune')).toEqual({ pruned: 0 });
  }, 60_000);

  test('runs, packages and types are told of', async () => {
    expect(await said(0, 'run', 'statistics')).toMatch(/^runs kept +\d+\n/);
    expect(await terminal.json('run', 'statistics')).toMatchObject({ underWay: 0, runs: expect.any(Number) });
    expect(await said(0, 'provider', 'list')).toMatch(/^aws +not installed {2}/);
    expect(await terminal.json<object[]>('provider', 'list')).toContainEqual(
      expect.objectContaining({ name: 'local' }),
    );
    expect(await said(0, 'schema', 'types', 'Box')).toContain('Size?: number;');
    await said(0, 'schema', 'types', '-o', 'types.d.ts');
    expect(readFileSync(join(terminal.folder, 'types.d.ts'), 'utf8')).toContain('declare const Joi');
    await refused('schema_not_found', 'schema', 'types', 'Nothing');
    expect(await said(0, 'component', 'suggest', 'web', '/domain/Note')).toBe('No suggestion.\n');
    expect(await terminal.json('component', 'suggest', 'web', '/domain/Note')).toEqual(expect.anything());
  });

  test('values and components are taken away and brought back', async () => {
    const at = ['--change-set', 'two'];
    await said(0, 'change-set', 'create', 'two');
    expect(await said(0, 'component', 'unset', 'web', '/domain/Note', ...at)).toMatch(/^unset \/domain\/Note of "web"/);
    await said(0, 'component', 'delete', 'web', ...at);
    expect(await said(0, 'component', 'restore', 'web', ...at)).toMatch(/^restore "web"/);
    expect(await terminal.json('component', 'erase', 'web', ...at)).toMatchObject({ version: 4 });
    await refused('component_not_found', 'component', 'restore', 'web', ...at);
    await refused('already_newest', 'component', 'upgrade', 'web');
  });

  test('change sets are reopened, exported, promoted and reverted', async () => {
    expect(await said(0, 'change-set', 'rename', 'two', 'second')).toContain('second');
    await said(0, 'change-set', 'rename', 'second', 'two');
    await said(0, 'change-set', 'abandon', 'two');
    expect(await said(0, 'change-set', 'reopen', 'two')).toBe('Change set "two" is Open.\n');
    await refused('change_set_not_open', 'change-set', 'reopen', 'boxes');
    file('two.json', await said(0, 'change-set', 'export', 'two'));
    expect(await terminal.json('change-set', 'export', 'two')).toMatchObject({ format: 'headwater.change-set' });
    expect(await said(0, 'change-set', 'promote', 'two.json', '--name', 'again')).toMatch(/^Opened change set "again"/);
    file('none.json', '{}');
    await refused('request_malformed', 'change-set', 'promote', 'none.json');
    expect(await said(0, 'change-set', 'revert', '2')).toMatch(/^Opened change set "revert version 2"/);
    await refused('change_set_not_found', 'change-set', 'revert', 'nothing');
  });

  test('workspaces are made, taken out of use and brought back', async () => {
    expect(await said(0, 'workspace', 'create', 'other')).toMatch(/^Created workspace other/);
    const { id } = (await terminal.json<{ id: string; name: string }[]>('workspace', 'list')).find(
      (w) => w.name === 'other',
    )!;
    expect(await said(0, 'workspace', 'remove', 'other')).toBe('Workspace other is removed.\n');
    await refused('workspace_not_found', 'change-set', 'list', '--workspace', 'other');
    expect(await said(0, 'workspace', 'restore', id)).toBe(`Workspace ${id} is back.\n`);
    await refused('workspace_not_found', 'workspace', 'restore', 'nothing');
  });

  test('policies are set, asked and taken away', async () => {
    const text = `@id("quiet") forbid(principal, action == Headwater::Action::"edit", resource is Headwater::Component)
      when { resource.name == "web" } unless { principal.role == "owner" };`;
    file('quiet.cedar', text);
    expect(await said(0, 'policy', 'list')).toMatch(/^No policies of its own: the roles decide\./);
    expect(await said(0, 'policy', 'set', 'quiet.cedar')).toMatch(/^quiet +forbid/);
    expect(await said(0, 'policy', 'list', '--text')).toContain('@id("quiet")');
    await said(0, 'member', 'set', 'eve', 'collaborator');
    const asked = ['policy', 'test', 'edit', '--component', 'web'];
    expect(await said(0, ...asked)).toBe('permitted by role.owner\n');
    expect(await said(0, ...asked, '--user', 'eve')).toContain('denied by policy "quiet"');
    expect(await terminal.json(...asked, '--user', 'eve')).toMatchObject({ allowed: false });
    file('wrong.cedar', 'forbid everything');
    await refused('policy_invalid', 'policy', 'set', 'wrong.cedar');
    expect(await terminal.json('policy', 'remove')).toMatchObject({ policies: [] });
  });

  test('packages are installed, functions unlocked, templates run', async () => {
    const at = ['--change-set', 'three'];
    await said(0, 'change-set', 'create', 'three');
    expect(await said(0, 'function', 'unlock', 'box-create', ...at)).toMatch(/^add function "box-create"/);
    await refused('function_not_found', 'function', 'unlock', 'nothing', ...at);
    expect(await said(0, 'provider', 'install', 'local', ...at)).toMatch(/^Installed local: \d+ schemas\./);
    await refused('provider_not_found', 'provider', 'install', 'nothing', ...at);
    await refused('secret_not_found', 'secret', 'use', 'nothing', ...at);
    file(
      'boxed.ts',
      `const template = { inputs: { n: { kind: 'string', default: 'x' } },
  components: ({ inputs }) => [{ component: \`box-\${inputs.n}\`, schema: 'Box', attributes: { '/domain/Size': 2 } }] };`,
    );
    const run = ['template', 'run', 'boxed.ts', '--input', 'n=a'];
    expect(await said(0, ...run, '--dry-run')).toContain('Nothing was edited; this is what would be.');
    expect(await said(0, ...run, ...at)).toMatch(/^\+ box-a {2}created/);
    expect(await terminal.json(...run, ...at)).toMatchObject({ edits: 0, components: [{ state: 'unchanged' }] });
    await refused('request_malformed', 'template', 'run', 'boxed.ts', '--input', 'oops', ...at);
  }, 60_000);

  test('every command is given by a test', () => {
    const names: string[][] = [];
    const walk = (command: Command, above: readonly string[]): void => {
      for (const sub of command.commands) {
        const name = [...above, sub.name()];
        if (sub.commands.length > 0) walk(sub, name);
        else names.push(name);
      }
    };
    walk(
      commandTree(async () => {}, '0'),
      [],
    );
    const test = new URL('..', import.meta.url).pathname;
    const texts = ['cli', 'local', 'cloud', 'mcp', 'http', 'support'].flatMap((folder) =>
      readdirSync(join(test, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => readFileSync(join(test, folder, path), 'utf8')),
    );
    const isGiven = (name: readonly string[]): boolean => {
      const given = new RegExp(`'${name.join("',\\s*'")}'`);
      return texts.some((text) => given.test(text));
    };
    expect(names.length).toBeGreaterThan(150);
    expect(names.filter((name) => !isGiven(name)).map((name) => name.join(' '))).toEqual([]);
    expect(isGiven(['no', 'such', 'command'.toUpperCase()])).toBe(false);
  });
});
