// The two files of a compact catalogue. The index (JSON) has one row a type: name, category, summary, and where the
// type's document lies in the data file; the data file is the documents one after another, each deflated by itself, so
// that one type is one read. A document's text is canonical: inflated, it is byte for byte what a store hashes.
// The data file is named by its content, so an index never describes another build's data.

import { createHash } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { compareText, isObject } from '../../base/json.ts';
import { Fault } from '../../base/result.ts';
import { type VariantSpec, variantSpecFormat, variantSpecText } from '../../model/schema.ts';

/** 1: rows in an array, documents deflated with zlib's header and checksum. */
const catalogueFormat = 1;

export const indexFileName = 'index.json';

/** What a catalogue says about itself. */
export interface CatalogueHead {
  /** As in SchemaRecord.origin. */
  readonly origin: string;
  /** Name and version of the data it is derived from. */
  readonly source: string;
  /** Digest of everything the catalogue is made from: equal keys, equal catalogues. */
  readonly key: string;
}

/** name, category, summary, offset and length in the data file, both in bytes. */
export type IndexRow = readonly [name: string, category: string, summary: string, offset: number, length: number];

export interface CatalogueIndex extends CatalogueHead {
  readonly format: typeof catalogueFormat;
  readonly variantFormat: typeof variantSpecFormat;
  readonly dataFile: string;
  readonly dataBytes: number;
  /** In order of the names. */
  readonly rows: readonly IndexRow[];
}

export interface DescribedType {
  readonly name: string;
  readonly category: string;
  readonly summary: string;
  readonly spec: VariantSpec;
}

/** Packs types, in any order, into an index and a data file. */
export function packCatalogue(
  head: CatalogueHead,
  types: Iterable<DescribedType>,
): { index: CatalogueIndex; data: Buffer } {
  const rows: IndexRow[] = [];
  const parts: Buffer[] = [];
  let offset = 0;
  for (const { name, category, summary, spec } of [...types].sort((a, b) => compareText(a.name, b.name))) {
    const part = deflateSync(variantSpecText(spec), { level: 9 });
    rows.push([name, category, summary, offset, part.length]);
    parts.push(part);
    offset += part.length;
  }
  const data = Buffer.concat(parts);
  const dataFile = `types-${createHash('sha256').update(data).digest('hex').slice(0, 16)}.bin`;
  const { origin, source, key } = head;
  const format = catalogueFormat;
  const variantFormat = variantSpecFormat;
  return { index: { format, variantFormat, origin, source, key, dataFile, dataBytes: offset, rows }, data };
}

/** The index as text: a row a line, so that two builds can be compared. */
export function indexText(index: CatalogueIndex): string {
  const { rows, ...head } = index;
  const lines = rows.map((row) => JSON.stringify(row)).join(',\n');
  return `${JSON.stringify(head).slice(0, -1)},"rows":[\n${lines}\n]}\n`;
}

/**
 * Reads an index. Throws `store_damaged` for text that is none, `catalogue_missing` for another release's: `where` is
 * told in the message.
 */
export function parseIndex(text: string, where: string): CatalogueIndex {
  let x: unknown;
  try {
    x = JSON.parse(text);
  } catch (cause) {
    throw new Fault('store_damaged', `${where} is not JSON; run the build again`, { where }, { cause });
  }
  if (!isObject(x)) throw new Fault('store_damaged', `${where} is not an index; run the build again`, { where });
  if (x['format'] !== catalogueFormat || x['variantFormat'] !== variantSpecFormat) {
    throw new Fault('catalogue_missing', `${where} was built by another release; run the build again`, { where });
  }
  const index = x as unknown as CatalogueIndex;
  const wellFormed =
    typeof index.dataFile === 'string' &&
    !/[\\/]/.test(index.dataFile) &&
    Number.isSafeInteger(index.dataBytes) &&
    Array.isArray(index.rows) &&
    index.rows.every((row) => isRow(row, index.dataBytes));
  if (!wellFormed) throw new Fault('store_damaged', `${where} is not an index; run the build again`, { where });
  return index;
}

function isRow(row: unknown, dataBytes: number): boolean {
  if (!Array.isArray(row) || row.length !== 5) return false;
  const [name, category, summary, offset, length] = row as unknown[];
  if (typeof name !== 'string' || typeof category !== 'string' || typeof summary !== 'string') return false;
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) return false;
  return (offset as number) >= 0 && (length as number) > 0 && (offset as number) + (length as number) <= dataBytes;
}

/** The document of one type from its slice of the data file. Throws `store_damaged`; `name` is told in the message. */
export function unpackType(slice: Uint8Array, name: string): VariantSpec {
  try {
    return JSON.parse(inflateSync(slice).toString('utf8')) as VariantSpec;
  } catch (cause) {
    throw new Fault(
      'store_damaged',
      `the catalogue's entry of ${name} is damaged; run the build again`,
      { name },
      { cause },
    );
  }
}
