// Version 5: steps of reality, actions, and the step that a checkpoint's root of reality has. A checkpoint written before
// there were steps has none of them.
//   reality           workspace << 40 | number of the step
//   action_origin     a row for each change set that asked for an action; `action` is its `ref`
// `ended_at_ms` is set of actions that may be pruned, and of no other.

export const actions = `
alter table checkpoint add column reality_seq integer not null default 0;

create table reality (
  key integer primary key,
  text any not null
) strict;

create table action (
  ref integer primary key,
  workspace integer not null,
  id text not null,
  component text not null,
  status text not null,
  revision integer not null,
  ended_at_ms integer,
  text any not null
) strict;
create unique index action_id on action (workspace, id);
create index action_component on action (workspace, component, id);
create index action_status on action (workspace, status, id);
create index action_ended on action (workspace, ended_at_ms) where ended_at_ms is not null;

create table action_origin (
  workspace integer not null,
  origin text not null,
  id text not null,
  action integer not null,
  primary key (workspace, origin, id)
) strict, without rowid;
create index action_origin_action on action_origin (action);
`;
