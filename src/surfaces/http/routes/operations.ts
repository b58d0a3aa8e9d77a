// Every operation of the engine by its name, as the command line calls them: one request, answered in lines of JSON, so that
// what is going on can be told before the answer. Programs are better served by the other routes, which have shapes.

import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { Fault, type Refusal, type Result } from '../../../base/result.ts';
import { callOperation } from '../../../engine/operations.ts';
import { Answer, type Route, route } from '../route.ts';

/** The last line is `value`, `refusal` or `fault`; those before it are `progress`. */
export type OperationLine =
  | { readonly progress: string }
  | { readonly value: unknown }
  | { readonly refusal: Refusal }
  | { readonly fault: { readonly code: string; readonly message: string } };

const contentType = 'application/x-ndjson';

export const operationRoutes: readonly Route[] = [
  route({
    id: 'Operations.callOperation',
    method: 'POST',
    path: '/v1/w/{workspace_id}/operations/{operation}',
    summary: 'Carries out an operation of the engine by its name.',
    description:
      'For the command line. The answer is lines of JSON: any number of {"progress"}, then one of {"value"}, {"refusal"}, {"fault"}.',
    body: Type.Object({}, { description: 'Parameters of the operation.' }),
    bodyIsOptional: true,
    repeats: 'engine',
    contentType,
    answers: { 200: Type.String() },
    handle: async ({ engine, principal, workspace, params, body, idempotencyKey }) => {
      const key = idempotencyKey === undefined ? {} : { idempotencyKey };
      const given = { ...key, ...(body ?? {}), workspace: workspace.id };
      const lines = new Readable({ read: () => {} });
      const write = (line: OperationLine) => lines.push(`${JSON.stringify(line)}\n`);
      const call = { engine, principal, progress: (text: string) => void write({ progress: text }) };
      callOperation(call, params['operation'] ?? '', given)
        .then((done) => write(lineOf(done)))
        .catch((e: unknown) => {
          // The status has been sent: a bug, too, is told in the last line, and then to whoever hears of bugs.
          if (e instanceof Fault) write({ fault: { code: e.code, message: e.message } });
          else lines.destroy(e instanceof Error ? e : new Error(String(e)));
        })
        .finally(() => lines.push(null));
      return new Answer(200, lines);
    },
  }),
];

const lineOf = (done: Result<unknown>): OperationLine =>
  done.ok ? { value: done.value ?? null } : { refusal: done.refusal };
