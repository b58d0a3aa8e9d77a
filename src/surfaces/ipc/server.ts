// The process that owns a data folder lets other processes of the same user work through it.
//
// Order of a life: take the folder's lock, serve, drain, close, give the lock back. While the lock is held nobody else
// may listen for the folder, so whatever address is found there is stale and is replaced.

import { createServer } from 'node:net';
import { Fault } from '../../base/result.ts';
import { bind, unbind } from './address.ts';
import { type Calls, Connection, type Handle } from './connection.ts';

export interface IpcServerOptions {
  /** The data folder; the caller holds its lock. */
  readonly folder: string;
  readonly handle: Handle;
  /** Hears of what a handler threw that is no Fault, and of connections that could not be accepted. Default: nothing; the caller of the call is told in any case. */
  readonly onBug?: (error: unknown, method: string) => void;
}

export interface IpcServer {
  /** The socket's path. */
  readonly address: string;
  /** Connections at this moment. */
  clients(): number;
  /**
   * Takes the address away and accepts no connection and no call any more (a call gets Fault `connection_lost`, having
   * done nothing); resolves when the calls that run have been answered.
   */
  drain(): Promise<void>;
  /** Ends everything, also calls that run: their clients get Fault `connection_lost`. Drain first to avoid that. */
  close(): Promise<void>;
}

/** Listens for the folder. Throws Fault `store_failed` when the socket cannot be made. */
export async function serveIpc(options: IpcServerOptions): Promise<IpcServer> {
  const { folder, handle, onBug = () => {} } = options;
  const connections = new Set<Connection>();
  const running = new Set<Promise<void>>();
  let isDraining = false;
  let count = 0;

  const calls: Calls = {
    handle,
    onBug,
    isDraining: () => isDraining,
    onCall: (answered) => {
      running.add(answered);
      void answered.finally(() => running.delete(answered));
    },
  };
  const server = createServer((socket) => {
    count++;
    const connection = new Connection(socket, count, calls);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  const address = await bind(server, folder).catch((e: Error) => {
    server.close();
    throw e instanceof Fault
      ? e
      : new Fault('store_failed', `cannot listen in ${folder}: ${e.message}`, undefined, { cause: e });
  });
  // A connection that could not be accepted (too many open files): the others go on.
  server.on('error', (e) => onBug(e, 'accept'));
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  let stopped: Promise<void> | undefined;
  const stop = () => {
    isDraining = true;
    stopped ??= unbind(folder).then(() => void server.close());
    return stopped;
  };

  return {
    address,
    clients: () => connections.size,
    async drain() {
      await stop();
      while (running.size > 0) await Promise.all(running);
    },
    async close() {
      await stop();
      for (const connection of connections) connection.close();
      await closed;
      connections.clear();
    },
  };
}
