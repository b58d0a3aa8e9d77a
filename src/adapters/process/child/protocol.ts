// What the adapter and its child say to each other. Downwards one JSON text on standard input, then its end. Upwards, on
// descriptor 3, lines: `ready` once, then frames `TOKEN LETTER PAYLOAD`. The token is made for one run and comes with the
// order, so that whatever user code or a command writes anywhere is no frame.

/** One function to run, by name and text. */
export interface OrderedFunction {
  readonly name: string;
  readonly script: string;
}

/** What the child is to do. Holds secrets: it is on the pipe and in the memory of the child, nowhere else. */
export interface Order {
  readonly token: string;
  readonly main: OrderedFunction;
  /** JSON text. */
  readonly input: string;
  /** To run first, in order; `secret` is JSON text. */
  /** The function is one of kind authentication, on trial: it writes to the storage. */
  readonly writes: boolean;
  readonly authentication: readonly (OrderedFunction & {
    readonly secret: string;
    /** Items and variables whose values are no secrets. */
    readonly plain: readonly string[];
  })[];
  /** The commands that siExec may start. */
  readonly commands: readonly string[];
  /** The unix socket of the proxy, as the child sees it; null: no network. */
  readonly proxy: string | null;
  /** UTF-8 bytes of the result. */
  readonly outputBytes: number;
  readonly leftMax: LeftMax;
}

/** Bounds of what authentication functions leave: what is over them cannot be redacted. */
export interface LeftMax {
  /** UTF-8 bytes in requestStorage and variables, as many in global names, and as many in files. */
  readonly bytes: number;
  /** Objects in one value. */
  readonly parts: number;
  readonly files: number;
}

export const readyLine = 'ready';

/** Frames: the order is taken, what authentication left and that it has ended, log lines of the two streams, peak memory, the result, nothing returned, a failure. */
export const frame = {
  /** No payload. Without it no code of the order has run, and another child may get the order. */
  begun: 'b',
  /** A JSON list of texts that authentication functions left behind. */
  left: 'l',
  /** No payload: all of them have ended, and everything that they left was told. */
  authenticated: 'a',
  /** A JSON string, one line of the log. */
  output: 'o',
  error: 'e',
  /** Bytes, decimal. */
  peak: 'm',
  /** The JSON text of the result. */
  value: 'v',
  /** No payload: main returned undefined. */
  nothing: 'n',
  /** JSON of a `ChildFailure`. */
  failure: 'f',
} as const;

export type ChildFailureCode =
  | 'threw'
  | 'result_invalid'
  | 'timed_out'
  | 'out_of_memory'
  | 'output_too_large'
  | 'not_compiled'
  | 'refused_by_sandbox'
  | 'authentication_failed';

export interface ChildFailure {
  readonly code: ChildFailureCode;
  readonly message: string;
  readonly at?: { readonly line: number; readonly column: number };
}

/** Where the child finds things; the adapter puts them there. */
export const inside = {
  /** Node, this program and its packages, read only. */
  program: '/hw',
  /** The private folders, gone with the run. */
  work: '/work',
  home: '/home/run',
  /** The folder of the proxy's socket. */
  net: '/hw-net',
  path: '/usr/local/bin:/usr/bin:/bin',
} as const;

/** The code of errors that the child's own names throw when something is not allowed. */
export const refusedCode = 'refused_by_sandbox';

/** Header of a CONNECT for a unix socket of the machine: its path, percent-encoded. */
export const socketHeader = 'headwater-socket';
