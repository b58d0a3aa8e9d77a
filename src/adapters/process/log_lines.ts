// The log of one run: text as it comes becomes numbered lines of bounded length. Nothing is dropped: a long line becomes
// several, and what exceeds the bound of the log ends the run.

import { StringDecoder } from 'node:string_decoder';
import { limits } from '../../base/limits.ts';
import type { RunLogLine } from '../../model/run.ts';

export interface RunLog {
  /** A whole line. False when the log is over its bound: the line was not taken, and no later one is. */
  line(stream: RunLogLine['stream'], text: string): boolean;
  /** Bytes as a stream gives them. */
  bytes(stream: RunLogLine['stream'], chunk: Buffer): boolean;
  /** The last lines without an end. */
  flush(): boolean;
}

/** Pieces of at most `bytesMax` UTF-8 bytes; no character is split. */
function piecesOf(text: string, bytesMax: number): string[] {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return [text];
  const bytes = Buffer.from(text);
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(bytes.length, from + bytesMax);
    while (to < bytes.length && to > from && ((bytes[to] ?? 0) & 0xc0) === 0x80) to--;
    pieces.push(bytes.toString('utf8', from, to));
    from = to;
  }
  return pieces;
}

/** `emit` gets the lines; `nowMs` is the clock. Each line counts one byte beside its text. */
export function openLog(bytesMax: number, nowMs: () => number, emit: (line: RunLogLine) => void): RunLog {
  const rest = { output: '', error: '' };
  const decoders = { output: new StringDecoder('utf8'), error: new StringDecoder('utf8') };
  let seq = 0;
  let left = bytesMax;

  const line = (stream: RunLogLine['stream'], text: string): boolean => {
    for (const piece of piecesOf(text, limits.runLogLineBytesMax)) {
      left -= Buffer.byteLength(piece) + 1;
      if (left < 0) return false;
      emit({ seq: ++seq, atMs: nowMs(), stream, text: piece });
    }
    return true;
  };

  const bytes = (stream: RunLogLine['stream'], chunk: Buffer): boolean => {
    const lines = (rest[stream] + decoders[stream].write(chunk)).split('\n');
    rest[stream] = lines.pop() ?? '';
    for (const text of lines) if (!line(stream, text)) return false;
    if (rest[stream].length < limits.runLogLineBytesMax) return true;
    const long = rest[stream];
    rest[stream] = '';
    return line(stream, long);
  };

  const flush = (): boolean => {
    for (const stream of ['output', 'error'] as const) {
      const text = rest[stream] + decoders[stream].end();
      rest[stream] = '';
      if (text !== '' && !line(stream, text)) return false;
    }
    return true;
  };

  return { line, bytes, flush };
}
