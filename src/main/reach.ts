// Which unix sockets of the machine runs may reach at all: `reach.json` in the data folder, which its owner writes by hand or with
// `headwater reach`. It is no part of a workspace: who may edit a model, or write functions, does not decide it. It is read when a
// run asks for a socket, so that a change counts at once. What runs may reach besides is said by their
// functions. Hosts that webhooks may be sent to although they are private are in it, too.

import { join } from 'node:path';
import { socketOfEntry } from '../dispatch/network_reach.ts';
import { KeptDocument } from './kept_document.ts';

export const reachFile = 'reach.json';
/** 1: `sockets`, paths; `hosts`, where there are any. */
const reachFormat = 1;
const socketsMax = 1_000;

const documentOf = (folder: string): KeptDocument =>
  new KeptDocument(join(folder, reachFile), { format: reachFormat, code: 'reach_unreadable' });

/** Private hosts to which webhooks may be sent, `HOST` or `HOST:PORT`. Faults: `reach_unreadable`. */
export function allowedHosts(folder: string): readonly string[] {
  const document = documentOf(folder);
  const { hosts = [] } = document.read() ?? {};
  if (Array.isArray(hosts) && hosts.length <= socketsMax && hosts.every((h) => typeof h === 'string')) return hosts;
  throw document.unreadable(`hosts is no list of at most ${socketsMax} hosts`);
}

/** Answers whether that changed anything. Faults: `reach_unreadable`. */
export function allowHost(folder: string, host: string, isAllowed: boolean): boolean {
  const hosts = allowedHosts(folder);
  if (hosts.includes(host) === isAllowed) return false;
  write(folder, allowedSockets(folder), isAllowed ? [...hosts, host].sort() : hosts.filter((h) => h !== host));
  return true;
}

function write(folder: string, sockets: readonly string[], hosts: readonly string[]): void {
  documentOf(folder).write({ sockets, ...(hosts.length === 0 ? {} : { hosts }) });
}

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
  write(folder, [...sockets, path].sort(), allowedHosts(folder));
  return true;
}

/** Answers whether that changed anything. Faults: `reach_unreadable`. */
export function denySocket(folder: string, path: string): boolean {
  const sockets = allowedSockets(folder);
  if (!sockets.includes(path)) return false;
  write(
    folder,
    sockets.filter((socket) => socket !== path),
    allowedHosts(folder),
  );
  return true;
}
