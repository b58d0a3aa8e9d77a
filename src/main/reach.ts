// Which unix sockets of the machine runs may reach at all: `reach.json` in the data folder, which its owner writes by hand or with
// `headwater reach`. It is no part of a workspace: who may edit a model, or write functions, does not decide it. It is read when a
// run asks for a socket, so that a change counts at once. What runs may reach besides is said by their functions.

import { join } from 'node:path';
import { socketOfEntry } from '../dispatch/network_reach.ts';
import { KeptDocument } from './kept_document.ts';

const reachFile = 'reach.json';
/** 1: `sockets`, paths. */
const reachFormat = 1;
const socketsMax = 1_000;

const documentOf = (folder: string): KeptDocument =>
  new KeptDocument(join(folder, reachFile), { format: reachFormat, code: 'reach_unreadable' });

/** The paths that are allowed, in order. Faults: `reach_unreadable`. */
export function allowedSockets(folder: string): readonly string[] {
  const document = documentOf(folder);
  const read = document.read();
  if (read === undefined) return [];
  const { sockets } = read;
  if (!Array.isArray(sockets) || sockets.length > socketsMax)
    throw document.unreadable(`sockets is no list of at most ${socketsMax} paths`);
  return sockets.map((path) => {
    if (typeof path !== 'string' || socketOfEntry(`unix:${path}`) === undefined)
      throw document.unreadable(`${JSON.stringify(path)} is not the path of a socket, from the root`);
    return path;
  });
}

/** Answers whether that changed anything. Faults: `reach_unreadable`. */
export function allowSocket(folder: string, path: string): boolean {
  const sockets = allowedSockets(folder);
  if (sockets.includes(path)) return false;
  documentOf(folder).write({ sockets: [...sockets, path].sort() });
  return true;
}

/** Answers whether that changed anything. Faults: `reach_unreadable`. */
export function denySocket(folder: string, path: string): boolean {
  const sockets = allowedSockets(folder);
  if (!sockets.includes(path)) return false;
  documentOf(folder).write({ sockets: sockets.filter((socket) => socket !== path) });
  return true;
}
