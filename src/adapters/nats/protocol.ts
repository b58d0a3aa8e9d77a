// What engines and runners say to each other over NATS: the subjects, and the form of each message. The queue holds *slips*:
// that there is a run, and for one which only computes and is small the request too. Everything else goes past the disk,
// between the runner that took a slip and the engine that wrote it. A message that cannot be read is nobody's.
//
// A frame is a line of JSON and, behind it, bytes; what is larger than a message goes in several parts.

import type { RunId } from '../../base/ids.ts';
import { isObject } from '../../base/json.ts';
import type { Priority } from '../../dispatch/strand.ts';
import { type RunLogLine, runFailures, type Tier } from '../../model/run.ts';
import type { PoolDemand, RunCode, Runner, RunReport, RunRequest } from '../../ports/runner.ts';

/**
 * 1: slips, claims, events in batches, signs of life. 2: a queue for each priority. A runner of 1 would never ask two of the three
 * queues, one of 2 none that an engine of 1 makes; each is room to the other's engine for what it never takes.
 */
export const protocolVersion = 2;

export const tiers: readonly Tier[] = ['isolate', 'process'];

/** What has a queue of its own. */
export interface QueueOf {
  readonly tier: Tier;
  readonly pool: string;
  readonly priority: Priority;
}

/** Subjects and names of an installation. */
export function namesOf(installation: string) {
  const root = `headwater.${installation}`;
  return {
    /** Runners say that they are there. */
    hello: `${root}.hello`,
    /** Engines ask who is there. */
    call: `${root}.call`,
    /** Engines say which calls nobody wants any more. */
    unwanted: `${root}.unwanted`,
    /** Engines say to each other what they want of the pools. */
    engines: `${root}.engines`,
    runner: (instance: string) => `${root}.runner.${instance}`,
    claim: (node: string) => `${root}.node.${node}.claim`,
    held: (node: string) => `${root}.node.${node}.held`,
    events: (node: string) => `${root}.node.${node}.events`,
    queue: ({ tier, pool, priority }: QueueOf) => `${root}.queue.${tier}.${pool}.${priority}`,
    stream: ({ tier, pool, priority }: QueueOf) => `headwater_${installation}_${tier}_${pool}_${priority}`,
    consumer: 'runners',
  };
}
export type Names = ReturnType<typeof namesOf>;

/** A request as it travels: the queue in front of the runners is left behind. */
export type SentRequest = Omit<RunRequest, 'turn'>;

export interface SlipRun {
  readonly id: RunId;
  /** How often it was put into the queue, from 1. */
  readonly placing: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Absent: it is asked for. */
  readonly request?: Omit<SentRequest, 'code'> & { readonly code: RunCode['hash'] };
}

/** One message of a queue. */
export interface Slip {
  readonly node: string;
  /** The engine's public key, base64: what comes out of runs with effects is sealed to it. */
  readonly key: string;
  readonly leaseMs: number;
  readonly runs: readonly SlipRun[];
  /** Scripts by hash. */
  readonly codes: Readonly<Record<string, string>>;
}

export interface Hello {
  readonly version: number;
  /** Of this process alone. */
  readonly instance: string;
  readonly name: string;
  readonly pool: string;
  readonly tiers: Readonly<Partial<Record<Tier, Pick<Runner, 'capacity' | 'confinement'>>>>;
  /** It takes nothing more, and ends what it has. */
  readonly isLeaving: boolean;
}

export interface Claim {
  readonly instance: string;
  readonly name: string;
  /** base64; the request is sealed to it. */
  readonly key: string;
  readonly run: RunId;
  /** From 0. */
  readonly part: number;
}

export type ClaimAnswer =
  | { readonly is: 'granted'; readonly parts: number }
  /** Another runner has it, or nobody wants it any more. */
  | { readonly is: 'gone' };

export interface Held {
  readonly instance: string;
  readonly runs: readonly RunId[];
}

/** What an engine says to the others. */
export interface EngineWord {
  readonly version: number;
  readonly node: string;
  /** By pool (`TIER/POOL`); one that is not named is not wanted. */
  readonly pools: Readonly<Record<string, PoolDemand>>;
  /** It wants nothing more. */
  readonly isLeaving: boolean;
}

/** Which of them it has lost, and which are to be ended. */
export interface HeldAnswer {
  readonly lost: readonly RunId[];
  readonly unwanted: readonly RunId[];
}

