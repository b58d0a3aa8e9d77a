// Journals of one line of JSON an entry, numbered from 1, of which the first says the format. A last line that is torn was never
// acted on and does not count; anything else that does not belong where it stands is damage. Whoever keeps such a file
// writes and syncs it; here it is only read.

import { isObject } from './json.ts';
import { Fault } from './result.ts';

export type NumberedLine<E> = E & { readonly number: number };

/**
 * The entries, and the byte behind the last whole one. `decode`: UTF-8 to text. Faults: `store_damaged`, `store_version`.
 */
export function readNumberedLines<E extends { readonly kind: string }>(
  bytes: Uint8Array,
  of: { readonly path: string; readonly format: number; readonly decode: (bytes: Uint8Array) => string },
): { readonly entries: NumberedLine<E>[]; readonly end: number } {
  const { path, format, decode } = of;
  const entries: NumberedLine<E>[] = [];
  let end = 0;
  for (;;) {
    const newline = bytes.indexOf(0x0a, end);
    if (newline === -1) return { entries, end };
    const entry = entryOf<E>(decode(bytes.subarray(end, newline)), entries.length + 1);
    if (entry === undefined) {
      if (newline === bytes.length - 1) return { entries, end };
      throw new Fault('store_damaged', `line ${entries.length + 1} of ${path} is not the entry that belongs there`);
    }
    const written = (entry as { readonly format?: unknown }).format;
    if (entry.kind === 'opened' && written !== format)
      throw new Fault('store_version', `${path} has format ${String(written)}; this release reads ${format}`);
    entries.push(entry);
    end = newline + 1;
  }
}

function entryOf<E>(line: string, number: number): NumberedLine<E> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value['number'] !== number || (number === 1) !== (value['kind'] === 'opened'))
    return undefined;
  return value as unknown as NumberedLine<E>;
}
