// The compiled command line as a person at a terminal runs it, in a folder of its own.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { afterFiles } from '../support/endings.ts';
import { Served } from '../support/served.ts';

const bin = fileURLToPath(new URL('../../dist/main/headwater.js', import.meta.url));
export const shop = fileURLToPath(new URL('./fixtures/shop.yaml', import.meta.url));

const folders: string[] = [];
afterFiles(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-cli-'));
  folders.push(folder);
  return folder;
}

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Terminal {
  /** Working folder; the data folder is `.headwater` in it. */
  readonly folder = newFolder();
  /** Variables beside those that every command gets. */
  variables: { readonly [name: string]: string } = {};
  readonly #names = new Map<string, string>();

  /** `linesTaken`: of its output, behind which nobody reads any more; default: all. `out`: where that goes instead. */
  run(
    args: readonly string[],
    input?: string,
    { linesTaken = Number.POSITIVE_INFINITY, out: into = 'pipe' }: { linesTaken?: number; out?: 'pipe' | number } = {},
  ): Promise<Said> {
    // What this machine's user has logged in to is nobody's business here.
    const contexts = { HEADWATER_CONTEXTS: join(this.folder, 'contexts.json') };
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...contexts, ...this.variables };
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [bin, ...args], { cwd: this.folder, env, stdio: ['pipe', into, 'pipe'] });
      let out = '';
      let err = '';
      if (linesTaken === 0) child.stdout?.destroy();
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        if (out.split('\n').length > linesTaken) child.stdout?.destroy();
      });
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        err += text;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? -1, out, err }));
      child.stdin!.on('error', () => {});
      child.stdin!.end(input ?? '');
    });
  }

  async hw(...args: string[]): Promise<Said> {
    return this.run(args);
  }

  /** Starts a server in a folder of its own, which every later command asks. */
  async serve(): Promise<Served> {
    const served = await Served.start(join(this.folder, 'served'));
    this.variables = { HEADWATER_SERVER: served.address, HEADWATER_TOKEN: served.token! };
    return served;
  }

  /** Puts mutations into Head, by a change set of this name. */
  async apply(name: string, mutations: readonly Json[]): Promise<void> {
    writeFileSync(join(this.folder, `${name}.json`), JSON.stringify(mutations));
    for (const args of [
      ['change-set', 'create', name],
      ['submit', `${name}.json`, '--change-set', name],
      ['change-set', 'apply', name],
    ]) {
      const { code, err } = await this.run(args);
      expect([args, code, code === 0 ? '' : err]).toEqual([args, 0, '']);
    }
  }

  /** What it printed as JSON, which has to be all that it printed on standard output. */
  async json<T>(...args: string[]): Promise<T> {
    const { out } = await this.run([...args, '--json']);
    return JSON.parse(out) as T;
  }

  /** Command and answer as a transcript, with what differs from run to run named in order of appearance. */
  async show(...args: string[]): Promise<string> {
    const { code, out, err } = await this.run(args);
    const shown = [`$ headwater ${args.map((a) => (/[\s*|!]/.test(a) ? `'${a}'` : a)).join(' ')}`];
    // Progress comes when a machine is slow.
    const notes = err.split('\n').filter((line) => line !== '' && !line.endsWith('…'));
    shown.push(...out.trimEnd().split('\n'), ...notes.map((line) => `! ${line}`));
    if (code !== 0) shown.push(`(exit ${code})`);
    return this.#normal(`${shown.filter((line) => line !== '').join('\n')}\n`);
  }

  #normal(text: string): string {
    return text
      .replaceAll(this.folder, 'FOLDER')
      .replaceAll(shop, 'shop.yaml')
      .replaceAll(/\b[0-9a-f]{64}\b/g, 'HASH')
      .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, 'TIME')
      .replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, (id) => {
        const known = this.#names.get(id) ?? `ID${this.#names.size + 1}`;
        this.#names.set(id, known);
        return known;
      })
      .replaceAll(`TIME  ${userInfo().username} `, 'TIME  USER ')
      .replaceAll(/ {3,}/g, '   ')
      .replaceAll(/\d+ chunks?( removed)? ?(\(\d+ bytes\))?/g, 'N chunks$1')
      .replaceAll(/\d+ kept/g, 'N kept');
  }
}
