// The program of a child process of the isolate tier: reads calls, runs one after the other, writes what came of them.
//
// Between two calls the queue of microtasks has run empty: Node drains it between two immediates, and functions have no
// other way to run later. So what a call leaves behind runs in that call's time, and a promise that has not settled by
// then never will. Results are written when some have gathered or some time has passed, and always before a call begins
// that may take long (every call may): the mark says which call is under way, so the parent knows whom to blame.

import { readSync, writeSync } from 'node:fs';
import { Bytes } from './bytes.ts';
import { Call, type CallRequest, thrownText } from './call.ts';
import { consoleOver } from './console.ts';
import { LibraryShelf } from './library_shelf.ts';
import { descriptors, type Frame, FrameReader, FrameWriter, toChild, toParent } from './protocol.ts';
import { harden, lockDown } from './realm.ts';
import { NotCompiled, prepareVersion, type Version } from './version.ts';

const flushAfterMs = 1;
const flushOverBytes = 64 * 1024;
/** Lines of a call that are written as they are made; more are written together. */
const linesAtOnce = 64;
const readBytes = 256 * 1024;

lockDown(process.argv[2]!);

const out = new FrameWriter();
const shelf = new LibraryShelf();
const scripts = new Map<number, string>();
const versions = new Map<number, Version | NotCompiled>();
const waiting: CallRequest[] = [];
const mark = new Float64Array(2);
let call: Call | undefined;
let flushedAt = performance.now();

const globals = harden({
  Buffer: Bytes,
  console: consoleOver((stream, text) => {
    if (call === undefined) return false;
    const hasRoom = call.log(stream, text);
    // What it says before it loops is the most that people learn of it.
    if (!hasRoom || call.lines <= linesAtOnce || isFlushDue()) flush();
    return hasRoom;
  }),
});

function versionOf(id: number): Version {
  let version = versions.get(id);
  if (version === undefined) {
    version = prepared(id);
    versions.set(id, version);
  }
  if (version instanceof NotCompiled) throw version;
  return version;
}

function prepared(id: number): Version | NotCompiled {
  try {
    return prepareVersion({ id, script: scripts.get(id) ?? '', shelf, globals });
  } catch (e) {
    if (e instanceof NotCompiled) return e;
    throw e;
  }
}

function take(frame: Frame): void {
  switch (frame.kind) {
    case toChild.call: {
      const [serial, code, outputBytes] = [frame.count(), frame.count(), frame.number()];
      waiting.push({ serial, version: () => versionOf(code), outputBytes, input: frame.text() });
      return;
    }
    case toChild.code:
      scripts.set(frame.count(), frame.text());
      return;
    case toChild.forget: {
      const code = frame.count();
      scripts.delete(code);
      versions.delete(code);
      return;
    }
    case toChild.library: {
      const [name, entry] = [frame.text(), frame.text()];
      const modules = new Map<string, string>();
      for (let left = frame.count(); left > 0; left--) modules.set(frame.text(), frame.text());
      shelf.add(name, { entry, modules });
      return;
    }
    default:
      throw new Error(`a frame of the unknown kind ${frame.kind}`);
  }
}

function isFlushDue(): boolean {
  return out.length > flushOverBytes || (out.length > 0 && performance.now() - flushedAt > flushAfterMs);
}

/** Waits until the parent has taken everything. */
function flush(): void {
  const bytes = out.take();
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptors.frames, bytes, at);
  flushedAt = performance.now();
}

function setMark(serial: number, startedAtMs: number): void {
  mark[0] = serial;
  mark[1] = startedAtMs;
  writeSync(descriptors.mark, mark, 0, mark.byteLength, 0);
}

function begin(request: CallRequest): void {
  finish();
  if (isFlushDue()) {
    // While the parent is slow to read, no call is under way.
    setMark(0, 0);
    flush();
  }
  shelf.reset();
  call = new Call(request, out);
  setMark(request.serial, call.startedAtMs);
  void call.start();
}

function finish(): void {
  call?.finish();
  call = undefined;
}

/** No call is under way: reads until there is one, then lines them up with a turn of the event loop each. */
function turn(): void {
  finish();
  setMark(0, 0);
  flush();
  while (waiting.length === 0) {
    const length = readSync(descriptors.calls, input);
    if (length === 0) process.exit(0);
    reader.push(input.subarray(0, length), take);
  }
  for (const request of waiting.splice(0)) setImmediate(begin, request);
  setImmediate(turn);
}

process.on('unhandledRejection', (reason) => {
  call?.log(1, `A promise was rejected and nobody looked: ${thrownText(reason)}`);
});

const input = Buffer.allocUnsafe(readBytes);
const reader = new FrameReader(Number.MAX_SAFE_INTEGER);
out.begin(toParent.ready).end();
turn();
