// A way between a process and a server that a test can cut, slow down and close, and on which answers can be lost: every so many pieces that
// the server sends, one is not passed on and the connection is cut, when what was asked has been done. A text that a client sends can shut
// it.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export class Way {
  readonly #server: Server;
  readonly #cuts = new Set<() => void>();
  /** Milliseconds that every piece takes, each way. */
  delayMs = 0;
  /** Pieces of the server between two that are lost; undefined: none is. */
  lostEvery: number | undefined;
  /** Nobody gets through. */
  isShut = false;
  /** The first piece of a client with this text shuts the way: before it arrives, or when it has arrived and before it is answered. */
  shutBy: { readonly text: string; readonly arrives: boolean } | undefined;
  lost = 0;
  #pieces = 0;

  private constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.isShut) return void client.destroy();
      const server = connect(port, '127.0.0.1');
      const cut = () => {
        client.destroy();
        server.destroy();
        this.#cuts.delete(cut);
      };
      this.#cuts.add(cut);
      this.#carry(client, server, { cut, isLost: (piece) => this.#isShutBy(piece, server) });
      this.#carry(server, client, { cut, isLost: () => this.#isLost() });
    });
  }

  /** To the server at `port`; `at` is its own port, a free one unless it is said. */
  static async open(port: number, at = 0): Promise<Way> {
    const way = new Way(port);
    await new Promise<void>((done) => way.#server.listen(at, '127.0.0.1', done));
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

  #isLost(): boolean {
    if (this.lostEvery === undefined || ++this.#pieces % this.lostEvery !== 0) return false;
    this.lost++;
    return true;
  }

  #isShutBy(piece: Buffer, server: Socket): boolean {
    if (this.shutBy === undefined || !piece.includes(this.shutBy.text)) return false;
    const { arrives } = this.shutBy;
    this.shutBy = undefined;
    this.isShut = true;
    if (!arrives) this.cut();
    else server.write(piece, () => this.cut());
    return true;
  }

  #carry(from: Socket, to: Socket, { cut, isLost }: { cut: () => void; isLost: (piece: Buffer) => boolean }): void {
    let carried: Promise<void> = Promise.resolve();
    from.on('data', (piece) => {
      if (isLost(piece)) return cut();
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
