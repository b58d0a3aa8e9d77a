// The journal's file: records appended beside the store, each synced before it counts as written. A commit is there one
// write and one sync, where the tables need a page or more for every tree that it touches.
//
// A record starts on a block of its own, so that writing it can't harm one that was acknowledged, and carries the
// journal's id, a number that grows by one for the whole life of the store, and a checksum. The file's blocks are written
// over from the beginning once the rows are in the tables; a write never makes the file longer, because a sync that also
// commits a new size costs half as much again. What follows the last record is older, torn or empty.

import { hash } from 'node:crypto';
import { closeSync, constants, fdatasyncSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../../base/result.ts';

/** Format of a record. 1: first. */
const magic = Buffer.from('HWJRNL1\n', 'latin1');
export const journalIdBytes = 16;
const blockBytes = 4096;
/** Blocks of the file: room for the records between two moves, one a block when writers come one by one. */
const fileBlocks = 1_024;
/** At first: whoever opens a store for a few commits should not wait for more. */
const firstBlocks = 64;
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
  /** Past the kernel's cache, where that can be had. */
  readonly #direct: Direct | undefined;
  #buffer = Buffer.alloc(blockBytes);
  #nextBlock = 0;
  #blocks = 0;

  /** Makes the file, or takes over one whose records are all in the tables. */
  constructor(path: string, id: string) {
    this.#path = path;
    this.#id = Buffer.from(id, 'hex');
    this.#descriptor = openSync(path, 'w', 0o600);
    try {
      this.#grow(firstBlocks);
      syncFolder(path);
      this.#direct = openDirect(path);
    } catch (e) {
      closeSync(this.#descriptor);
      throw e;
    }
  }

  /** Appends a record; it is durable when this returns. False when there is no room for it: `rewind` first. */
  append(number: number, payload: string): boolean {
    // Three bytes of UTF-8 for a UTF-16 unit at most.
    const most = payloadAt + payload.length * 3;
    const direct = this.#direct !== undefined && most <= this.#direct.buffer.length ? this.#direct : undefined;
    if (direct === undefined && most > this.#buffer.length) this.#buffer = Buffer.alloc(wholeBlocks(most) * blockBytes);
    const buffer = direct?.buffer ?? this.#buffer;
    const bytes = buffer.write(payload, payloadAt, 'utf8');
    const end = payloadAt + bytes;
    const blocks = wholeBlocks(end);
    if (this.#nextBlock + blocks > this.#blocks) return false;
    magic.copy(buffer);
    this.#id.copy(buffer, idAt);
    buffer.writeBigUInt64BE(BigInt(number), numberAt);
    buffer.writeUInt32BE(bytes, lengthAt);
    checksum(buffer.subarray(idAt, end)).copy(buffer, magic.length);
    buffer.fill(0, end, blocks * blockBytes);
    const record = buffer.subarray(0, blocks * blockBytes);
    const position = this.#nextBlock * blockBytes;
    if (direct !== undefined) writeAll(direct.descriptor, record, position);
    else {
      writeAll(this.#descriptor, record, position);
      fdatasyncSync(this.#descriptor);
    }
    this.#nextBlock += blocks;
    return true;
  }

  /** The rows of every record are in the tables, durably: its blocks are free again. */
  rewind(): void {
    const isBusy = this.#nextBlock > this.#blocks / 2;
    this.#nextBlock = 0;
    if (!isBusy || this.#blocks === fileBlocks) return;
    try {
      this.#grow(fileBlocks);
    } catch (e) {
      // A small journal does as well, only more slowly.
      if (!isNoSpace(e)) throw e;
    }
  }

  /** The new blocks are written and not only reserved: else each sync would have to commit that they were. */
  #grow(blocks: number): void {
    writeAll(this.#descriptor, Buffer.alloc((blocks - this.#blocks) * blockBytes), this.#blocks * blockBytes);
    fsyncSync(this.#descriptor);
    this.#blocks = blocks;
  }

  close(): void {
    if (this.#direct !== undefined) closeSync(this.#direct.descriptor);
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

/** A descriptor whose writes are synced and go past the kernel's cache, and memory that such a write takes. */
interface Direct {
  readonly descriptor: number;
  readonly buffer: Buffer;
}

/** Bytes of records that are written directly; larger ones go through the cache. */
const directBytes = 64 * blockBytes;
/** Direct writes want memory that starts at a multiple of a sector of the device; allocations start at multiples of 16. */
const alignmentStep = 16;

/**
 * One request to the device instead of two, a fifth less for a record. Not every system or file system has it, and none
 * says beforehand which memory will do: tried on the first block, which is empty.
 */
function openDirect(path: string): Direct | undefined {
  const { O_DIRECT, O_DSYNC, O_RDWR } = constants;
  if (O_DIRECT === undefined || O_DSYNC === undefined) return undefined;
  let descriptor: number;
  try {
    descriptor = openSync(path, O_RDWR | O_DIRECT | O_DSYNC);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw e;
  }
  const memory = Buffer.alloc(directBytes + blockBytes);
  for (let start = 0; start < blockBytes; start += alignmentStep) {
    const buffer = memory.subarray(start, start + directBytes);
    try {
      writeAll(descriptor, buffer.subarray(0, blockBytes), 0);
      return { descriptor, buffer };
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EINVAL') throw e;
    }
  }
  closeSync(descriptor);
  return undefined;
}

export function isNoSpace(e: unknown): boolean {
  const { code } = e as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
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
