// A server to ask instead of an engine in this process: each operation is one request, whose answer comes in lines. What was
// asked for with a key is asked again when the connection is lost on the way; nothing else is.

import { randomUUID } from 'node:crypto';
import { parseTokenText } from '../access/token.ts';
import type { FaultCode } from '../base/codes.ts';
import type { Json } from '../base/json.ts';
import { Fault, must, type Refusal, type Result } from '../base/result.ts';
import type { ServerTarget } from '../surfaces/cli/contexts.ts';
import type { OperationLine } from '../surfaces/http/routes/operations.ts';
import type { Connection } from './data_folder.ts';
import { repeatable, writes } from './repeatable.ts';

/** Waits between attempts when the server does not answer. */
const retryMs = [100, 400, 1_600];
const defaultWorkspace = 'default';

/** Asks nothing yet: a server that is not there is found by the first call, Fault `connection_lost`. */
export function connectServer(target: ServerTarget, progress: (line: string) => void): Connection {
  const { server, token } = target;
  const own = target.workspace ?? parseTokenText(token)?.workspace ?? defaultWorkspace;
  const ask = async (
    operation: string,
    params: { readonly [name: string]: Json | undefined },
  ): Promise<Result<unknown>> => {
    const { workspace = own, ...given } = params;
    const url = new URL(`/v1/w/${encodeURIComponent(String(workspace))}/operations/${operation}`, server);
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(given),
    }).catch((e: Error) => {
      throw lost(server, String((e.cause as Error | undefined)?.message ?? e.message), e);
    });
    if (!answer.ok) return refusedBy(server, answer);
    return lastLine(server, answer, progress);
  };
  return {
    call: async (operation, params) => {
      const isRepeatable = repeatable.includes(operation);
      const named = isRepeatable ? { idempotencyKey: randomUUID(), ...params } : params;
      for (const waitMs of [...retryMs, undefined]) {
        try {
          return await ask(operation, named);
        } catch (e) {
          const isSafe = isRepeatable || !writes.includes(operation);
          if (!(e instanceof Fault) || e.code !== 'connection_lost' || !isSafe || waitMs === undefined) throw e;
          await new Promise((resolve) => setTimeout(resolve, waitMs));
        }
      }
      throw lost(server, 'no answer');
    },
    close: () => Promise.resolve(),
  };
}

/** Whom the server takes the holder of the token for. Throws refusals, such as `token_invalid`. */
export async function whoami({
  server,
  token,
}: ServerTarget): Promise<{ readonly userId: string; readonly workspaceId: string }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(new URL('/whoami', server), { headers }).catch((e: Error) => {
    throw lost(server, String((e.cause as Error | undefined)?.message ?? e.message), e);
  });
  if (answer.ok) return (await answer.json()) as { userId: string; workspaceId: string };
  return must(await refusedBy(server, answer)) as never;
}

/** Ends a login. Throws refusals: `token_invalid` where it has ended already. */
export async function logOut({
  server,
  token,
}: ServerTarget): Promise<{ endSession: string | null; problem?: string }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(new URL('/v1/logout', server), { method: 'POST', headers }).catch((e: Error) => {
    throw lost(server, String((e.cause as Error | undefined)?.message ?? e.message), e);
  });
  if (answer.ok) return (await answer.json()) as { endSession: string | null; problem?: string };
  return must(await refusedBy(server, answer)) as never;
}

async function lastLine(server: string, answer: Response, progress: (line: string) => void): Promise<Result<unknown>> {
  let rest = '';
  const decoder = new TextDecoder();
  const take = (line: string): Result<unknown> | undefined => {
    const told = JSON.parse(line) as OperationLine;
    if ('value' in told) return { ok: true, value: told.value };
    if ('refusal' in told) return { ok: false, refusal: told.refusal };
    if ('fault' in told)
      throw new Fault(told.fault.code as FaultCode, told.fault.message.replace(`${told.fault.code}: `, ''));
    progress(told.progress);
    return undefined;
  };
  try {
    for await (const bytes of answer.body as unknown as AsyncIterable<Uint8Array>) {
      rest += decoder.decode(bytes, { stream: true });
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const done = take(rest.slice(0, end));
        if (done !== undefined) return done;
        rest = rest.slice(end + 1);
      }
    }
  } catch (e) {
    if (e instanceof Fault) throw e;
    throw lost(server, e instanceof Error ? e.message : String(e), e);
  }
  throw lost(server, 'the answer ended before its last line');
}

/** What the server says before it comes to the operation: no such token, too many requests. */
export async function refusedBy(server: string, answer: Response): Promise<Result<unknown>> {
  const body = (await answer.json().catch(() => undefined)) as
    | { reason?: string; message?: string; errors?: Omit<Refusal, 'code'>[]; data?: unknown }
    | undefined;
  const [first] = body?.errors ?? [];
  if (body?.reason === undefined || first === undefined)
    throw new Fault('server_failed', `${server} answered ${answer.status}${body?.message ? `: ${body.message}` : ''}`);
  const { data } = body;
  return {
    ok: false,
    refusal: { code: body.reason as Refusal['code'], ...first, ...(data === undefined ? {} : { data }) },
  };
}

function lost(server: string, why: string, cause?: unknown): Fault {
  return new Fault('connection_lost', `${server}: ${why}`, undefined, { cause });
}
