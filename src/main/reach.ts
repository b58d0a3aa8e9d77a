// Which unix sockets of the machine runs may reach at all: `reach.json` in the data folder, which its owner writes by hand or with
// `headwater reach`. It is no part of a workspace: who may edit a model, or write functions, does not decide it. It is read when a
// run asks for a socket, so that a change counts at once. What runs may reach besides is said by their functions.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type Json } from '../base/json.ts';
import { Fault } from '../base/result.ts';
import { socketOfEntry } from '../dispatch/network_reach.ts';

const reachFile = 'reach.json';
/** 1: `sockets`, paths. */
const reachFormat = 1;
const socketsMax = 1_000;

/** The paths that are allowed, in order. Faults: `reach_unreadable`. */
export function allowedSockets(folder: string): readonly string[] {
  const file = join(folder, reachFile);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(file, (e as Error).message, e);
  }
  let document: Json;
  try {
    document = JSON.parse(text) as Json;
  } catch (e) {
    throw unreadable(file, 'it is not JSON', e);
  }
  const { format, sockets } = isObject(document) ? document : {};
  if (format !== reachFormat) throw unreadable(file, `its format is not ${reachFormat}`);
  if (!Array.isArray(sockets) || sockets.length > socketsMax)
    throw unreadable(file, `sockets is no list of at most ${socketsMax} paths`);
  return sockets.map((path) => {
    if (typeof path !== 'string' || socketOfEntry(`unix:${path}`) === undefined)
      throw unreadable(file, `${JSON.stringify(path)} is not the path of a socket, from the root`);
    return path;
  });
}

/** Answers whether that changed anything. Faults: `reach_unreadable`. */
export function allowSocket(folder: string, path: string): boolean {
  const sockets = allowedSockets(folder);
  if (sockets.includes(path)) return false;
  write(folder, [...sockets, path].sort());
  return true;
}

/** Answers whether that changed anything. Faults: `reach_unreadable`. */
export function denySocket(folder: string, path: string): boolean {
  const sockets = allowedSockets(folder);
  if (!sockets.includes(path)) return false;
  write(
    folder,
    sockets.filter((socket) => socket !== path),
  );
  return true;
}

/** The file is there whole or as it was before. */
function write(folder: string, sockets: readonly string[]): void {
  const file = join(folder, reachFile);
  const next = `${file}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(next, `${JSON.stringify({ format: reachFormat, sockets }, null, 2)}\n`, { mode: 0o600 });
    renameSync(next, file);
  } catch (e) {
    rmSync(next, { force: true });
    throw unreadable(file, (e as Error).message, e);
  }
}

function unreadable(file: string, why: string, cause?: unknown): Fault {
  return new Fault('reach_unreadable', `${file}: ${why}`, undefined, { cause });
}
