// The program of one run: says that it is ready, reads its order from standard input, runs the authentication functions and
// then main, writes the outcome and ends. One process, one run. It trusts the adapter and nothing else; the walls around it
// are the sandbox's, not its own.

import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import { makeSiExec } from './exec.ts';
import { failureOf } from './failure.ts';
import { Left, surroundings, tellEach } from './left.ts';
import { filesLeft } from './left_files.ts';
import { installClients, installNames, installRequestNames } from './names.ts';
import { installFetch, openCommandProxy } from './network.ts';
import { captureOutput, setToken, writeFrame, writeLine } from './output.ts';
import { type ChildFailure, type ChildFailureCode, frame, inside, type Order, readyLine } from './protocol.ts';
import { RequestStorage } from './storage.ts';

type Main = (input: unknown) => unknown;

const exit: (code: number) => never = process.exit.bind(process);
const { parse, stringify } = JSON;
let ended = false;
/** What a failure outside of any call is: main's, or an authentication function's. */
let current: { file: string; code: ChildFailureCode } = { file: '', code: 'threw' };

const flush = captureOutput();
/** Where files can be left. */
const folders = new Set([process.cwd(), process.env['HOME'] ?? process.cwd()]);
if (process.cwd() === inside.work) folders.add('/tmp');

/** Writes the outcome, the first one only, and ends the process. */
function finish(letter: string, payload: string): never {
  if (!ended) {
    ended = true;
    flush();
    writeFrame(frame.peak, String(process.resourceUsage().maxRSS * 1024));
    writeFrame(letter, payload);
  }
  process.removeAllListeners('exit');
  exit(0);
}

const fail = (failure: ChildFailure): never => finish(frame.failure, stringify(failure));
const failWith = (thrown: unknown, code = current.code): never => fail(failureOf(thrown, code, current.file));

/** The function's `main`. Lines and columns of the script stay as they are. */
function compile(script: string, file: string): Main {
  const code = current.code === 'threw' ? 'not_compiled' : current.code;
  let made: () => unknown;
  try {
    made = compileFunction(`${script}\n;return typeof main === 'undefined' ? undefined : main;`, [], {
      filename: file,
    }) as unknown as () => unknown;
  } catch (thrown) {
    return failWith(thrown, code);
  }
  const main = made();
  if (typeof main !== 'function') return fail({ code, message: 'the function declares no main' });
  return main as Main;
}

/** The JSON text of a result; undefined when nothing was returned. */
function resultText(value: unknown, outputBytes: number): string | undefined {
  if (value === undefined) return undefined;
  let text: string | undefined;
  try {
    text = stringify(value);
  } catch (thrown) {
    return failWith(thrown, 'result_invalid');
  }
  if (text === undefined) return fail({ code: 'result_invalid', message: `main returned a ${typeof value}` });
  const bytes = Buffer.byteLength(text);
  if (bytes > outputBytes) {
    return fail({ code: 'output_too_large', message: `the result has ${bytes} bytes, over ${outputBytes}` });
  }
  return text;
}

/** Runs the authentication functions; what they leave is told as they leave it, and all of it once more at the end of each. */
async function authenticate(
  { authentication, leftMax }: Order,
  storage: RequestStorage,
  siExec: unknown,
): Promise<void> {
  if (authentication.length === 0) return;
  const left = new Left(leftMax);
  const tell = (value: unknown): void => left.tell(value);
  installRequestNames({ requestStorage: storage.reading(), siExec });
  const around = surroundings();
  for (const { name, script, secret, plain } of authentication) {
    current = { file: name, code: 'authentication_failed' };
    const { storage: requestStorage, end } = storage.writing(plain, tell);
    installRequestNames({ requestStorage, siExec });
    try {
      await compile(script, name)(parse(secret));
      end();
      tell([storage.values(), around.variables()]);
    } catch (thrown) {
      failWith(thrown);
    }
  }
  const unread = [...tellEach(around.globals(), leftMax), ...tellEach(filesLeft(folders, leftMax), leftMax)];
  if (unread.length > 0) {
    const some = unread.slice(0, 3).join(', ');
    console.error(`[headwater] authentication left what is too large to be redacted: ${some}; ${unread.length} in all`);
  }
  writeFrame(frame.authenticated, '');
}

async function run(order: Order): Promise<void> {
  const storage = new RequestStorage();
  const { commands, proxy } = order;
  const forCommands = proxy !== null && commands.length > 0 ? await openCommandProxy(proxy) : {};
  const base = { ...process.env };
  const siExec = makeSiExec(commands, () => ({ ...base, ...forCommands, ...storage.environment() }));
  installFetch(proxy);
  installClients(proxy);

  await authenticate(order, storage, siExec);

  current = { file: order.main.name, code: 'threw' };
  // On trial it stores, too, and what it stores is as secret as it is before a run.
  const left = new Left(order.leftMax);
  const requestStorage = order.writes ? storage.writing([], (value) => left.tell(value)).storage : storage.reading();
  installRequestNames({ requestStorage, siExec });
  let value: unknown;
  try {
    value = await compile(order.main.script, order.main.name)(parse(order.input));
  } catch (thrown) {
    failWith(thrown);
  }
  const text = resultText(value, order.outputBytes);
  if (text === undefined) finish(frame.nothing, '');
  else finish(frame.value, text);
}

installNames();
writeLine(readyLine);
const orderText = readFileSync(0, 'utf8');
// An adapter that goes away without an order has no further use for this process.
if (orderText === '') exit(0);
const order = parse(orderText) as Order;
setToken(order.token);
writeFrame(frame.begun, '');
process.on('uncaughtException', (thrown) => failWith(thrown));
process.on('unhandledRejection', (thrown) => failWith(thrown));
process.on('beforeExit', () =>
  fail({
    code: current.code === 'threw' ? 'timed_out' : current.code,
    message: 'the promise of the function can never settle: nothing is left that could settle it',
  }),
);
run(order).catch(failWith);
