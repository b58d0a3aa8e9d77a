// A way between a process and a server that a test can cut, slow down and close, and on which answers can be lost: every so many pieces that
// the server sends, one is not passed on and the connection is cut, when what was asked has been done. Or nothing is passed on any more and
// no end is told, as where the other machine is gone without a word. A text that a client sends can shut it for everybody.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Carrying {
  readonly cut: () => void;
  readonly isLost: (piece: Buffer) => boolean;
  readonly state: { readonly isSilent: boolean };
}

export class Way {
  readonly #server: Server;
  readonly #cuts = new Set<() => void>();
  readonly #open = new Set<{ isSilent: boolean }>();
  /** Milliseconds that every piece takes, each way. */
  delayMs = 0;
  /** Pieces of the server between two that are lost; undefined: none is. */
  lostEvery: number | undefined;
  /** Pieces of the server of which this is so are lost, too. */
  isToBeLost: (piece: Buffer) => boolean = () => false;
  lost = 0;
  /** Nobody gets through. */
  isShut = false;
  /** The first piece of a client with this text shuts the way: before it arrives, or when it has arrived and before it is answered. */
  shutBy: { readonly text: string; readonly arrives: boolean } | undefined;
  /** Every connection there is falls silent with the first piece to the server that it finds. */
  silentAt: ((piece: Buffer) => boolean) | undefined;
  #pieces = 0;

  private constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.isShut) return void client.destroy();
      const server = connect(port, '127.0.0.1');
      const state = { isSilent: false };
      const cut = () => {
        client.destroy();
        server.destroy();
        this.#cuts.delete(cut);
        this.#open.delete(state);
      };
      this.#cuts.add(cut);
      this.#open.add(state);
      const isStopped = (piece: Buffer): boolean => {
        if (this.silentAt?.(piece) === true) {
          this.silentAt = undefined;
          this.silence();
        }
        return this.#isShutBy(piece, server);
      };
      this.#carry(client, server, { cut, isLost: isStopped, state });
      this.#carry(server, client, { cut, isLost: (piece) => this.#isLost(piece), state });
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

  /** Nothing is passed on any more over the connections that there are, nor their ends; new ones may come. */
  silence(): void {
    for (const state of this.#open) state.isSilent = true;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #isLost(piece: Buffer): boolean {
    const isNth = this.lostEvery !== undefined && ++this.#pieces % this.lostEvery === 0;
    if (!isNth && !this.isToBeLost(piece)) return false;
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

  #carry(from: Socket, to: Socket, { cut, isLost, state }: Carrying): void {
    let carried: Promise<void> = Promise.resolve();
    const end = () => {
      if (!state.isSilent) cut();
    };
    from.on('data', (piece) => {
      // What arrives and shuts the way cuts by itself, when it has.
      if (isLost(piece)) return this.isShut ? undefined : cut();
      if (state.isSilent) return;
      const { delayMs } = this;
      carried = carried.then(async () => {
        if (delayMs > 0) await sleep(delayMs);
        to.write(piece);
      });
    });
    // What went before is delivered first; an error says nothing more than the end.
    from.on('error', end);
    from.on('close', () => void carried.then(end));
  }
}
