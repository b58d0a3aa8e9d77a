// What crosses between the store and the thread that writes its second file: jobs one way, replies the other. Plain lists
// of texts and numbers, because copying an object costs several times what copying its texts does.

import type { FaultCode } from '../../../base/codes.ts';
import type { Hash, WorkspaceId } from '../../../base/ids.ts';
import { Fault } from '../../../base/result.ts';
import type { RunColumn } from '../../../model/run_row.ts';

/** Columns of a log line. */
export const logColumns = 5;

export type RunJob = { readonly workspace: WorkspaceId } & (
  | { readonly kind: 'runs'; readonly columns: readonly RunColumn[] }
  /** Run, number, time, stream, text as JSON; one after another. */
  | { readonly kind: 'log'; readonly columns: readonly (string | number)[] }
  | { readonly kind: 'prune'; readonly endedBeforeMs: number; readonly keepCount: number }
  | {
      readonly kind: 'memo';
      readonly hashes: readonly Hash[];
      readonly texts: readonly string[];
      readonly bytesMax: number;
      /** Numbers of old entries that were asked for. */
      readonly asked: readonly number[];
    }
  | { readonly kind: 'clearMemo' }
  /** Answers a `MadeFilter`. */
  | { readonly kind: 'memoFilter' }
);

export type ThreadMessage = { readonly number: number; readonly job: RunJob } | { readonly close: true };

export interface ThreadData {
  readonly file: string;
  readonly fileBytesMax: number | undefined;
}

export type Reply = { readonly number: number } & (
  | { readonly value: unknown }
  | { readonly fault: { readonly code: FaultCode; readonly message: string; readonly data: unknown } }
);

/** A fault as data: errors lose their class and code on the way between threads. */
export function packFault(fault: Fault): { code: FaultCode; message: string; data: unknown } {
  return { code: fault.code, message: fault.message.slice(fault.code.length + 2), data: fault.data };
}

export function unpackFault(packed: { code: FaultCode; message: string; data: unknown }): Fault {
  return new Fault(packed.code, packed.message, packed.data);
}
