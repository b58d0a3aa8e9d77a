// Opaque texts in columns of type text, which hold any character but NUL. A text with a NUL, or that begins as an escaped one
// does, is escaped: it begins with U+0001, and in it U+0001 and NUL are two characters each. The column depends on the text
// alone, so equality in SQL still works. A text with a lone surrogate has no UTF-8 form; it is refused instead of being silently changed.

import { Fault } from '../../base/result.ts';

/** Method of ES2024 that every supported Node has. */
type MaybeIllFormed = { isWellFormed(): boolean };

const mark = '\u0001';

export function toColumn(text: string): string {
  if (!(text as unknown as MaybeIllFormed).isWellFormed())
    throw new Fault('store_failed', 'a text with a lone surrogate cannot be stored');
  if (!text.includes('\0') && !text.startsWith(mark)) return text;
  return mark + text.replaceAll(mark, `${mark}1`).replaceAll('\0', `${mark}0`);
}

export function fromColumn(column: string): string {
  if (!column.startsWith(mark)) return column;
  return column.slice(1).replaceAll(/\u0001([01])/g, (_, which: string) => (which === '0' ? '\0' : mark));
}

/** To order by what the texts of a column are, however they are escaped: those without a NUL first, each by their bytes. */
export function inOrderOfText(column: string): string {
  const escaped = `substr(${column}, 2)`;
  // In what is escaped a U+0001 begins two characters. To compare, U+0001 becomes two, NUL two that come before them.
  return `(${column} like E'\\x01%' and position(E'\\x010' in ${escaped}) > 0), case when ${column} like E'\\x01%'
    then replace(replace(${escaped}, E'\\x011', E'\\x01\\x02'), E'\\x010', E'\\x01\\x01')
    else replace(${column}, E'\\x01', E'\\x01\\x02') end collate "C"`;
}
