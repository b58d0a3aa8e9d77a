// What the command line asks of whoever keeps the servers it knows. A context is a server with a token; one of them may be
// current, and is then worked with instead of a data folder.

export interface ContextLine {
  readonly name: string;
  /** `http://host:port`, without a path. */
  readonly server: string;
  readonly token: string;
  /** The one worked in unless told otherwise; absent: the one that has the token. */
  readonly workspace?: string;
  /** The token was made by logging in with a browser, and is of this context alone. */
  readonly isLogin?: true;
}

export interface Contexts {
  list(): { readonly current: string | null; readonly contexts: readonly ContextLine[] };
  /** Adds one or takes its place, and makes it the current one. */
  put(context: ContextLine): void;
  /** null: none, back to data folders. */
  use(name: string | null): void;
  /** False: there is none of that name. */
  remove(name: string): boolean;
}

/** A server to work with. */
export interface ServerTarget {
  readonly server: string;
  readonly token: string;
  readonly workspace?: string;
}
