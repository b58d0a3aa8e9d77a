// The folder in which the local agent keeps what it knows: its journal, the logs of processes that name none, a lock that one
// process has at a time, and the content of the credential, which who has it may do everything with that the agent does.
// All of it is its owner's alone to read, and none of it lies below the root.

import { createHash, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../base/json.ts';
import { Fault } from '../../base/result.ts';
import type { ProcessIdentity } from './journal.ts';
import { identify, isAlive } from './machine.ts';

/** What a secret of the definition `Local Machine` holds. */
export interface Credential {
  readonly Endpoint: string;
  readonly Token: string;
}

const others = 0o077;

export class StateFolder {
  readonly path: string;
  readonly #lock: string;

  private constructor(path: string) {
    this.path = path;
    this.#lock = join(path, 'agent.lock');
  }

  /** Faults: `root_unusable` when it lies below the root, `store_busy` when another agent has it, `store_failed`. */
  static open(folder: string, root: string): StateFolder {
    try {
      mkdirSync(join(folder, 'logs'), { recursive: true, mode: 0o700 });
      const path = realpathSync(folder);
      if (`${path}/`.startsWith(`${root}/`))
        throw new Fault('root_unusable', `${path} lies below the root ${root}, where functions could change it`, {
          path,
        });
      if ((statSync(path).mode & others) !== 0)
        throw new Fault('store_failed', `others can look into ${path}: chmod 700, or give another folder`, { path });
      const state = new StateFolder(path);
      state.#own();
      return state;
    } catch (e) {
      if (e instanceof Fault) throw e;
      const why = e instanceof Error ? e.message : String(e);
      throw new Fault('store_failed', `${folder} cannot keep the state of a local agent: ${why}`, undefined, {
        cause: e,
      });
    }
  }

  get journal(): string {
    return join(this.path, 'journal.jsonl');
  }

  get credentialFile(): string {
    return join(this.path, 'credential.json');
  }

  /** By which what an agent of this folder started is known. */
  get agent(): string {
    return createHash('sha256').update(this.path).digest('hex').slice(0, 16);
  }

  /** That of the agent before; undefined: there was none. Fault `store_failed` when others could have read it. */
  findCredential(): Credential | undefined {
    let text: string;
    try {
      text = readFileSync(this.credentialFile, 'utf8');
    } catch {
      return undefined;
    }
    if ((statSync(this.credentialFile).mode & others) !== 0)
      throw new Fault(
        'store_failed',
        `others can read or write ${this.credentialFile}: remove it, and a new token is made`,
        { path: this.credentialFile },
      );
    const given = parsed(text);
    if (!isObject(given) || typeof given['Endpoint'] !== 'string' || typeof given['Token'] !== 'string')
      throw new Fault('store_damaged', `${this.credentialFile} is no credential: remove it, and a new one is made`);
    return { Endpoint: given['Endpoint'], Token: given['Token'] };
  }

  writeCredential(credential: Credential): void {
    const beside = `${this.credentialFile}.new`;
    writeFileSync(beside, `${JSON.stringify(credential)}\n`, { mode: 0o600, flush: true });
    renameSync(beside, this.credentialFile);
  }

  openLog(name: string): number {
    return openSync(this.#log(name), 'a+', 0o600);
  }

  dropLog(name: string): void {
    try {
      unlinkSync(this.#log(name));
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
    }
  }

  close(): void {
    unlinkSync(this.#lock);
  }

  #log(name: string): string {
    return join(this.path, 'logs', `${name}.log`);
  }

  #own(): void {
    const mine = JSON.stringify(identify(process.pid));
    for (let tries = 0; tries < 3; tries++) {
      try {
        writeFileSync(this.#lock, mine, { flag: 'wx', mode: 0o600 });
        return;
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
      }
      const owner = parsed(readFileSync(this.#lock, 'utf8')) as ProcessIdentity | undefined;
      if (owner !== undefined && isAlive(owner)) break;
      unlinkSync(this.#lock);
    }
    throw new Fault('store_busy', `another local agent has ${this.path}`, { path: this.path });
  }
}

export function freshToken(): string {
  return randomBytes(32).toString('base64url');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
