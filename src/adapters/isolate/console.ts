// `console` as functions of the isolate tier get it: texts to the log of the call under way. Values are shown as JSON,
// by code of this file and of the value only: Node's own way of showing values hands them objects of the host.

import { Bytes } from './bytes.ts';

/** Takes one text; false when the log is full. */
export type Sink = (stream: 0 | 1, text: string) => boolean;

const toOutput = ['log', 'info', 'debug', 'dir', 'table', 'group'];
const toError = ['warn', 'error', 'trace'];
const ignored = ['groupEnd', 'time', 'timeEnd', 'timeLog', 'count', 'countReset'];

export function consoleOver(sink: Sink): Readonly<Record<string, unknown>> {
  const write = (stream: 0 | 1, values: readonly unknown[]): void => {
    const text = values.map(shown).join(' ');
    if (!sink(stream, text)) throw new RangeError('The log of this call is full');
  };
  const writer =
    (stream: 0 | 1) =>
    (...values: unknown[]) =>
      write(stream, values);
  return {
    ...Object.fromEntries(toOutput.map((name) => [name, writer(0)])),
    ...Object.fromEntries(toError.map((name) => [name, writer(1)])),
    ...Object.fromEntries(ignored.map((name) => [name, () => undefined])),
    assert: (condition: unknown, ...values: unknown[]) => {
      if (!condition) write(1, ['Assertion failed:', ...values]);
    },
  };
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Bytes) return `<Buffer ${value.toString('hex')}>`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A cycle, or a value that throws when it is looked at.
    return Object.prototype.toString.call(value);
  }
}
