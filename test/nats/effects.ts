// The world outside: a server that counts what was done to it, by name, and may keep who asks waiting.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Effects {
  readonly #server: Server;
  readonly #counts = new Map<string, number>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const name = request.url!.slice(1);
      this.#counts.set(name, this.count(name) + 1);
      request.resume().on('end', () => response.end('{}'));
    });
  }

  static async open(): Promise<Effects> {
    const effects = new Effects();
    await new Promise<void>((resolve) => effects.#server.listen(0, '127.0.0.1', resolve));
    return effects;
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a run needs to reach it. */
  get allow() {
    return { network: [this.host], commands: [] };
  }

  /** A function with effects: something before, a while, something behind. */
  script(waitMs: number): string {
    return `async function main(input) {
  await fetch('http://${this.host}/' + input.name + '-before', { method: 'POST' });
  console.log('between');
  await new Promise((done) => setTimeout(done, ${waitMs}));
  await fetch('http://${this.host}/' + input.name + '-behind', { method: 'POST' });
  return input.name;
}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
