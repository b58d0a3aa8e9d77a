// A server to ask instead of an engine in this process: each operation is one request, whose answer comes in lines. What was
// asked for with a key is asked again when the connection is lost on the way; nothing else is.

import { parseTokenText } from '../access/token.ts';
import { type FaultCode, faultCodes } from '../base/codes.ts';
import type { Json } from '../base/json.ts';
import { Fault, must, type Refusal, type Result } from '../base/result.ts';
import { type EventKind, eventKinds, type WorkspaceEvent } from '../engine/event_shape.ts';
import type { ServerTarget } from '../surfaces/cli/contexts.ts';
import type { Following } from '../surfaces/cli/program.ts';
import type { OperationLine } from '../surfaces/http/routes/operations.ts';
import type { Fetch } from '../surfaces/sdk/sending.ts';
import { type Answered, askServer, textOf } from './ask_server.ts';
import type { Connection } from './data_folder.ts';
import { mayAskAgain, withKey } from './repeatable.ts';

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
    const answer = await askServer(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(given),
    });
    if (!answer.isGood) return refusedBy(server, answer);
    return lastLine(server, answer, progress);
  };
  return {
    call: async (operation, params) => {
      const named = withKey(operation, params);
      for (const waitMs of [...retryMs, undefined]) {
        try {
          return await ask(operation, named);
        } catch (e) {
          if (waitMs === undefined || !mayAskAgain(operation, e)) throw e;
          await new Promise((resolve) => setTimeout(resolve, waitMs));
        }
      }
      throw lost(server, 'no answer');
    },
    follow: (of) => followServer({ server, token, workspace: of.workspace ?? own }, of),
    close: () => Promise.resolve(),
  };
}

/** The events of its stream. Ends by a HeadwaterError: with the reason that the server gives, or that nobody answers any more. */
async function* followServer(
  { server, token, workspace }: Required<ServerTarget>,
  { after, changeSet, kinds, signal, opened }: Following,
): AsyncGenerator<WorkspaceEvent> {
  const { follow } = await import('../surfaces/sdk/events.ts');
  const within = changeSet === undefined ? '' : `/change-sets/${encodeURIComponent(changeSet)}`;
  const url = new URL(`/v1/w/${encodeURIComponent(workspace)}${within}/events`, server);
  if (kinds !== undefined) url.searchParams.set('kinds', kinds);
  const headers = { authorization: `Bearer ${token}` };
  const asked: Fetch = async (at, init) => {
    const answer = await fetch(at, init);
    if (answer.ok) opened?.();
    return answer;
  };
  for await (const { kind, data: told } of follow(url.href, headers, { fetch: asked, after, signal })) {
    // That something was left out is told in a stream, and is no event.
    if (!eventKinds.includes(kind as EventKind)) continue;
    const { position, changeSets, ...data } = told;
    yield { kind, ...(position === undefined ? {} : { position }), changeSets, data } as unknown as WorkspaceEvent;
  }
}

/** Whom the server takes the holder of the token for. Throws refusals, such as `token_invalid`. */
export async function whoami({
  server,
  token,
}: ServerTarget): Promise<{ readonly userId: string; readonly workspaceId: string }> {
  const answer = await askServer(new URL('/whoami', server), {
    method: 'GET',
    headers: { authorization: `Bearer ${token}` },
  });
  if (answer.isGood) return JSON.parse(await textOf(answer)) as { userId: string; workspaceId: string };
  return must(await refusedBy(server, answer)) as never;
}

/** Ends a login. Throws refusals: `token_invalid` where it has ended already. */
export async function logOut({
  server,
  token,
}: ServerTarget): Promise<{ endSession: string | null; problem?: string }> {
  const answer = await askServer(new URL('/v1/logout', server), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  if (answer.isGood) return JSON.parse(await textOf(answer)) as { endSession: string | null; problem?: string };
  return must(await refusedBy(server, answer)) as never;
}

async function lastLine(server: string, answer: Answered, progress: (line: string) => void): Promise<Result<unknown>> {
  let rest = '';
  const decoder = new TextDecoder();
  const take = (line: string): Result<unknown> | undefined => {
    const told = JSON.parse(line) as OperationLine;
    if ('value' in told) return { ok: true, value: told.value };
    if ('refusal' in told) return { ok: false, refusal: told.refusal };
    if ('fault' in told) throw faultOf(told.fault.code as FaultCode, told.fault.message);
    progress(told.progress);
    return undefined;
  };
  let done: Result<unknown> | undefined;
  // To its end, although nothing comes behind the last line: then the connection serves the next question.
  for await (const bytes of answer.body) {
    rest += decoder.decode(bytes, { stream: true });
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      done ??= take(rest.slice(0, end));
      rest = rest.slice(end + 1);
    }
  }
  if (done !== undefined) return done;
  throw lost(server, 'the answer ended before its last line');
}

/** What the server says before it comes to the operation: no such token, too many requests. */
export async function refusedBy(server: string, answer: Answered): Promise<Result<unknown>> {
  const body = problemOf(await textOf(answer));
  const [first] = body?.errors ?? [];
  if (body?.reason !== undefined && Object.hasOwn(faultCodes, body.reason))
    throw faultOf(body.reason as FaultCode, body.message ?? '');
  if (body?.reason === undefined || first === undefined) {
    const { status } = answer;
    const code = status === 429 ? 'too_many_requests' : status === 503 ? 'server_unavailable' : 'server_failed';
    throw new Fault(code, `${server} answered ${status}${body?.message ? `: ${body.message}` : ''}`);
  }
  const { data } = body;
  return {
    ok: false,
    refusal: { code: body.reason as Refusal['code'], ...first, ...(data === undefined ? {} : { data }) },
  };
}

interface Problem {
  readonly reason?: string;
  readonly message?: string;
  readonly errors?: readonly Omit<Refusal, 'code'>[];
  readonly data?: unknown;
}

/** Undefined: it is something else, such as the page of a proxy. */
function problemOf(text: string): Problem | undefined {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return undefined;
  }
}

/** `message`: with the code in front. */
function faultOf(code: FaultCode, message: string): Fault {
  return new Fault(code, message.replace(`${code}: `, ''));
}

function lost(server: string, why: string): Fault {
  return new Fault('connection_lost', `${server}: ${why}`);
}
