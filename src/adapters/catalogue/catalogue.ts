// The catalogue port over a compact catalogue on disk. Opening reads the index: names, summaries and places. Loading a
// type reads its slice of the data file and nothing else; the last few documents are kept, because a type that was
// described is likely to be installed next. No file stays open, so there is nothing to close. The documents handed out
// are shared: treat them as frozen.

import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compareText } from '../../base/json.ts';
import { Fault } from '../../base/result.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Catalogue, CatalogueEntry } from '../../ports/catalogue.ts';
import { type IndexRow, indexFileName, parseIndex, unpackType } from './pack.ts';

/** Documents kept after loading. */
const keptTypesMax = 8;

interface CatalogueStatistics {
  /** Read from the data file since opening. */
  readonly dataBytesRead: number;
  /** Documents read from the data file. */
  readonly typesRead: number;
  /** Documents given again from memory. */
  readonly typesKept: number;
}

export interface FileCatalogue extends Catalogue {
  statistics(): CatalogueStatistics;
}

/**
 * Opens the catalogue that the build wrote to `directory`. Throws `catalogue_missing` when a file is not there or is of
 * another release, `store_damaged` when they do not fit together; `load` throws the same.
 */
export function openCatalogue(directory: string): FileCatalogue {
  const indexPath = join(directory, indexFileName);
  const index = parseIndex(
    present(indexPath, () => readFileSync(indexPath, 'utf8')),
    indexPath,
  );
  const dataPath = join(directory, index.dataFile);
  checkSize(dataPath, present(dataPath, () => statSync(dataPath)).size, index.dataBytes);

  const rows = new Map(index.rows.map((row) => [row[0], row]));
  const kept = new Map<string, VariantSpec>();
  let dataBytesRead = 0;
  let typesRead = 0;
  let typesKept = 0;

  /** One slice of the data file. */
  const read = (offset: number, length: number): Buffer => {
    const fd = present(dataPath, () => openSync(dataPath, 'r'));
    try {
      checkSize(dataPath, fstatSync(fd).size, index.dataBytes);
      const slice = Buffer.allocUnsafe(length);
      const count = readSync(fd, slice, 0, length, offset);
      dataBytesRead += count;
      if (count !== length) throw cutShort(dataPath, offset + count, offset + length);
      return slice;
    } finally {
      closeSync(fd);
    }
  };

  const keep = (name: string, spec: VariantSpec): VariantSpec => {
    kept.delete(name);
    kept.set(name, spec);
    if (kept.size > keptTypesMax) kept.delete(kept.keys().next().value!);
    return spec;
  };

  return {
    origin: index.origin,
    source: index.source,
    size: index.rows.length,
    search: (query, limit) => searchRows(index.rows, query, limit).map(entryOf),
    entry: (name) => {
      const row = rows.get(name);
      return row && entryOf(row);
    },
    load: (name) => {
      const row = rows.get(name);
      if (row === undefined) return undefined;
      const known = kept.get(name);
      if (known !== undefined) {
        typesKept++;
        return keep(name, known);
      }
      const [, , , offset, length] = row;
      const spec = unpackType(read(offset, length), name);
      typesRead++;
      return keep(name, spec);
    },
    statistics: () => ({ dataBytesRead, typesRead, typesKept }),
  };
}

/**
 * Rows whose name or summary has every word of `query`, case ignored. Best first: the whole name; every word a whole
 * part of the name (`vpc` before `VPCCidrBlock`); every word somewhere in the name; the rest. Within a rank the shorter
 * name first, then by name. No words: every row, by name.
 */
function searchRows(rows: readonly IndexRow[], query: string, limit: number): IndexRow[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== '');
  if (words.length === 0) return rows.slice(0, Math.max(0, limit));
  const found: { readonly row: IndexRow; readonly rank: number }[] = [];
  for (const row of rows) {
    const name = row[0].toLowerCase();
    let rank = 3;
    if (words.length === 1 && words[0] === name) rank = 0;
    else if (words.every((w) => `::${name}::`.includes(`::${w}::`))) rank = 1;
    else if (words.every((w) => name.includes(w))) rank = 2;
    else {
      const summary = row[2].toLowerCase();
      if (!words.every((w) => name.includes(w) || summary.includes(w))) continue;
    }
    found.push({ row, rank });
  }
  found.sort((a, b) => a.rank - b.rank || a.row[0].length - b.row[0].length || compareText(a.row[0], b.row[0]));
  return found.slice(0, Math.max(0, limit)).map((f) => f.row);
}

function entryOf([name, category, summary]: IndexRow): CatalogueEntry {
  return { name, category, summary };
}

/** Runs a file operation; a file that is not there is `catalogue_missing`, any other failure `store_failed`. */
function present<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new Fault('catalogue_missing', `there is no ${path}; run the build`, { path }, { cause });
    }
    throw new Fault('store_failed', `${path} cannot be read (${code})`, { path }, { cause });
  }
}

function checkSize(path: string, bytes: number, expected: number): void {
  if (bytes !== expected) throw cutShort(path, bytes, expected);
}

function cutShort(path: string, bytes: number, expected: number): Fault {
  return new Fault('store_damaged', `${path} has ${bytes} bytes where ${expected} are expected; run the build again`, {
    path,
    bytes,
    expected,
  });
}
