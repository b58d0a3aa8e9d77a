// A way between a process and a server that a test can cut, slow down and close.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export class Way {
  readonly #server: Server;
  readonly #cuts = new Set<() => void>();
  /** Milliseconds that every piece takes, each way. */
  delayMs = 0;

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const server = connect(port, '127.0.0.1');
      const cut = () => {
        client.destroy();
        server.destroy();
        this.#cuts.delete(cut);
      };
      this.#cuts.add(cut);
      this.#carry(client, server, cut);
      this.#carry(server, client, cut);
    });
  }

  static async open(port: number): Promise<Way> {
    const way = new Way(port);
    await new Promise<void>((done) => way.#server.listen(0, '127.0.0.1', done));
    return way;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection that there is; new ones may come. */
  cut(): void {
    for (const cut of [...this.#cuts]) cut();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #carry(from: Socket, to: Socket, cut: () => void): void {
    let carried: Promise<void> = Promise.resolve();
    from.on('data', (piece) => {
      const { delayMs } = this;
      carried = carried.then(async () => {
        if (delayMs > 0) await sleep(delayMs);
        to.write(piece);
      });
    });
    // What went before is delivered first; an error says nothing more than the end.
    from.on('error', cut);
    from.on('close', () => void carried.then(cut));
  }
}
