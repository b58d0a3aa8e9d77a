// The section of docs/actions.md about `moved` at a terminal, as it stands there.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Said, Terminal } from './terminal.ts';

const page = readFileSync(new URL('../../docs/actions.md', import.meta.url), 'utf8');

/** The first block of a language behind a heading. */
function block(heading: string, language: string): string {
  const from = page.indexOf(`\n## ${heading}\n`);
  const [, text] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page.slice(from))!;
  return text!;
}

test('[EN400] [EN401] what the documentation shows of moving happens', { timeout: 300_000 }, async () => {
  const t = new Terminal();
  writeFileSync(join(t.folder, 'site.ts'), block('Write them', 'ts'));
  const run = async (line: string): Promise<Said> => {
    const [command, ...args] = line.split('#')[0]!.trim().split(/\s+/);
    expect(command).toBe('headwater');
    const said = await t.hw(...args);
    expect(said.code, `${line}\n${said.out}${said.err}`).toBe(0);
    return said;
  };
  for (const line of block('Use them', 'sh').trim().split('\n')) await run(line);
  const said = new Map<string, string>();
  for (const line of block('Another component for the same resource', 'sh').trim().split('\n'))
    said.set(line.split(/\s+/).slice(1, 3).join(' '), (await run(line)).out);
  expect(said.get('component moved')).toContain('move the resource site-example.org of "web"');
  expect(said.get('change-set review')).toContain(
    '= moved website Demo::Site: keeps the resource site-example.org of web',
  );
  expect(said.get('change-set review')).not.toContain('+ create website');
  expect(said.get('component get')).toContain('example.org:8080');
  const told = JSON.parse((await t.hw('action', 'list', '--json')).out) as { items: { kind: string }[] };
  expect(told.items.map((a) => a.kind)).toEqual(['create']);
  expect((await t.hw('component', 'moved', 'website', 'website', '--change-set', 'again')).code).toBe(1);
  const help = await t.hw('component', 'moved', '--help');
  expect(help.out).toContain('headwater component moved web website --change-set rename');
});
