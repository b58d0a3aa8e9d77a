// What the cloud is asked to do wrong, by `POST /_control`: fail or drop the n-th request of a kind, be slow, throttle.
// Rules are of the running process; what a rule decided for a request that was accepted is written with the request.

import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { type FailureName, failureStatus, type HandlerCode, handlerCodes } from './outcome.ts';

const operations = ['CREATE', 'UPDATE', 'DELETE', 'READ', 'LIST', 'STATUS'] as const;
export type RuleOperation = (typeof operations)[number];

export interface Rule {
  /** Which requests; absent: all. */
  readonly operation?: RuleOperation;
  readonly type?: string;
  /** The first one that it is for, counted from 1 among those that match since it was set. */
  readonly nth: number;
  /** How many of them in a row. */
  readonly times: number;
  /** A code of a progress event, or the name of an exception that is answered; before or after the effect. */
  readonly fail?: {
    readonly code: HandlerCode | FailureName;
    readonly when: 'before' | 'after';
    readonly message: string;
  };
  /** Longer until it is carried out, or until it is answered where nothing is carried out. */
  readonly delayMs: number;
  /** The connection ends without an answer, before or after acting. */
  readonly drop?: 'before' | 'after';
}

export interface Throttle {
  readonly perSecond: number;
  readonly burst: number;
}

export type LatencyMs = { readonly [operation in RuleOperation]?: number };

/** What a control document may set; what it leaves out stays as it is. */
export interface Control {
  readonly rules?: readonly Rule[];
  readonly throttle?: Throttle | null;
  readonly latencyMs?: LatencyMs;
  /** Sessions of roles last no longer, whatever was asked for; null: as long as was asked for. */
  readonly sessionSecondsMax?: number | null;
}

/** What all rules together have for one request. */
export interface Verdict {
  readonly fail?: NonNullable<Rule['fail']>;
  readonly drop?: 'before' | 'after';
  readonly delayMs: number;
}

export class ControlRules {
  #rules: { readonly rule: Rule; seen: number }[] = [];
  #throttle: Throttle | undefined;
  #latencyMs: LatencyMs;
  #tokens = 0;
  #filledMs = 0;
  #sessionSecondsMax = Number.POSITIVE_INFINITY;

  constructor(latencyMs: LatencyMs, throttle: Throttle | undefined, nowMs: number) {
    this.#latencyMs = latencyMs;
    this.#setThrottle(throttle, nowMs);
  }

  set(control: Control, nowMs: number): void {
    if (control.rules !== undefined) this.#rules = control.rules.map((rule) => ({ rule, seen: 0 }));
    if (control.latencyMs !== undefined) this.#latencyMs = { ...this.#latencyMs, ...control.latencyMs };
    if (control.throttle !== undefined) this.#setThrottle(control.throttle ?? undefined, nowMs);
    if (control.sessionSecondsMax !== undefined)
      this.#sessionSecondsMax = control.sessionSecondsMax ?? Number.POSITIVE_INFINITY;
  }

  get sessionSecondsMax(): number {
    return this.#sessionSecondsMax;
  }

