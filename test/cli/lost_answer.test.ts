// Answers that are lost on the way to the command line: the server has done what was asked, and nobody heard of it. What is asked
// again is done once and told as it was the first time; what may not be asked again says that it is not known.

import { writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operationNames } from '../../src/engine/operations.ts';
import { remembering } from '../../src/engine/remembering.ts';
import { mayBeRepeated, reads, sameTwice } from '../../src/main/repeatable.ts';
import { matrixLines } from '../access/matrix.ts';
import { terraformState } from '../http/terraform_state.ts';
import type { Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
let served: Served;
let between: Server;
/** The operation whose next answer is lost. */
let losing: string | undefined;
let asked: string[] = [];

beforeAll(async () => {
  served = await terminal.serve();
  const { hostname, port } = new URL(served.address);
  between = createServer(async (from, to) => {
    const [, operation = ''] = /\/operations\/([\w.]+)$/.exec(from.url ?? '') ?? [];
    asked.push(operation);
    const body = await buffer(from);
    const on = request({ hostname, port, path: from.url, method: from.method, headers: from.headers }, (answer) => {
      void buffer(answer).then((bytes) => {
        if (operation === losing) {
          losing = undefined;
          from.socket.destroy();
          return;
        }
        to.writeHead(answer.statusCode!, answer.headers);
        to.end(bytes);
      });
    });
    on.end(body);
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const at = (between.address() as AddressInfo).port;
  terminal.variables = { ...terminal.variables, HEADWATER_SERVER: `http://127.0.0.1:${at}` };
});
afterAll(async () => {
  between.closeAllConnections();
  between.close();
  await served.stop();
});

const changeSets = async (name: string) =>
  (await terminal.json<{ name: string; status: string }[]>('change-set', 'list', '--all')).filter(
    (c) => c.name === name,
  );

/** Runs it while the first answer to `operation` is lost; how often it was asked. */
async function losingOne(operation: string, ...args: string[]) {
  losing = operation;
  asked = [];
  const said = await terminal.run(args);
  expect(losing).toBeUndefined();
  return { ...said, times: asked.filter((name) => name === operation).length };
}

test('every operation is of one kind: it reads, knows its repetition by a key, is the same twice, or is not repeated', () => {
  const mayRead = new Set(matrixLines().flatMap(({ operation, may }) => (may.reader ? [operation] : [])));
  expect([...reads].sort()).toEqual(operationNames.filter((name) => mayRead.has(name)).sort());
  const all = [...reads, ...remembering, ...sameTwice];
  expect(new Set(all).size).toBe(all.length);
  expect(all.filter((name) => !(operationNames as readonly string[]).includes(name))).toEqual([]);
  expect(['token.create', 'action.request', 'resource.import', 'of a later release'].filter(mayBeRepeated)).toEqual([]);
});

test('an import whose answer is lost is told by the second one, and stays open', async () => {
  writeFileSync(join(terminal.folder, 't.tfstate'), JSON.stringify(terraformState));
  const { code, out, times } = await losingOne('import.terraform', 'import', 'terraform', 't.tfstate', '--json');
  expect([code, times]).toEqual([0, 2]);
  expect((JSON.parse(out) as { edits: number }).edits).toBeGreaterThan(0);
  expect((await changeSets('import t')).map((c) => c.status)).toEqual(['Open']);
});

test('a revert whose answer is lost opens one change set', async () => {
  await terminal.hw('change-set', 'create', 'buckets');
  await terminal.hw('component', 'create', 'AWS::S3::Bucket', 'one', '--change-set', 'buckets');
  expect((await terminal.hw('change-set', 'apply', 'buckets', '--no-run')).code).toBe(0);
  const { code, times } = await losingOne('change_set.revert', 'change-set', 'revert', 'buckets', '--name', 'back');
  expect([code, times]).toEqual([0, 2]);
  expect((await changeSets('back')).length).toBe(1);
});

test('what is done without a key is not asked for again: it fails, and says that nobody knows', async () => {
  const { code, err, times } = await losingOne('change_set.abandon', 'change-set', 'abandon', 'back');
  expect([code, times]).toEqual([1, 1]);
  expect(err).toContain('connection_lost');
});
