// requestStorage: what authentication functions leave for the functions after them. They write it; every other function
// reads it. The environment set here goes to the commands that siExec starts, never into the process's own.

import { NotAllowed } from './failure.ts';

export interface ReadStorage {
  getItem(key: string): unknown;
  getEnv(key: string): string | undefined;
  getKeys(): string[];
  getEnvKeys(): string[];
}

export interface WriteStorage extends ReadStorage {
  setItem(key: string, value: unknown): void;
  setEnv(key: string, value: string): void;
  deleteItem(key: string): void;
  deleteEnv(key: string): void;
}

/** Not among the members that are listed: who looks for them finds what can be used. */
const onlyAuthentication: PropertyDescriptorMap = Object.fromEntries(
  ['setItem', 'setEnv', 'deleteItem', 'deleteEnv'].map((name) => {
    const value = (): never => {
      throw new NotAllowed(`requestStorage.${name} is for authentication functions; others only read it`);
    };
    return [name, { value }];
  }),
);

export class RequestStorage {
  readonly #items = new Map<string, unknown>();
  readonly #env = new Map<string, string>();
  /** Names under which something was stored that is no secret. */
  readonly #plain = new Set<string>();

  /** For functions that are not authentication functions. Writing is refused by name, not by there being no such thing. */
  reading(): ReadStorage {
    return Object.freeze(Object.defineProperties(this.#read(), onlyAuthentication));
  }

  #read(): ReadStorage {
    return {
      getItem: (key: string) => this.#items.get(String(key)),
      getEnv: (key: string) => this.#env.get(String(key)),
      getKeys: () => [...this.#items.keys()],
      getEnvKeys: () => [...this.#env.keys()],
    };
  }

  /**
   * For one authentication function; `end` makes it read-only, also for callbacks that are still about. `tell` is told every
   * value before it is stored, but for those under `plainNames`, and throws what keeps it from being stored.
   */
  writing(
    plainNames: readonly string[],
    tell: (value: unknown) => void,
  ): { readonly storage: WriteStorage; end(): void } {
    let open = true;
    const put = <T>(map: Map<string, T>, name: string, value: T): void => {
      if (plainNames.includes(name)) this.#plain.add(name);
      else {
        tell(value);
        this.#plain.delete(name);
      }
      map.set(name, value);
    };
    const write = (body: () => void): void => {
      if (!open) throw new Error('requestStorage is read-only once the authentication function has returned');
      body();
    };
    const storage = Object.freeze({
      ...this.#read(),
      setItem: (key: string, value: unknown) => write(() => put(this.#items, String(key), value)),
      setEnv: (key: string, value: string) => write(() => put(this.#env, String(key), String(value))),
      deleteItem: (key: string) => write(() => this.#items.delete(String(key))),
      deleteEnv: (key: string) => write(() => this.#env.delete(String(key))),
    });
    return {
      storage,
      end: () => {
        open = false;
      },
    };
  }

  /** Every value that may be a secret, as it is now. */
  values(): unknown[] {
    const all = [...this.#items, ...this.#env];
    return all.filter(([name]) => !this.#plain.has(name)).map(([, value]) => value);
  }

  environment(): Record<string, string> {
    return Object.fromEntries(this.#env);
  }
}