  #setThrottle(throttle: Throttle | undefined, nowMs: number): void {
    this.#throttle = throttle;
    this.#tokens = throttle?.burst ?? 0;
    this.#filledMs = nowMs;
  }

  /** Counts one request of a kind and says what is to become of it; the first rule that says something decides. */
  judge(operation: RuleOperation, type: string | undefined): Verdict {
    let verdict: Verdict = { delayMs: this.#latencyMs[operation] ?? 0 };
    for (const counted of this.#rules) {
      const { rule } = counted;
      if (rule.operation !== undefined && rule.operation !== operation) continue;
      if (rule.type !== undefined && rule.type !== type) continue;
      counted.seen++;
      if (counted.seen < rule.nth || counted.seen >= rule.nth + rule.times) continue;
      const { fail, drop } = { ...rule, ...verdict };
      verdict = {
        delayMs: verdict.delayMs + rule.delayMs,
        ...(fail === undefined ? {} : { fail }),
        ...(drop === undefined ? {} : { drop }),
      };
    }
    return verdict;
  }

  /** Takes one call from the bucket. Seconds to wait when there is none left; undefined when it may pass. */
  throttled(nowMs: number): number | undefined {
    const throttle = this.#throttle;
    if (throttle === undefined) return undefined;
    const gained = (Math.max(0, nowMs - this.#filledMs) / 1_000) * throttle.perSecond;
    this.#tokens = Math.min(throttle.burst, this.#tokens + gained);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return Math.max(1, Math.ceil((1 - this.#tokens) / throttle.perSecond));
    this.#tokens--;
    return undefined;
  }

  show(): Json {
    return {
      rules: this.#rules.map(({ rule, seen }) => ({ ...(rule as unknown as JsonObject), seen })),
      throttle: (this.#throttle as Json | undefined) ?? null,
      latencyMs: this.#latencyMs as Json,
      sessionSecondsMax: Number.isFinite(this.#sessionSecondsMax) ? this.#sessionSecondsMax : null,
    };
  }
}

const members = ['rules', 'throttle', 'latencyMs', 'sessionSecondsMax'] as const satisfies (keyof Control)[];

/** A control document from outside; a text says what is wrong with it. */
export function parseControl(x: Json): Control | string {
  if (!isObject(x)) return `expected an object with any of ${members.join(', ')}`;
  const stray = strayOf(x, members);
  if (stray !== undefined) return stray;
  const control: { -readonly [M in keyof Control]: Control[M] } = {};
  if (x['rules'] !== undefined) {
    if (!Array.isArray(x['rules'])) return 'rules: expected a list';
    const rules: Rule[] = [];
    for (const [i, given] of x['rules'].entries()) {
      const rule = parseRule(given as Json);
      if (typeof rule === 'string') return `rules/${i}: ${rule}`;
      rules.push(rule);
    }
    control.rules = rules;
  }
  if (x['throttle'] !== undefined) {
    const throttle = parseThrottle(x['throttle']);
    if (typeof throttle === 'string') return `throttle: ${throttle}`;
    control.throttle = throttle;
  }
  if (x['latencyMs'] !== undefined) {
    const latency = parseLatency(x['latencyMs']);
    if (typeof latency === 'string') return `latencyMs: ${latency}`;
    control.latencyMs = latency;
  }
  const seconds = x['sessionSecondsMax'];
  if (seconds !== undefined) {
    if (seconds !== null && !isCount(seconds)) return 'sessionSecondsMax: expected a whole number from 0, or null';
    control.sessionSecondsMax = seconds;
  }
  return control;
}

function parseRule(x: Json): Rule | string {
  if (!isObject(x)) return 'expected an object';
  const stray = strayOf(x, ['operation', 'type', 'nth', 'times', 'fail', 'delayMs', 'drop']);
  if (stray !== undefined) return stray;
  const { operation, type, nth = 1, times = 1, delayMs = 0, drop } = x;
  if (operation !== undefined && !operations.some((o) => o === operation)) return oneOf('operation', operations);
  if (type !== undefined && typeof type !== 'string') return 'type: expected the name of a type';
  if (!isCount(nth) || nth < 1) return 'nth: expected a whole number from 1';
  if (!isCount(times) || times < 1) return 'times: expected a whole number from 1';
  if (!isCount(delayMs)) return 'delayMs: expected a whole number from 0';
  if (drop !== undefined && !isMoment(drop)) return oneOf('drop', moments);
  const fail = x['fail'] === undefined ? undefined : parseFail(x['fail']);
  if (typeof fail === 'string') return `fail: ${fail}`;
  return {
    nth,
    times,
    delayMs,
    ...(operation === undefined ? {} : { operation: operation as RuleOperation }),
    ...(type === undefined ? {} : { type }),
    ...(fail === undefined ? {} : { fail }),
    ...(drop === undefined ? {} : { drop }),
  };
}

function parseFail(x: Json): NonNullable<Rule['fail']> | string {
  if (!isObject(x)) return 'expected an object with a code';
  const stray = strayOf(x, ['code', 'when', 'message']);
  if (stray !== undefined) return stray;
  const { code, when = 'before', message = 'asked for by a rule' } = x;
  const known = typeof code === 'string' && (isHandlerCode(code) || Object.hasOwn(failureStatus, code));
  if (!known) return oneOf('code', [...handlerCodes, ...Object.keys(failureStatus)]);
  if (!isMoment(when)) return oneOf('when', moments);
  if (typeof message !== 'string') return 'message: expected text';
  return { code: code as HandlerCode | FailureName, when, message };
}

function parseThrottle(x: Json): Throttle | null | string {
  if (x === null) return null;
  if (!isObject(x)) return 'expected an object with perSecond and burst, or null';
  const stray = strayOf(x, ['perSecond', 'burst']);
  if (stray !== undefined) return stray;
  const { perSecond, burst = perSecond } = x;
  if (typeof perSecond !== 'number' || !(perSecond > 0)) return 'perSecond: expected a number above 0';
  if (typeof burst !== 'number' || !(burst >= 1)) return 'burst: expected a number from 1';
  return { perSecond, burst };
}

function parseLatency(x: Json): LatencyMs | string {
  if (isCount(x)) return { CREATE: x, UPDATE: x, DELETE: x };
  if (!isObject(x)) return 'expected milliseconds, or an object of them by operation';
  const stray = strayOf(x, operations);
  if (stray !== undefined) return stray;
  for (const [name, ms] of Object.entries(x)) if (!isCount(ms)) return `${name}: expected a whole number from 0`;
  return x as LatencyMs;
}

/** Both a code of progress events and the name of an exception: the code is meant. */
export function isHandlerCode(code: string): code is HandlerCode {
  return handlerCodes.some((c) => c === code);
}

const moments = ['before', 'after'] as const;
function isMoment(x: Json): x is 'before' | 'after' {
  return x === 'before' || x === 'after';
}

/** The largest wait of a timer. */
const countMax = 2_147_483_647;
function isCount(x: Json): x is number {
  return typeof x === 'number' && Number.isInteger(x) && x >= 0 && x <= countMax;
}

function strayOf(x: JsonObject, known: readonly string[]): string | undefined {
  const stray = Object.keys(x).find((name) => !known.includes(name));
  return stray === undefined ? undefined : `${stray} is not one of ${known.join(', ')}`;
}

function oneOf(name: string, values: readonly string[]): string {
  return `${name}: expected one of ${values.join(', ')}`;
}
