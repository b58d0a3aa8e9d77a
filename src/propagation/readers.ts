// Which cells follow what of one component, as the index of a state has it. Read in portions, because a component may have a
// hundred thousand readers, and kept up to date edge by edge while that goes on and after it: who reads a component is
// independent of what the component is, so that an edit of a hub does not read its readers anew.

import type { ComponentId } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import { index } from '../model/keys.ts';
import type { Path } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import type { EdgeChange } from './changes.ts';
import { insert, remove, within } from './sorted_paths.ts';

export class Readers {
  readonly #now: Reader;
  readonly #prefix: string;
  /** Lists as they were read; sets once they have changed. Most never do, and making a set takes longer than reading. */
  readonly #users = new Map<Path, string[] | Set<string>>();
  /** Paths that are read, in ascending order; made when asked for. */
  #sources: Path[] | undefined;
  /** Key up to which the index has been read; undefined: all of it. */
  #after: string | undefined;

  constructor(now: Reader, component: ComponentId) {
    this.#now = now;
    this.#prefix = index.subscribersOf(component);
    this.#after = this.#prefix;
  }

  get isLoaded(): boolean {
    return this.#after === undefined;
  }

  /** Reads at most `most` keys of what is not known yet. Answers how many it read. */
  load(most: number): number {
    if (this.#after === undefined) return 0;
    let n = 0;
    for (const [key] of this.#now.scan('index', this.#prefix, this.#after)) {
      if (n === most) return n;
      // Not taken apart further: there may be very many.
      const end = key.indexOf('\u0000');
      const source = key.slice(this.#prefix.length, end) as Path;
      const users = this.#users.get(source);
      if (Array.isArray(users)) users.push(key.slice(end + 1));
      else this.#add(source, key.slice(end + 1));
      this.#after = key;
      n++;
    }
    this.#after = undefined;
    return n;
  }

  /** Follows an edge that came or went. */
  change({ source, user, added }: EdgeChange): void {
    // What is read later is read in the state as it is then.
    if (this.#after !== undefined && compareText(`${this.#prefix}${source.path}\u0000${user}`, this.#after) > 0) return;
    if (added) this.#add(source.path, user);
    else this.#remove(source.path, user);
  }

  /** To be called before very many changes: sorting once is cheaper than mending an order each time. */
  forgetOrder(): void {
    this.#sources = undefined;
  }

  /** Addresses of the cells that read exactly a path. */
  at(path: Path): Iterable<string> {
    return this.#all().get(path) ?? none;
  }

  has(path: Path): boolean {
    return this.#all().has(path);
  }

  get isEmpty(): boolean {
    return this.#all().size === 0;
  }

  /** Paths that are read, at a path or below it. */
  within(path: Path): Path[] {
    this.#sources ??= [...this.#all().keys()].sort(compareText);
    return within(this.#sources, path);
  }

  all(): string[] {
    return [...this.#all().values()].flatMap((users) => [...users]);
  }

  #all(): ReadonlyMap<Path, Iterable<string>> {
    this.load(Number.POSITIVE_INFINITY);
    return this.#users;
  }

  #add(source: Path, user: string): void {
    const users = this.#setAt(source);
    if (users !== undefined) {
      users.add(user);
      return;
    }
    this.#users.set(source, [user]);
    if (this.#sources !== undefined) insert(this.#sources, source);
  }

  #remove(source: Path, user: string): void {
    const users = this.#setAt(source);
    if (users === undefined || !users.delete(user) || users.size > 0) return;
    this.#users.delete(source);
    if (this.#sources !== undefined) remove(this.#sources, source);
  }

  #setAt(source: Path): Set<string> | undefined {
    let users = this.#users.get(source);
    if (Array.isArray(users)) {
      users = new Set(users);
      this.#users.set(source, users);
    }
    return users;
  }
}

const none: readonly string[] = [];
