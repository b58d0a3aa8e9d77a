// The journal's file: records appended beside the store, each synced before it counts as written. A commit is there one
// write and one sync, where the tables need a page or more for every tree that it touches.
//
// A record starts on a block of its own, so that writing it can't harm one that was acknowledged, and carries the
// journal's id, a number that grows by one for the whole life of the store, and a checksum. The file's blocks are written
// over from the beginning once the rows are in the tables; it never grows or shrinks while it is used, because a sync
// that also commits a new file size costs half as much again. What follows the last record is older, torn or empty.

import { hash } from 'node:crypto';
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../../base/result.ts';

/** Format of a record. 1: first. */
const magic = Buffer.from('HWJRNL1\n', 'latin1');
export const journalIdBytes = 16;
const blockBytes = 4096;
/** Blocks of the file: room for the records between two moves, one a block when writers come one by one. */
const fileBlocks = 1_024;
// A record: magic, checksum of what follows, id, number, bytes of the payload, payload.
const idAt = magic.length + 32;
const numberAt = idAt + journalIdBytes;
const lengthAt = numberAt + 8;
const payloadAt = lengthAt + 4;

export interface JournalRecord {
  readonly number: number;
  readonly payload: string;
}

export function journalPath(storeFile: string): string {
  return `${storeFile}-commits`;
}

export class JournalFile {
  readonly #path: string;
  readonly #id: Buffer;
  readonly #descriptor: number;
  #buffer = Buffer.alloc(16 * blockBytes);
  #nextBlock = 0;

  /** Makes the file, or takes over one whose records are all in the tables. */
  constructor(path: string, id: string) {
    this.#path = path;
    this.#id = Buffer.from(id, 'hex');
    this.#descriptor = openSync(path, 'w', 0o600);
    writeAll(this.#descriptor, Buffer.alloc(fileBlocks * blockBytes), 0);
    fsyncSync(this.#descriptor);
    syncFolder(path);
  }

  /** Appends a record; it is durable when this returns. False when there is no room for it: `rewind` first. */
  append(number: number, payload: string): boolean {
    // Three bytes of UTF-8 for a UTF-16 unit at most.
    const most = payloadAt + payload.length * 3;
    if (most > this.#buffer.length) this.#buffer = Buffer.alloc(wholeBlocks(most) * blockBytes);
    const buffer = this.#buffer;
    const bytes = buffer.write(payload, payloadAt, 'utf8');
    const end = payloadAt + bytes;
    const blocks = wholeBlocks(end);
    if (this.#nextBlock + blocks > fileBlocks) return false;
    magic.copy(buffer);
    this.#id.copy(buffer, idAt);
    buffer.writeBigUInt64BE(BigInt(number), numberAt);
    buffer.writeUInt32BE(bytes, lengthAt);
    checksum(buffer.subarray(idAt, end)).copy(buffer, magic.length);
    buffer.fill(0, end, blocks * blockBytes);
    writeAll(this.#descriptor, buffer.subarray(0, blocks * blockBytes), this.#nextBlock * blockBytes);
    fdatasyncSync(this.#descriptor);
    this.#nextBlock += blocks;
    return true;
  }

  /** The rows of every record are in the tables, durably: its blocks are free again. */
  rewind(): void {
    this.#nextBlock = 0;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Closes and removes the file, whose records are all in the tables. */
  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }
}

/**
 * The records after `moved` of the journal that lies beside a store, in order. Fault `store_damaged` when it is another
 * store's, or when records are missing between those that are there.
 */
export function readJournal(path: string, id: string, moved: number): JournalRecord[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw e;
  }
  const found: JournalRecord[] = [];
  let expected: number | undefined;
  let block = 0;
  for (; block * blockBytes < bytes.length; ) {
    const record = recordAt(bytes, block * blockBytes);
    if (record === undefined || (expected !== undefined && record.number !== expected)) break;
    if (record.id !== id)
      throw new Fault('store_damaged', `${path} is the journal of another store; move it away if it is not wanted`);
    found.push(record);
    expected = record.number + 1;
    block += wholeBlocks(payloadAt + record.bytes);
  }
  const first = found[0]?.number ?? moved + 1;
  const last = found.at(-1)?.number ?? moved;
  // A torn record has none after it. One that has was whole once, and may have been acknowledged.
  for (; block * blockBytes < bytes.length; block++)
    if ((recordAt(bytes, block * blockBytes)?.number ?? 0) > Math.max(last, moved)) throw gap(path, last + 1);
  if (first > moved + 1) throw gap(path, moved + 1);
  return found.filter((record) => record.number > moved);
}

function recordAt(bytes: Buffer, start: number): (JournalRecord & { id: string; bytes: number }) | undefined {
  if (bytes.length < start + payloadAt || bytes.compare(magic, 0, magic.length, start, start + magic.length) !== 0)
    return undefined;
  const length = bytes.readUInt32BE(start + lengthAt);
  const end = start + payloadAt + length;
  if (end > bytes.length) return undefined;
  const record = bytes.subarray(start, end);
  if (!checksum(record.subarray(idAt)).equals(record.subarray(magic.length, idAt))) return undefined;
  return {
    id: record.toString('hex', idAt, numberAt),
    number: Number(record.readBigUInt64BE(numberAt)),
    bytes: length,
    payload: record.toString('utf8', payloadAt),
  };
}

function checksum(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

function gap(path: string, number: number): Fault {
  return new Fault('store_damaged', `record ${number} of the journal ${path} is missing or damaged`, { number });
}

function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes);
}

function writeAll(descriptor: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
