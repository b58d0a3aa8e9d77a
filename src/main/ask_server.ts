// One request to a server, over Node's own client: `fetch` takes a tenth of a second to load, which is more than most commands
// take altogether. What comes back is read as it comes. Redirections are not followed: a token is shown to whom it is meant
// for and to nobody else.

import type { IncomingMessage } from 'node:http';
import { Fault } from '../base/result.ts';

/** Between probes of a connection on which nothing comes: one that is dead is found out in minutes. */
const aliveMs = 30_000;

export interface Asking {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request, and the reading of its answer. */
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly isGood: boolean;
  /** Fault `connection_lost` where it breaks off. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Fault `connection_lost` when there is nobody, or the connection ends before the answer begins. */
export async function askServer(url: URL, { method, headers, body, signal }: Asking): Promise<Answered> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const options = {
    method,
    headers: { 'accept-encoding': 'gzip', ...headers },
    ...(signal === undefined ? {} : { signal }),
  };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(url, options, resolve);
    asked.on('error', (e) => reject(lost(url, e)));
    asked.setSocketKeepAlive(true, aliveMs);
    asked.end(body);
  });
  const status = answer.statusCode ?? 0;
  return { status, isGood: status >= 200 && status < 300, body: told(url, answer) };
}

async function* told(url: URL, answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    if (answer.headers['content-encoding'] !== 'gzip') yield* answer as AsyncIterable<Uint8Array>;
    else {
      const { createGunzip } = await import('node:zlib');
      const plain = createGunzip();
      answer.on('error', (e) => plain.destroy(e)).pipe(plain);
      yield* plain as AsyncIterable<Uint8Array>;
    }
  } catch (e) {
    throw lost(url, e);
  } finally {
    answer.destroy();
  }
}

/** The whole of an answer. */
export async function textOf({ body }: Answered): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

/** An error of several addresses that nobody listens at has a code and no message. */
function lost(url: URL, e: unknown): Fault {
  const { message, code } = e as NodeJS.ErrnoException;
  return new Fault('connection_lost', `${url.origin}: ${message || code || String(e)}`, undefined, { cause: e });
}
