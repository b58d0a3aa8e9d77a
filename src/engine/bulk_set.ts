// The same values for every component that a search finds: one batch, all of it or nothing, against the state that the search
// was made on. What others did meanwhile is met as by any author who saw that state.

import type { Principal } from '../access/role.ts';
import type { Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Attributes, Request } from '../mutation/request.ts';
import { type MatchAsk, matchComponents } from './component_match.ts';
import { askOf, repeated } from './idempotency.ts';
import type { State } from './operation.ts';
import { permit } from './permit.ts';
import { type SubmitReply, submitAs } from './submit.ts';

export interface BulkSetAsk {
  readonly match: MatchAsk;
  readonly set: Attributes;
  readonly idempotencyKey?: string;
  readonly ifVersion?: number;
}

export interface BulkSetReply extends SubmitReply {
  /** Components that the search found. */
  readonly matched: number;
}

/** Refuses what the search and `submit` refuse. */
export async function bulkSet(s: State, principal: Principal, asked: BulkSetAsk): Promise<Result<BulkSetReply>> {
  const { w, row } = s;
  const { idempotencyKey, ...what } = asked;
  const ask = askOf(w, idempotencyKey, { bulkSet: { changeSet: row.id, ...what } as unknown as Json });
  if (!ask.ok) return ask;
  const may = await permit(w, principal, 'edit', { operation: 'edit', subject: row.id });
  if (!may.ok) return may;
  return repeated(w, { principal: principal.id, ...ask.value }, async () => {
    const paths = Object.entries(asked.set);
    if (paths.length === 0) return nothingAsked();
    const head = await w.head();
    const found = await matchComponents(s, head.snapshot, asked.match);
    if (!found.ok) return found;
    const mutations = found.value.flatMap(({ id }) =>
      paths.map(([path, value]): Request => ({ kind: 'attribute.set', component: id, path, value })),
    );
    const { ifVersion } = asked;
    const as = (reply: SubmitReply): BulkSetReply => ({ ...reply, matched: found.value.length });
    if (mutations.length === 0 && !row.isHead)
      return ok(as({ changeSet: row.id, version: s.version, intentRoot: row.intentRoot, steps: [] }));
    const request = {
      changeSet: row.id,
      mutations,
      baseVersion: s.version,
      ...(ifVersion === undefined ? {} : { ifVersion }),
    };
    return submitAs(w, principal, request, { ...ask.value, as });
  });
}

function nothingAsked(): Result<never> {
  return refuse('request_malformed', {
    path: 'set',
    expected: 'pointers and the values that they get',
    got: 'none',
    hint: 'name at least one, such as {"/domain/Name": "x"}',
  });
}
