// Events: what happens in a workspace or a change set, as it happens, as server-sent events. Resumed
// from a position, by Last-Event-ID or `after`.

import { Type } from 'typebox';
import { must } from '../../../base/result.ts';
import { eventKinds } from '../../../engine/event_shape.ts';
import { eventFilter, passingNow } from '../../../engine/operations_event.ts';
import { eventStreamType, lastIdOf, streamed, told } from '../event_stream.ts';
import { type Answer, inChangeSet, type Route, type RouteCall, route } from '../route.ts';

const eventQuery = Type.Object({
  after: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Tell what came behind this position. Default: from now on.' }),
  ),
  kinds: Type.Optional(Type.String({ description: `Some of ${eventKinds.join(', ')}, with commas between.` })),
});

interface Query {
  readonly after?: number;
  readonly kinds?: string;
}

const description = `A stream of server-sent events: \`event\` is the kind, \`id\` the position, \`data\` JSON. A client that comes again \
with its last id misses nothing of what is durable, and is told nothing twice. What passes (propagation, run, run_log) has no \
position and is told as it is when a stream begins. Other events: \`missed\` (events that pass were left out for a slow client), \
\`gap\` (what came behind the position is not kept any more) and \`end\` (with a reason); 410 \`events_gone\` says the same at the \
beginning.`;

export const eventRoutes: readonly Route[] = [
  route({
    id: 'Events.streamWorkspaceEvents',
    method: 'GET',
    path: '/v1/w/{workspace_id}/events',
    summary: 'What happens in the workspace, as it happens.',
    description,
    query: eventQuery,
    contentType: eventStreamType,
    answers: { 200: Type.String() },
    handle: (call) => followed(call as RouteCall<Query, unknown>),
  }),
  route({
    id: 'Events.streamChangeSetEvents',
    method: 'GET',
    path: `${inChangeSet}/events`,
    summary: 'What happens in one change set, as it happens; HEAD is Head.',
    description,
    query: eventQuery,
    contentType: eventStreamType,
    answers: { 200: Type.String() },
    handle: (call) => followed(call as RouteCall<Query, unknown>),
  }),
];

async function followed(call: RouteCall<Query, unknown>): Promise<Answer> {
  const { query, params, operation, workspace } = call;
  const { change_set_id: changeSet } = params;
  // A client that comes again names what it has seen since.
  const after = lastIdOf(call) ?? query.after;
  const narrowed = { ...(query.kinds === undefined ? {} : { kinds: query.kinds }) };
  const asked = { ...narrowed, ...(changeSet === undefined ? {} : { changeSet }) };
  // The access check, and every refusal that has a status.
  await operation('events.read', { ...asked, limit: 0, ...(after === undefined ? {} : { after }) });
  const filter = await eventFilter(workspace, asked);
  const stream = must(await workspace.events.follow(filter, after));
  return streamed(call, told(call, stream, passingNow(workspace, filter)));
}
