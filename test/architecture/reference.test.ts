// The pages of docs/reference are what the program itself gives: commands, routes, tools for agents, bounds. Each page is also
// made from something else, to see that it would be another.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { cliPage, httpPage, limitsPage, mcpPage, readLimits, referencePages } from '../../scripts/reference-doc.mjs';
import { limits } from '../../src/base/limits.ts';
import { commandTree } from '../../src/surfaces/cli/program.ts';
import { openApiOf } from '../../src/surfaces/http/openapi.ts';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { tools } from '../../src/surfaces/mcp/tools.ts';
import { repository } from './repository.ts';

const limitsText = readFileSync(join(repository, 'src/base/limits.ts'), 'utf8');
const program = () => commandTree(async () => {}, '0.0.0');
const document = (of = routes) => JSON.parse(JSON.stringify(openApiOf(of, '0.0.0')));

/** Every command below `c` by its whole name, those that only group others left out. */
function commandsOf(c: Command, name: readonly string[] = []): string[] {
  if (c.commands.length === 0) return [name.join(' ')];
  return c.commands.flatMap((sub) => commandsOf(sub, [...name, sub.name()]));
}

describe('the reference', () => {
  const pages = referencePages({ program: program(), document: document(), tools, limits: limitsText });

  test.each(Object.entries(pages))('docs/reference/%s is what scripts/reference-doc.mjs writes', (name, text) => {
    const page = readFileSync(join(repository, 'docs/reference', name), 'utf8');
    expect(page === text, `docs/reference/${name} is stale: npm run build && node scripts/reference-doc.mjs`).toBe(
      true,
    );
  });

  test('has the help of every command', () => {
    const commands = commandsOf(program());
    expect(commands.length).toBeGreaterThan(100);
    for (const name of commands)
      expect(pages['cli.md']).toMatch(new RegExp(`^Usage: headwater ${usage(name)}\\b`, 'm'));
  });

  test('has an example for every command', () => {
    const helps = pages['cli.md'].split('```text\n').filter((help) => /^Usage: headwater [a-z]/.test(help));
    expect(helps.length).toBeGreaterThan(100);
    expect(
      helps.filter((help) => !/Examples?\b.*:\n/.test(help)).map((help) => help.split(' [options]')[0]),
      'commands without an example in their help',
    ).toEqual(['Usage: headwater complete']); // which shells ask
  });

  test('has every route, with every status that it answers', () => {
    expect(routes.length).toBeGreaterThan(100);
    for (const r of routes) {
      const section = pages['http.md'].split(`\n### ${r.id}\n`)[1]?.split('\n### ')[0];
      expect(section).toContain(`\n\`${r.method} ${r.path}\``);
      for (const status of Object.keys(r.answers)) expect(section).toMatch(new RegExp(`^- ${status}: `, 'm'));
    }
  });

  test('has every bound with its figure', () => {
    const read = readLimits(limitsText).flatMap(({ names }) => names);
    expect(Object.fromEntries(read.map(({ name, value }) => [name, value]))).toEqual(limits);
  });

  test('is another where the program is another', () => {
    const other = new Command('headwater').option('--json', 'print JSON');
    other.command('thing').command('make').description('make a thing').option('--soon', 'not now');
    const cli = cliPage(other);
    expect(cli).toContain('### thing make\n\n```text\nUsage: headwater thing make [options]\n\nmake a thing');
    expect(httpPage(document(routes.slice(0, 1)))).not.toContain(routes[1]?.path);
    expect(mcpPage(tools.slice(0, 1))).not.toContain(tools[1]?.name);
    expect(limitsPage('export const limits = {\n  /** Of a thing. */\n  thingMs: 60_000,\n};')).toContain(
      '| `thingMs` | 1 min | Of a thing. |',
    );
  });
});

/** A name as the usage has it: with the other names of its parts behind a bar. */
const usage = (name: string) => name.split(' ').join('(\\|\\w+)? ');
