// A way to a server on which answers are lost: every so many pieces that the server sends, one is not passed on and the connection is
// cut, when what was asked has been done.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class LossyWay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Pieces of the server between two that are lost; undefined: none is. */
  every: number | undefined;
  lost = 0;
  #pieces = 0;

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const server = connect(port, '127.0.0.1');
      const both = [client, server];
      const cut = () => {
        for (const socket of both) {
          socket.destroy();
          this.#sockets.delete(socket);
        }
      };
      for (const socket of both) {
        this.#sockets.add(socket);
        // Ended by the other side: an error of this one says nothing more.
        socket.on('error', cut);
        socket.on('close', cut);
      }
      client.on('data', (piece) => server.write(piece));
      server.on('data', (piece) => {
        if (this.every !== undefined && ++this.#pieces % this.every === 0) {
          this.lost++;
          cut();
        } else client.write(piece);
      });
    });
  }

  static async open(port: number): Promise<LossyWay> {
    const way = new LossyWay(port);
    await new Promise<void>((done) => way.#server.listen(0, '127.0.0.1', done));
    return way;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}
