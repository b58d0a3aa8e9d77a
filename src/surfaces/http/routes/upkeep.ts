// The keeping of a store, and its audit: numbers, verification, collection, backup; who did what, and whether the chains hold.
// A backup is written by the server, to a path of its machine.

import { Type } from 'typebox';
import { anyJson, maybe, shape } from '../model.ts';
import { type Route, route } from '../route.ts';

const inWorkspace = '/v1/w/{workspace_id}';

const chainHead = Type.Object({ changeSet: Type.String(), seq: Type.Integer(), hash: Type.String() });
const heads = Type.Optional(
  Type.Array(chainHead, {
    description: 'Heads of chains that were written down earlier: shows whether a tail was cut.',
  }),
);

const entry = shape('AuditEntry', {
  seq: Type.Integer(),
  changeSet: Type.String(),
  kind: Type.String(),
  subject: Type.String(),
  actor: Type.String(),
  atMs: Type.Integer(),
  sentence: Type.String(),
  hash: Type.String(),
  changes: Type.Array(anyJson),
});

export const upkeepRoutes: readonly Route[] = [
  route({
    id: 'Upkeep.getStatistics',
    method: 'GET',
    path: `${inWorkspace}/statistics`,
    summary: 'Numbers of the store and its cache, and how far change sets are behind Head.',
    answers: { 200: shape('Statistics', { store: anyJson, cache: anyJson, replayLag: anyJson }) },
    handle: ({ operation }) => operation('statistics'),
  }),
  route({
    id: 'Upkeep.verify',
    method: 'POST',
    path: `${inWorkspace}/verify`,
    summary: 'Recomputes every root and index from the log; lists what is wrong.',
    body: shape('VerifyRequest', {
      most: Type.Optional(Type.Integer({ minimum: 1, description: 'Problems told; default 20.' })),
      heads,
    }),
    bodyIsOptional: true,
    repeats: 'none',
    answers: { 200: shape('Verdict', { ok: Type.Boolean(), problems: Type.Array(anyJson) }) },
    handle: ({ body, operation }) => operation('verify', body ?? {}),
  }),
  route({
    id: 'Upkeep.collectGarbage',
    method: 'POST',
    path: `${inWorkspace}/gc`,
    summary: 'Takes away what no version refers to.',
    answers: { 200: anyJson },
    handle: ({ operation }) => operation('gc'),
  }),
  route({
    id: 'Upkeep.backup',
    method: 'POST',
    path: `${inWorkspace}/backup`,
    summary: 'Writes a backup of the store to a path of the server’s machine; for owners.',
    body: shape('BackupRequest', { destination: Type.String({ description: 'An absolute path.' }) }),
    answers: { 200: shape('BackupResponse', { destination: Type.String() }) },
    handle: ({ body, operation }) => operation('backup', body),
  }),
  route({
    id: 'Audit.listAudit',
    method: 'GET',
    path: `${inWorkspace}/audit`,
    summary:
      'Who did what: the newest entries that fit, oldest of them first; with `fromSeq`, those of one change set from there on.',
    query: shape('ListAuditQuery', {
      changeSet: Type.Optional(Type.String()),
      subject: Type.Optional(Type.String({ description: 'An id.' })),
      kind: Type.Optional(Type.String()),
      actor: Type.Optional(Type.String()),
      fromSeq: Type.Optional(Type.Integer({ minimum: 1, description: 'Needs changeSet.' })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 300, description: 'Default 50.' })),
    }),
    answers: {
      200: shape('ListAuditResponse', {
        entries: Type.Array(entry),
        nextSeq: maybe(Type.Integer({ description: 'The fromSeq of the next page; null: there is none now.' })),
      }),
    },
    handle: async ({ query, operation }) => {
      const limit = query.limit ?? 50;
      const entries = await operation<{ seq: number }[]>('audit.list', { ...query, limit });
      const last = entries.at(-1);
      const isMore = query.fromSeq !== undefined && last !== undefined && entries.length === limit;
      return { entries, nextSeq: isMore ? last.seq + 1 : null };
    },
  }),
  route({
    id: 'Audit.verifyAudit',
    method: 'POST',
    path: `${inWorkspace}/audit/verify`,
    summary: 'Checks every chain, and against heads that were written down earlier.',
    body: shape('VerifyAuditRequest', { heads }),
    bodyIsOptional: true,
    repeats: 'none',
    answers: {
      200: shape('AuditVerdict', {
        ok: Type.Boolean(),
        chains: Type.Integer(),
        entries: Type.Integer(),
        problem: Type.Optional(anyJson),
        heads: Type.Array(anyJson),
      }),
    },
    handle: ({ body, operation }) => operation('audit.verify', body ?? {}),
  }),
];
