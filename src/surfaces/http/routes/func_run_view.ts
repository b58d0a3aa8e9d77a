// A run as the public API shows it. What it was called with and what it gave are there as far as they are kept, with secrets
// redacted when they were kept. What this installation does not know (a link, an attribute value's id) is null.

import { type Static, Type } from 'typebox';
import type { RunView } from '../../../engine/run_view.ts';
import type { FunctionKind } from '../../../model/function.ts';
import { isEnded, type RunRecord, type RunStatus } from '../../../model/run.ts';
import { anyJson, maybe, shape } from '../model.ts';
import { actionKindNames, functionKindNames } from './variant_view.ts';

const logShape = shape('FuncRunLogViewV1', {
  id: Type.String(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
  funcRunId: Type.String(),
  logs: Type.Array(
    Type.Object({
      stream: Type.String(),
      executionId: Type.String(),
      level: Type.String(),
      group: maybe(Type.String()),
      message: Type.String(),
      timestamp: Type.Integer({ description: 'Seconds since 1970.' }),
    }),
  ),
  finalized: Type.Boolean(),
});

export const funcRunShape = shape('FuncRunViewV1', {
  id: Type.String(),
  state: Type.String(),
  actor: maybe(Type.String()),
  componentId: maybe(Type.String()),
  attributeValueId: maybe(Type.String()),
  componentName: maybe(Type.String()),
  schemaName: maybe(Type.String()),
  actionId: maybe(Type.String()),
  actionPrototypeId: maybe(Type.String()),
  actionKind: maybe(Type.String()),
  actionDisplayName: maybe(Type.String()),
  actionOriginatingChangeSetId: maybe(Type.String()),
  actionOriginatingChangeSetName: maybe(Type.String()),
  actionResultState: maybe(Type.String()),
  backendKind: Type.String(),
  backendResponseType: Type.String(),
  functionName: Type.String(),
  functionDisplayName: maybe(Type.String()),
  functionKind: Type.String(),
  functionDescription: maybe(Type.String()),
  functionLink: maybe(Type.String()),
  functionArgs: anyJson,
  functionCodeBase64: Type.String({ description: 'Empty where the text was not saved or is another by now.' }),
  resultValue: Type.Optional(anyJson),
  logs: maybe(logShape),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});

const backends: Readonly<Record<FunctionKind, readonly [kind: string, response: string]>> = {
  attribute: ['JsAttribute', 'Json'],
  transformation: ['JsAttribute', 'Json'],
  'code-generation': ['JsAttribute', 'CodeGeneration'],
  qualification: ['JsAttribute', 'Qualification'],
  authentication: ['JsAuthentication', 'Void'],
  management: ['Management', 'Management'],
  action: ['JsAction', 'Action'],
  'schema-definition': ['JsSchemaVariantDefinition', 'SchemaVariantDefinition'],
  policy: ['JsAttribute', 'Json'],
};

const states: Readonly<Record<RunStatus, string>> = {
  queued: 'Created',
  dispatched: 'Dispatched',
  running: 'Running',
  succeeded: 'Success',
  failed: 'Failure',
  cancelled: 'Killed',
  'timed-out': 'Failure',
  lost: 'Failure',
};

/** The state as the public API spells it. */
export const stateOf = ({ status, kind }: Pick<RunRecord, 'status' | 'kind'>): string =>
  kind === 'action' && status === 'failed' ? 'ActionFailure' : states[status];

const iso = (ms: number): string => new Date(ms).toISOString();

export function funcRunView(v: RunView): Static<typeof funcRunShape> & { readonly failure: RunRecord['failure'] } {
  const { run, action } = v;
  const [backendKind, backendResponseType] = backends[run.kind];
  const createdAt = iso(run.queuedAtMs);
  const updatedAt = iso(run.endedAtMs ?? run.startedAtMs ?? run.queuedAtMs);
  return {
    id: run.id,
    state: stateOf(run),
    actor: run.actor,
    componentId: orNull(run.component),
    attributeValueId: null,
    componentName: v.componentName,
    schemaName: v.schemaName,
    actionId: action?.id ?? null,
    actionPrototypeId: action === null ? null : action.function,
    actionKind: action === null ? null : actionKindNames[action.kind],
    actionDisplayName: action === null ? null : (v.function?.displayName ?? run.functionName),
    actionOriginatingChangeSetId: action?.origins[0] ?? null,
    actionOriginatingChangeSetName: action?.originName ?? null,
    actionResultState:
      action === null || !isEnded(run.status) ? null : run.status === 'succeeded' ? 'Success' : 'Failure',
    backendKind,
    backendResponseType,
    functionName: run.functionName,
    functionDisplayName: v.function?.displayName ?? null,
    functionKind: functionKindNames[run.kind],
    functionDescription: v.function?.description ?? null,
    functionLink: null,
    functionArgs: v.input,
    functionCodeBase64: Buffer.from(v.text ?? '', 'utf8').toString('base64'),
    resultValue: v.result,
    logs: {
      id: run.id,
      createdAt,
      updatedAt,
      funcRunId: run.id,
      logs: v.log.map(({ stream, text, atMs }) => ({
        stream: stream === 'error' ? 'stderr' : 'stdout',
        executionId: run.id,
        level: stream === 'error' ? 'error' : 'info',
        group: 'log',
        message: text,
        timestamp: Math.floor(atMs / 1_000),
      })),
      finalized: v.isComplete,
    },
    createdAt,
    updatedAt,
    failure: run.failure,
  };
}

const orNull = (text: string): string | null => (text === '' ? null : text);
