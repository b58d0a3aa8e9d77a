import type { Json } from '../../base/json.ts';
import { type Result } from '../../base/result.ts';
export type Params = {
  readonly [name: string]: Json | undefined;
};
/** What the command line needs from where it runs. */
export interface Surroundings {
  connect(
    folder: string,
    progress: (line: string) => void,
  ): Promise<{
    call(operation: string, params: Params): Promise<Result<unknown>>;
    close(): Promise<void>;
  }>;
  restore(from: string, to: string): Promise<void> | void;
}
/** What a command gets. */
export interface Session {
  /** Carries out an operation; a refusal ends the command. */
  call<T>(operation: string, params?: Params): Promise<T>;
  /** The same, but the refusal is handed back. */
  attempt<T>(operation: string, params?: Params): Promise<Result<T>>;
  /** The change set given, or a new one that is opened and named on standard error. */
  changeSet(given: string | undefined, name: string): Promise<string>;
  readonly json: boolean;
  readonly dataFolder: string;
  /** Prints `value` with --json, the lines otherwise. */
  print(value: unknown, lines: () => readonly string[]): void;
  readonly surroundings: Surroundings;
}
export type Run = (label: string, body: (s: Session) => Promise<number | undefined>) => Promise<void>;
/** Runs one command line and answers the exit code. */
export declare function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number>;