/** What a runner tells of runs: in order, each once. `attempt`: a later delivery of its slip has a higher one. */
export type RunEvent = { readonly run: RunId; readonly attempt: number } & (
  | { readonly is: 'started'; readonly atMs: number }
  | { readonly is: 'log'; readonly line: RunLogLine }
  | { readonly is: 'left'; readonly texts: readonly string[] }
  | { readonly is: 'authenticated' }
  | { readonly is: 'ended'; readonly report: RunReport }
  /** The runner could not run it: what it threw. */
  | { readonly is: 'fault'; readonly message: string }
);

/** Head of a part of a batch of events. */
export interface BatchHead {
  readonly instance: string;
  /** Of one sender alone. */
  readonly channel: string;
  /** From 1 in its channel. */
  readonly batch: number;
  readonly part: number;
  readonly parts: number;
  readonly isSealed: boolean;
}

/** `from`: the part to go on with, where another one was expected. */
export type BatchAnswer = { readonly is: 'taken' } | { readonly is: 'again'; readonly from: number };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const bytesOf = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** A batch of events, each as `bytesOf` gives it. */
export function batchOf(events: readonly Uint8Array[]): Uint8Array {
  const listed = events.flatMap((event, at) => (at === 0 ? [event] : [comma, event]));
  return Buffer.concat([encoder.encode('{"events":['), ...listed, encoder.encode(']}')]);
}
const comma = Uint8Array.of(44);

/** What a message says; undefined: it is no object of JSON. Its members are what the version promises. */
export function read<T>(bytes: Uint8Array): T | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (e) {
    if (e instanceof SyntaxError) return undefined;
    throw e;
  }
  return isObject(value as never) ? (value as T) : undefined;
}

/** The events of a batch, without those that are none; undefined: it is no batch. */
export function readBatch(bytes: Uint8Array): readonly RunEvent[] | undefined {
  const events = read<{ events: unknown }>(bytes)?.events;
  return Array.isArray(events) ? events.filter(isEvent) : undefined;
}

/** Has it what whoever hears of it relies on? */
function isEvent(event: unknown): event is RunEvent {
  if (!isObject(event) || typeof event.run !== 'string' || !Number.isFinite(event.attempt)) return false;
  switch (event.is as RunEvent['is']) {
    case 'started':
      return Number.isFinite(event.atMs);
    case 'log':
      return isLine(event.line);
    case 'left':
      return isTexts(event.texts);
    case 'authenticated':
      return true;
    case 'ended':
      return isReport(event.report);
    case 'fault':
      return typeof event.message === 'string';
    default:
      return false;
  }
}

function isLine(line: unknown): boolean {
  if (!isObject(line) || !Number.isFinite(line.seq) || !Number.isFinite(line.atMs)) return false;
  return (line.stream === 'output' || line.stream === 'error') && typeof line.text === 'string';
}

function isReport(report: unknown): boolean {
  if (!isObject(report) || !isObject(report.outcome) || typeof report.runner !== 'string') return false;
  const { outcome, tookMs, peakMemoryBytes, exit } = report;
  if (!Number.isFinite(tookMs) || (peakMemoryBytes !== null && !Number.isFinite(peakMemoryBytes))) return false;
  if (exit !== null && typeof exit !== 'string') return false;
  if (outcome.ok === true) return outcome.value === undefined || typeof outcome.value === 'string';
  return (
    outcome.ok === false && Object.hasOwn(runFailures, String(outcome.code)) && typeof outcome.message === 'string'
  );
}

/** Who says something: part of the subject at which he is answered. */
export const isInstance = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-z]{1,64}$/.test(text);

export const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

export function frameOf(head: unknown, body: Uint8Array): Uint8Array {
  return Buffer.concat([bytesOf(head), newline, body]);
}
const newline = Uint8Array.of(10);

export function readFrame<T>(bytes: Uint8Array): { readonly head: T; readonly body: Uint8Array } | undefined {
  const end = bytes.indexOf(10);
  const head = end === -1 ? undefined : read<T>(bytes.subarray(0, end));
  return head && { head, body: bytes.subarray(end + 1) };
}

/** At least one. */
export function partsOf(bytes: Uint8Array, partBytes: number): number {
  return Math.max(1, Math.ceil(bytes.length / partBytes));
}

export const partAt = (bytes: Uint8Array, partBytes: number, part: number): Uint8Array =>
  bytes.subarray(part * partBytes, (part + 1) * partBytes);

/** Bytes of a part, with room for the head and what NATS adds. */
export const partBytesOf = (payloadBytesMax: number, wanted: number): number =>
  Math.min(wanted, Math.max(1_024, payloadBytesMax - 4_096));
