// What the engine tells of its work, as OpenTelemetry spans and Prometheus metrics. Spans cost next to nothing while nobody has
// asked for traces (traces.ts): the API package then has no one to hand them to.

import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { Counter, Histogram, Registry } from 'prom-client';
import type { Attributes, Observer, SpanName } from '../../ports/observer.ts';

export interface Metrics {
  readonly observer: Observer;
  readonly registry: Registry;
  /** A request over HTTP was answered. */
  answered(route: string, method: string, status: number, ms: number): void;
}

const msBuckets = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

export function openMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const commitMs = new Histogram({
    name: 'headwater_commit_duration_milliseconds',
    help: 'From when a commit is queued until it is durable.',
    labelNames: ['won'],
    buckets: msBuckets,
    registers,
  });
  const outcomes = new Counter({
    name: 'headwater_transform_outcomes_total',
    help: 'Lines on receipts of merges, by rule.',
    labelNames: ['rule'],
    registers,
  });
  const runMs = new Histogram({
    name: 'headwater_run_duration_milliseconds',
    help: 'Runs of functions, from their start to their end.',
    labelNames: ['tier', 'outcome'],
    buckets: msBuckets,
    registers,
  });
  const stepMs = new Histogram({
    name: 'headwater_step_duration_milliseconds',
    help: 'Steps of the engine’s work.',
    labelNames: ['step'],
    buckets: msBuckets,
    registers,
  });
  const requestMs = new Histogram({
    name: 'headwater_http_request_duration_milliseconds',
    help: 'Requests over HTTP.',
    labelNames: ['route', 'method', 'status'],
    buckets: msBuckets,
    registers,
  });
  const tracer = trace.getTracer('headwater');
  const span = <T>(name: SpanName, attributes: Attributes, body: () => Promise<T>): Promise<T> => {
    const since = performance.now();
    const named = Object.fromEntries(Object.entries(attributes).map(([k, v]) => [`headwater.${k}`, v]));
    return tracer.startActiveSpan(name, { attributes: named }, async (s) => {
      try {
        return await body();
      } catch (e) {
        failed(s, e);
        throw e;
      } finally {
        s.end();
        stepMs.observe({ step: name }, performance.now() - since);
      }
    });
  };
  return {
    registry,
    observer: {
      span,
      committed: (ms, won) => commitMs.observe({ won: String(won) }, ms),
      merged: (rules) => {
        for (const rule of rules) outcomes.inc({ rule });
      },
      ran: (tier, outcome, ms) => runMs.observe({ tier, outcome }, ms),
    },
    answered: (route, method, status, ms) => requestMs.observe({ route, method, status: String(status) }, ms),
  };
}

function failed(s: Span, e: unknown): void {
  s.setStatus({ code: SpanStatusCode.ERROR, message: e instanceof Error ? e.name : 'thrown' });
}
