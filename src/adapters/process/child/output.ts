// The way out of the child: frames on descriptor 3, written at once and in order, and the console and standard streams
// turned into log frames. What a command writes, or user code on the bare descriptors 1 and 2, does not come this way; the
// adapter reads those itself.

import { Console } from 'node:console';
import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { frame } from './protocol.ts';

const resultDescriptor = 3;
/** UTF-16 units of one log frame; the adapter cuts lines by bytes. */
const frameCharsMax = 8_192;

let token = '';

/** Writes the whole text, waiting while the pipe is full. */
export function writeLine(text: string): void {
  let rest = Buffer.from(`${text}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(resultDescriptor, rest));
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EAGAIN') throw e;
    }
  }
}

export function setToken(of: string): void {
  token = of;
}

export function writeFrame(letter: string, payload: string): void {
  writeLine(`${token} ${letter} ${payload}`);
}

/** A stream whose lines are log frames; `flush` gives what has no line end yet. */
function logStream(letter: string): { readonly stream: Writable; flush(): void } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const put = (line: string): void => {
    let from = 0;
    do {
      let to = Math.min(line.length, from + frameCharsMax);
      // A pair of surrogates stays together.
      if (to < line.length && line.charCodeAt(to - 1) >= 0xd800 && line.charCodeAt(to - 1) <= 0xdbff) to--;
      writeFrame(letter, JSON.stringify(line.slice(from, to)));
      from = to;
    } while (from < line.length);
  };
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) put(line);
      while (rest.length > frameCharsMax) {
        put(rest.slice(0, frameCharsMax));
        rest = rest.slice(frameCharsMax);
      }
      done();
    },
  });
  const flush = (): void => {
    if (rest !== '') put(rest);
    rest = '';
  };
  return { stream, flush };
}

/** Puts the console and the process's streams on descriptor 3. Answers what writes out unfinished lines. */
export function captureOutput(): () => void {
  const output = logStream(frame.output);
  const error = logStream(frame.error);
  Object.defineProperty(process, 'stdout', { value: output.stream, configurable: true });
  Object.defineProperty(process, 'stderr', { value: error.stream, configurable: true });
  globalThis.console = new Console({ stdout: output.stream, stderr: error.stream, colorMode: false });
  return () => {
    output.flush();
    error.flush();
  };
}
