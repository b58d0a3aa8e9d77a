// The command line follows a server: between the two stands a proxy that counts what is asked, and cuts the stream of events
// once, or never lets it through.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { boxMutations } from '../http/office.ts';
import { bin, Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
let served: Served;
let proxy: Server;

/** What became of the stream of events in the proxy. */
interface Asked {
  readonly path: string;
  readonly lastId: string | undefined;
}
let asked: Asked[] = [];
/** The first stream is cut behind this text; undefined: never. */
let cutBehind: string | undefined;
let hasStream = true;

function passOn(from: IncomingMessage, to: ServerResponse): void {
  const url = new URL(from.url ?? '', served.address);
  const { 'last-event-id': lastId } = from.headers;
  asked.push({ path: url.pathname, lastId: lastId as string | undefined });
  const isStream = url.pathname.endsWith('/events');
  if (isStream && !hasStream) {
    to.writeHead(404, { 'content-type': 'text/plain' }).end('no such page');
    return;
  }
  const on = request(url, { method: from.method, headers: from.headers }, (answer) => {
    to.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('data', (bytes: Buffer) => {
      to.write(bytes, () => {
        if (!isStream || cutBehind === undefined || !bytes.toString().includes(cutBehind)) return;
        cutBehind = undefined;
        to.destroy();
      });
    });
    answer.on('end', () => to.end());
    answer.on('error', () => to.destroy());
  });
  on.on('error', () => to.destroy());
  to.on('close', () => on.destroy());
  from.pipe(on);
}

beforeAll(async () => {
  served = await Served.start(join(terminal.folder, 'served'));
  proxy = createServer(passOn);
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  terminal.variables = { HEADWATER_SERVER: `http://127.0.0.1:${port}`, HEADWATER_TOKEN: served.token! };
  const [schema, ...functions] = boxMutations;
  const slow = (mutation: object): object =>
    'text' in mutation
      ? {
          ...mutation,
          text: String(mutation.text).replace('{\n', '{\n  await new Promise((r) => setTimeout(r, 2500));\n'),
        }
      : mutation;
  const boxes = [schema, ...functions.map((m) => slow(m as object))];
  writeFileSync(join(terminal.folder, 'schema.json'), JSON.stringify(boxes));
  await terminal.hw('change-set', 'create', 'schema');
  await terminal.hw('submit', 'schema.json', '--change-set', 'schema');
  expect(await terminal.hw('change-set', 'apply', 'schema')).toMatchObject({ code: 0 });
}, 120_000);
afterAll(async () => {
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  await served.stop();
});
beforeEach(() => {
  asked = [];
  cutBehind = undefined;
  hasStream = true;
});

/** Applies a change set with one box; the steps told of it, and what was asked meanwhile. */
async function applied(name: string) {
  const box = { kind: 'component.create', schema: 'Box', name, attributes: { '/domain/Size': 1 } };
  writeFileSync(join(terminal.folder, 'box.json'), JSON.stringify([box]));
  await terminal.hw('change-set', 'create', name);
  expect((await terminal.hw('submit', 'box.json', '--change-set', name)).code).toBe(0);
  asked = [];
  const { code, out, err } = await terminal.hw('change-set', 'apply', name);
  const steps = out.split('\n').filter((line) => line.startsWith(`+ create ${name}: `));
  const streams = asked.filter(({ path }) => path.endsWith('/events'));
  const questions = asked.filter(({ path }) => path.endsWith('/action.run'));
  const told = steps.map((line) => / create \S+: (\w+)/.exec(line)![1]);
  return { code, err: err.replaceAll(/.*…\n/g, ''), told, streams, questions };
}

describe('[EN711] steps of actions at a server', () => {
  test('come by its stream of events, without asking again', async () => {
    const { code, err, told, streams, questions } = await applied('quiet');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(told).toEqual([...new Set(told)]);
    expect(told.slice(-2)).toEqual(['running', 'succeeded']);
    expect(streams).toHaveLength(1);
    // It takes 5 s, which would be ten questions; the first ones may be asked before the stream is there.
    expect(questions.length).toBeLessThanOrEqual(5);
  }, 60_000);

  test('are told once each when the connection breaks, which goes on from the last position', async () => {
    cutBehind = '"status":"running"';
    const { code, err, told, streams } = await applied('broken');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(told).toEqual([...new Set(told)]);
    expect(told.slice(-2)).toEqual(['running', 'succeeded']);
    expect(streams).toHaveLength(2);
    const [first, second] = streams.map(({ lastId }) => Number(lastId));
    expect(second).toBeGreaterThan(first!);
  }, 60_000);

  test('are asked for where the stream can not be had, which is said', async () => {
    hasStream = false;
    const { code, err, told, questions } = await applied('deaf');
    expect(code).toBe(0);
    expect(err).toContain('Asking again and again instead.');
    expect(told.at(-1)).toBe('succeeded');
    expect(questions.length).toBeGreaterThanOrEqual(3);
  }, 60_000);
});

test('[EN712] events are followed by the stream of a server, through a lost connection, each told once', async () => {
  cutBehind = 'event: change_set';
  const asking = ['events', '--json', '--kinds', 'change_set,apply'];
  const args = [...asking, '--follow', '--after', '0'];
  const env = { PATH: process.env['PATH'], HOME: terminal.folder, ...terminal.variables };
  const child = spawn(process.execPath, [bin, ...args], { cwd: terminal.folder, env, stdio: 'pipe' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let out = '';
  const has = (name: string) =>
    new Promise<void>((resolve) => {
      const look = (): void => {
        if (out.includes(name)) resolve();
      };
      child.stdout.on('data', look);
      look();
    });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  await has('"schema');
  await terminal.hw('change-set', 'create', 'followed');
  const read = linesOf((await terminal.hw(...asking, '--after', '0')).out);
  await has(`"position":${read.at(-1)!.position},`);
  child.kill('SIGKILL');
  await ended;
  expect(linesOf(out)).toEqual(read);
  expect(read.length).toBeGreaterThan(2);
  expect(asked.filter(({ path }) => path.endsWith('/events')).length).toBeGreaterThanOrEqual(2);
}, 60_000);

const linesOf = (text: string): { position: number }[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
