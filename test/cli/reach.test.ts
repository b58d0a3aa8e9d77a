// `headwater reach`: which unix sockets of the machine functions may reach, and that a function reaches those and no other.

import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
const path = join(terminal.folder, 'engine.sock');
const file = join(terminal.folder, '.headwater', 'reach.json');
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => response.end(`it is ${request.url}`));
  await new Promise<void>((done) => server.listen(path, done));
  chmodSync(terminal.folder, 0o755);
  chmodSync(path, 0o777);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('headwater reach', () => {
  test('allows, lists and denies', async () => {
    expect(await terminal.hw('reach', 'list')).toMatchObject({
      code: 0,
      out: 'No socket is allowed. To allow one: headwater reach allow PATH\n',
    });
    expect(await terminal.hw('reach', 'allow', path)).toMatchObject({
      code: 0,
      out: `Functions that say \`@network unix:${path}\` reach it now.\n`,
      err: expect.stringContaining('has the rights of the program behind it'),
    });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ format: 1, sockets: [path] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await terminal.hw('reach', 'allow', `unix:${path}`)).out).toBe(`${path} was allowed already.\n`);
    expect((await terminal.hw('reach', 'list')).out).toBe(`${path}\n`);
    expect(JSON.parse((await terminal.hw('reach', 'deny', path, '--json')).out)).toEqual({
      path,
      changed: true,
      sockets: [],
    });
    expect((await terminal.hw('reach', 'deny', path)).out).toBe(`${path} was not allowed; 0 sockets allowed.\n`);
  });

  test.each(['run/x.sock', '/run/../x.sock', '/run//x.sock', '/', `/${'x'.repeat(107)}`, '/run/a b'])(
    'refuses %j, which is no path of a socket',
    async (wrong) => {
      const said = await terminal.hw('reach', 'allow', wrong, '--json');
      expect(said.code).toBe(1);
      expect(JSON.parse(said.out)).toMatchObject({ error: { code: 'request_malformed', got: JSON.stringify(wrong) } });
    },
  );

  test.each([
    ['{', 'it is not JSON'],
    ['{"sockets":[]}', 'its format is not 1'],
    ['{"format":1}', 'sockets is no list'],
    ['{"format":1,"sockets":["run/x.sock"]}', '"run/x.sock" is not the path of a socket'],
  ])('says what is wrong with a file that reads %s', async (text, why) => {
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, text);
    for (const args of [['list'], ['allow', path], ['deny', path]]) {
      const { code, err } = await terminal.hw('reach', ...args);
      expect(code).toBe(1);
      expect(err).toContain(`reach_unreadable: ${file}: ${why}`);
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
    writeFileSync(file, before);
  });

  test('[EN303] decides what a function reaches, from one run to the next', async () => {
    const look = join(terminal.folder, 'look.ts');
    writeFileSync(
      look,
      `// @network unix:${path}
async function main() {
  const answer = await fetch('http+unix://${encodeURIComponent(path)}/here');
  return { result: 'success', message: await answer.text() };
}`,
    );
    const input = join(terminal.folder, 'input.json');
    writeFileSync(input, '{}');
    const tried = () =>
      terminal.hw('function', 'test', 'look', '--kind', 'qualification', '--text', look, '--input', input);
    const refused = await tried();
    expect(refused.out + refused.err).toContain(`its owner allows it with \`headwater reach allow ${path}\``);
    await terminal.hw('reach', 'allow', path);
    const reached = await tried();
    expect(reached.out).toContain('it is /here');
    await terminal.hw('reach', 'deny', path);
    expect((await tried()).out).not.toContain('it is /here');
  });
});
