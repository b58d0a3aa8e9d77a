// The server of tools for one agent: lists those that it may use, checks what it sends, carries them out and answers in
// shapes. Refusals come back as results that say what was wrong, whether to try again and what to do next; an agent reads
// them. Writes have to be turned on, and a session makes so many of them at most.

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, type CallToolResult, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Ajv, type ValidateFunction } from 'ajv';
import { retryableCodes } from '../../base/codes.ts';
import { Fault, must, type Refusal, RefusalError, type Result } from '../../base/result.ts';
import { type Operation, type OperationParams, type Tool, writes } from './tool.ts';
import { tools } from './tools.ts';

export interface McpOptions {
  /** Carries out an operation of the engine as the agent. */
  call(operation: string, params: OperationParams): Promise<Result<unknown>>;
  /** Tools that change something. Default: those that look only. */
  readonly canWrite?: boolean;
  /** Writes of one session at most. Default 1,000. */
  readonly writesMax?: number;
  /** Of this program. */
  readonly version: string;
}

const defaultWritesMax = 1_000;

const ajv = new Ajv({ allErrors: false, strict: false });
const checks = new Map<string, ValidateFunction>();

/** To be connected to a transport. */
export function mcpServer(options: McpOptions): Server {
  const { canWrite = false, writesMax = defaultWritesMax, version } = options;
  const server = new Server(
    { name: 'headwater', title: 'Headwater', version },
    { capabilities: { tools: {} }, instructions: canWrite ? writerWords : readerWords },
  );
  const offered = tools.filter((t) => canWrite || !writes(t));
  const operation: Operation = async <T>(name: string, params: OperationParams = {}) =>
    must(await options.call(name, defined(params))) as T;
  let written = 0;
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: offered.map(listed) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }): Promise<CallToolResult> => {
    const { name, arguments: given = {} } = params;
    const found = offered.find((t) => t.name === name);
    if (found === undefined) return refused(unknownTool(name, canWrite));
    const wrong = wrongInput(found, given);
    if (wrong !== undefined) return refused(wrong);
    if (writes(found)) {
      if (written >= writesMax) return refused(overBudget(writesMax));
      written++;
    }
    try {
      return answered(await found.run(given as never, operation));
    } catch (e) {
      if (e instanceof RefusalError) return refused(e.refusal);
      if (e instanceof Fault) return failed(e);
      throw e;
    }
  });
  return server;
}

function listed(t: Tool) {
  const isRead = !writes(t);
  return {
    name: t.name,
    title: t.title,
    description: t.description,
    inputSchema: t.input as never,
    outputSchema: t.output as never,
    annotations: {
      title: t.title,
      readOnlyHint: isRead,
      destructiveHint: t.isDestructive,
      // A repetition with the same key does nothing more.
      idempotentHint: true,
      // Providers and people are outside.
      openWorldHint: t.effect === 'look' || t.effect === 'act' || t.effect === 'propose',
    },
  };
}

/** Without members that are not given, which an operation would take for something that was. */
function defined(params: OperationParams): OperationParams {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}

function answered(result: object): CallToolResult {
  const plain = JSON.parse(JSON.stringify(result)) as { [key: string]: unknown };
  return { content: [{ type: 'text', text: JSON.stringify(plain) }], structuredContent: plain };
}

function refused(refusal: Refusal): CallToolResult {
  return erroneous({ ...refusal, retryable: retryableCodes.includes(refusal.code) });
}

function failed({ code, message }: Fault): CallToolResult {
  return erroneous({ code, message, retryable: retryableCodes.includes(code), hint: 'tell whoever runs the engine' });
}

/** As text: what is structured has to be of the shape of a success. */
function erroneous(error: { readonly [key: string]: unknown }): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: JSON.stringify({ error }) }] };
}

function wrongInput(t: Tool, given: unknown): Refusal | undefined {
  const check = checks.get(t.name) ?? ajv.compile(t.input);
  checks.set(t.name, check);
  if (check(given)) return undefined;
  const [error] = check.errors ?? [];
  const { additionalProperty, missingProperty } = (error?.params ?? {}) as Record<string, string | undefined>;
  return {
    code: 'request_malformed',
    path: `${error?.instancePath ?? ''}/${missingProperty ?? additionalProperty ?? ''}`,
    expected: missingProperty === undefined ? (error?.message ?? 'another shape') : 'a value',
    got: missingProperty === undefined ? JSON.stringify(given).slice(0, 200) : 'nothing',
    hint: `see the input schema of ${t.name}`,
  };
}

function unknownTool(name: string, canWrite: boolean): Refusal {
  const isOff = !canWrite && tools.some((t) => t.name === name);
  return {
    code: isOff ? 'access_denied' : 'request_malformed',
    path: 'name',
    expected: isOff ? 'a tool that only looks: writing is turned off' : 'the name of a tool',
    got: name,
    hint: isOff ? 'ask whoever started the server to allow writes' : 'list the tools',
  };
}

function overBudget(writesMax: number): Refusal {
  return {
    code: 'budget_exceeded',
    path: '',
    expected: `at most ${writesMax} writes in a session`,
    got: 'one more',
    hint: 'have a person look at what was done, and begin another session',
  };
}

const readerWords = 'Looks at infrastructure as a live, versioned model. HEAD is the truth; change sets are proposals.';
const writerWords = `${readerWords} Make edits in a change set of your own, review it, and ask for approval before you apply it. Give each write a fresh idempotencyKey.`;
