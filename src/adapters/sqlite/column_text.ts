// Opaque texts in columns. They are stored as SQLite TEXT (UTF-8), which both bindings read fastest, with one exception:
// a text with a NUL is stored as a BLOB of the same bytes, because binding it as TEXT would cut it there. Columns that
// hold opaque text are therefore declared ANY. The encoding depends on the text alone, so equality in SQL still works.
// A text with a lone surrogate has no UTF-8 form; it is refused instead of being silently changed.

import { Fault } from '../../base/result.ts';

/** Method of ES2024 that every supported Node has. */
type MaybeIllFormed = { isWellFormed(): boolean };

export function isStorable(text: string): boolean {
  return (text as unknown as MaybeIllFormed).isWellFormed();
}

export function toColumn(text: string): string | Uint8Array {
  if (!isStorable(text)) throw new Fault('store_failed', 'a text with a lone surrogate cannot be stored');
  return text.includes('\0') ? Buffer.from(text, 'utf8') : text;
}

export function fromColumn(value: string | Uint8Array): string {
  if (typeof value === 'string') return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
}
