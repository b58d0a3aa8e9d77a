// Printing: JSON alone on standard output with --json, text for people otherwise; colours only on a terminal; a progress
// display on standard error for anything over a second.

import { setImmediate } from 'node:timers/promises';
import { styleText } from 'node:util';
import type { Ora } from 'ora';
import { escapedText } from '../../base/plain_text.ts';

type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Text in a style when standard output is a terminal that wants colour. */
export function paint(style: Style, text: string): string {
  const plain = !process.stdout.isTTY || process.env['NO_COLOR'] !== undefined;
  return plain ? text : styleText(style, text);
}

const marks = { Added: '+', Modified: '~', Removed: '-', Replaced: '-/+' } as const;

export function mark(status: 'Added' | 'Modified' | 'Removed'): string {
  const style = { Added: 'green', Modified: 'yellow', Removed: 'red' } as const;
  return paint(style[status], marks[status]);
}

const reader = new AbortController();
/** Aborted once nobody takes what is printed: that ends what would follow for ever. Whatever else was asked for is done. */
export const readerGone: AbortSignal = reader.signal;
export const readerLeft = (): void => reader.abort();

/** After what was printed: whether anybody took it. */
export async function isRead(): Promise<boolean> {
  await setImmediate();
  return !readerGone.aborted;
}

// What `styleText` writes for the styles above; ends of lines, also those of Windows, and tabs.
const painted = /\x1b\[(?:1|2|22|3[1236]|39)m/;
const layout = /\r?\n|\r$|\t/;
const shown = new RegExp(`${painted.source}|${layout.source}`);

/** A line for a terminal: what names and values of others would have it do is shown instead. Others get every text as it is. */
export function forTerminal(line: string): string {
  return process.stdout.isTTY ? escapedText(line, shown) : line;
}

/** A line on standard error, which holds no document. */
export function note(line: string): void {
  process.stderr.write(`${escapedText(line, shown)}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Rows as aligned columns, a line each; the last column is not padded. */
export function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map((cell) => escapedText(cell, painted)));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

const quietMs = 1_000;

export interface Progress {
  readonly step: (line: string) => void;
  readonly stop: () => void;
}

/** A display that appears after a second: a spinner on a terminal, a line every step elsewhere. */
export function startProgress(label: string): Progress {
  let [latest, isOver]: [string, boolean] = [label, false];
  let spinner: Ora | undefined;
  // Loaded when there is something to wait for: most commands end before.
  const spin = async (): Promise<void> => {
    const { default: ora } = await import('ora');
    if (!isOver) spinner = ora({ text: escapedText(latest), stream: process.stderr }).start();
  };
  const timer = setTimeout(() => {
    if (process.stderr.isTTY) void spin();
    else note(`${latest} …`);
  }, quietMs);
  const startedMs = Date.now();
  return {
    step: (line) => {
      latest = `${label}: ${line}`;
      if (Date.now() - startedMs < quietMs) return;
      if (!process.stderr.isTTY) note(`${latest} …`);
      else if (spinner !== undefined) spinner.text = escapedText(latest);
    },
    stop: () => {
      isOver = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}
