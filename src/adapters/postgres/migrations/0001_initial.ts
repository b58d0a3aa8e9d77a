// Version 1 of the tables. Ids of workspaces and change sets become integers once (`ref`), so that the keys of the large tables
// are short. Opaque texts stand in columns of type text as column_text.ts writes them; everything is compared and ordered by
// bytes ("C"), as the engine does. A commit is one call of `commit_group`, so it costs one round trip and one sync.
//   store_owner.epoch         counted up by whoever takes the store for itself alone; what an earlier owner sends is refused
//   workspace.last_position   the last position that was given; taken under the row's lock, so in the order of landing
//   isLast                    of several rows of a commit about one change set or action: as it shall be in the end
//   event                     positions that are no audit row's: `step` of reality, else `text` of an action as it was moved
//   memo.used                 grows with every write and with what was asked for since; the least goes first

export const initial = `
create table store_owner (
  id integer primary key check (id = 1),
  epoch bigint not null
);
insert into store_owner (id, epoch) values (1, 0);

create table workspace (
  ref integer generated always as identity primary key,
  id text collate "C" not null unique,
  name text collate "C" unique,
  head text collate "C",
  created_at_ms bigint,
  generation integer not null default 1,
  last_position bigint not null default 0,
  events_removed bigint not null default 0,
  reality_seq bigint not null default 0,
  memo_bytes bigint not null default 0,
  memo_used bigint not null default 0
);

create table change_set (
  ref integer generated always as identity primary key,
  workspace integer not null references workspace,
  id text collate "C" not null,
  name text collate "C" not null,
  status text not null,
  is_head boolean not null,
  base_version bigint not null,
  opened_on bigint not null,
  version bigint not null,
  intent_root text not null,
  reality_root text not null,
  audit_count bigint not null,
  audit_head text not null,
  created_at_ms bigint not null,
  created_by text not null,
  updated_at_ms bigint not null,
  unique (workspace, id)
);

create table log (
  change_set integer not null references change_set,
  version bigint not null,
  text text not null,
  primary key (change_set, version)
);

create table audit (
  workspace integer not null,
  position bigint not null,
  change_set integer not null references change_set,
  seq bigint not null,
  version bigint not null,
  subject text collate "C" not null,
  kind text collate "C" not null,
  actor text collate "C" not null,
  at_ms bigint not null,
  text text not null,
  hash text not null,
  primary key (workspace, position),
  unique (change_set, seq)
);
create index audit_subject on audit (workspace, subject, position) where subject <> '';

create table event (
  workspace integer not null,
  position bigint not null,
  step bigint,
  text text,
  primary key (workspace, position)
);

create table reality (
  workspace integer not null,
  seq bigint not null,
  text text not null,
  primary key (workspace, seq)
);

create table action (
  workspace integer not null references workspace,
  id text collate "C" not null,
  component text collate "C" not null,
  status text collate "C" not null,
  revision bigint not null,
  ended_at_ms bigint,
  text text not null,
  primary key (workspace, id)
);
create index action_component on action (workspace, component, id);
create index action_status on action (workspace, status, id);
create index action_ended on action (workspace, ended_at_ms, id) where ended_at_ms is not null;

create table action_origin (
  workspace integer not null,
  origin text collate "C" not null,
  id text collate "C" not null,
  primary key (workspace, origin, id),
  foreign key (workspace, id) references action on delete cascade
);
create index action_origin_action on action_origin (workspace, id);

create table idempotency (
  workspace integer not null,
  principal text collate "C" not null,
  key text collate "C" not null,
  request_hash text not null,
  reply text not null,
  at_ms bigint not null,
  primary key (workspace, principal, key)
);
create index idempotency_at on idempotency (workspace, at_ms);

create table chunk (
  workspace integer not null,
  hash bytea not null,
  generation integer not null,
  text text not null,
  primary key (workspace, hash)
);

create table checkpoint (
  change_set integer not null references change_set,
  version bigint not null,
  intent_root text not null,
  reality_root text not null,
  reality_seq bigint not null,
  derived_root text,
  primary key (change_set, version)
);

create table setting (
  workspace integer not null,
  name text collate "C" not null,
  value text not null,
  primary key (workspace, name)
);

create table document (
  workspace integer not null,
  name text collate "C" not null,
  text text not null,
  primary key (workspace, name)
);

create table sealed (
  workspace integer not null,
  key text collate "C" not null,
  text text not null,
  primary key (workspace, key)
);

create table run (
  workspace integer not null,
  id text collate "C" not null,
  change_set text collate "C" not null,
  component text collate "C" not null,
  function text collate "C" not null,
  status text collate "C" not null,
  ended_at_ms bigint,
  text text not null,
  primary key (workspace, id)
);
create index run_change_set on run (workspace, change_set, id);
create index run_component on run (workspace, component, id);
create index run_function on run (workspace, function, id);
create index run_status on run (workspace, status, id) where status <> 'succeeded';

create table run_log (
  workspace integer not null,
  run text collate "C" not null,
  seq bigint not null,
  at_ms bigint not null,
  stream text not null,
  text text not null,
  primary key (workspace, run, seq)
);

create table memo (
  workspace integer not null,
  key bytea not null,
  text text not null,
  bytes bigint not null,
  used bigint not null,
  primary key (workspace, key)
);
create index memo_used on memo (workspace, used);

-- What of a commit is not as it expects, else null. The first in the order that the port names.
create function refusal_of(w integer, c jsonb) returns jsonb language plpgsql stable as $$
declare
  r jsonb;
  found_number bigint;
begin
  if c ? 'workspace' and exists (
    select 1 from workspace where name is not null and (id = c #>> '{workspace,id}' or name = c #>> '{workspace,name}')
  ) then
    return '{"workspaceTaken": true}';
  end if;
  for r in select value from jsonb_array_elements(c -> 'changeSets') loop
    select version into found_number from change_set where workspace = w and id = r ->> 'id';
    if found_number is distinct from (r ->> 'expected')::bigint then
      return jsonb_build_object('changeSet', r ->> 'id', 'version', found_number);
    end if;
  end loop;
  if c ? 'reality' then
    select reality_seq into found_number from workspace where ref = w;
    if found_number <> (c #>> '{reality,expected}')::bigint then
      return jsonb_build_object('reality', found_number);
    end if;
  end if;
  for r in select value from jsonb_array_elements(c -> 'actions') loop
    select revision into found_number from action where workspace = w and id = r ->> 'id';
    if found_number is distinct from (r ->> 'expected')::bigint then
      return jsonb_build_object('action', r ->> 'id', 'revision', found_number);
    end if;
  end loop;
  return null;
end $$;

-- Did exactly this commit land before? Asked when the connection was lost before it was answered. Its rows that are only
-- appended tell; a commit that has none of them moves an action, whose text holds the token of whoever moved it.
create function has_landed(w integer, c jsonb) returns boolean language sql stable as $$
  select
    jsonb_array_length(c -> 'log') + jsonb_array_length(c -> 'audit') + jsonb_array_length(c -> 'actions')
      + jsonb_array_length(coalesce(c #> '{reality,rows}', '[]')) > 0
    and not exists (
      select 1 from jsonb_array_elements(c -> 'log') r
      where not exists (
        select 1 from log l join change_set s on s.ref = l.change_set
        where s.workspace = w and s.id = r ->> 'changeSet' and l.version = (r ->> 'version')::bigint and l.text = r ->> 'text'))
    and not exists (
      select 1 from jsonb_array_elements(c -> 'audit') r
      where not exists (
        select 1 from audit a join change_set s on s.ref = a.change_set
        where s.workspace = w and s.id = r ->> 'changeSet' and a.seq = (r ->> 'seq')::bigint and a.hash = r ->> 'hash'))
    and not exists (
      select 1 from jsonb_array_elements(coalesce(c #> '{reality,rows}', '[]')) r
      where not exists (
        select 1 from reality x where x.workspace = w and x.seq = (r ->> 'seq')::bigint and x.text = r ->> 'text'))
    and not exists (
      select 1 from jsonb_array_elements(c -> 'actions') r
      where not exists (
        select 1 from action a where a.workspace = w and a.id = r ->> 'id'
          and (a.revision > (r ->> 'revision')::bigint or a.revision = (r ->> 'revision')::bigint and a.text = r ->> 'text')))
$$;

create function put_chunks(w integer, chunks jsonb) returns void language sql as $$
  insert into chunk as c (workspace, hash, generation, text)
  select w, decode(h, 'hex'), g.generation, t from (
    select distinct on (r ->> 'hash') r ->> 'hash' as h, r ->> 'text' as t from jsonb_array_elements(chunks) r
  ) as given cross join (select generation from workspace where ref = w) g
  order by h
  on conflict (workspace, hash) do update set generation = excluded.generation where c.generation < excluded.generation
$$;

create function assert_there(w integer, rows jsonb) returns void language plpgsql as $$
declare
  missing text;
begin
  select r ->> 'changeSet' into missing from jsonb_array_elements(rows) r
    where not exists (select 1 from change_set s where s.workspace = w and s.id = r ->> 'changeSet') limit 1;
  if missing is not null then
    raise exception 'change set % does not exist', missing using errcode = 'HW001';
  end if;
end $$;

create function land(w integer, c jsonb) returns void language plpgsql as $$
declare
  positions bigint;
begin
  if c ? 'workspace' then
    update workspace set name = c #>> '{workspace,name}', head = c #>> '{workspace,head}',
      created_at_ms = (c #>> '{workspace,createdAtMs}')::bigint where ref = w;
  end if;
  insert into change_set (workspace, id, name, status, is_head, base_version, opened_on, version, intent_root, reality_root,
      audit_count, audit_head, created_at_ms, created_by, updated_at_ms)
    select w, r ->> 'id', r ->> 'name', r ->> 'status', (r ->> 'isHead')::boolean, (r ->> 'baseVersion')::bigint,
      (r ->> 'openedOn')::bigint, (r ->> 'version')::bigint, r ->> 'intentRoot', r ->> 'realityRoot',
      (r ->> 'auditCount')::bigint, r ->> 'auditHead', (r ->> 'createdAtMs')::bigint, r ->> 'createdBy',
      (r ->> 'updatedAtMs')::bigint
    from jsonb_array_elements(c -> 'changeSets') r where (r ->> 'isLast')::boolean
    on conflict (workspace, id) do update set name = excluded.name, status = excluded.status, is_head = excluded.is_head,
      base_version = excluded.base_version, opened_on = excluded.opened_on, version = excluded.version,
      intent_root = excluded.intent_root, reality_root = excluded.reality_root, audit_count = excluded.audit_count,
      audit_head = excluded.audit_head, created_at_ms = excluded.created_at_ms, created_by = excluded.created_by,
      updated_at_ms = excluded.updated_at_ms;
  perform assert_there(w, (c -> 'log') || (c -> 'audit'));
  insert into log (change_set, version, text)
    select s.ref, (r ->> 'version')::bigint, r ->> 'text'
    from jsonb_array_elements(c -> 'log') r join change_set s on s.workspace = w and s.id = r ->> 'changeSet';
  select last_position into positions from workspace where ref = w;
  insert into audit (workspace, position, change_set, seq, version, subject, kind, actor, at_ms, text, hash)
    select w, positions + n, s.ref, (r ->> 'seq')::bigint, (r ->> 'version')::bigint, r ->> 'subject', r ->> 'kind',
      r ->> 'actor', (r ->> 'atMs')::bigint, r ->> 'text', r ->> 'hash'
    from jsonb_array_elements(c -> 'audit') with ordinality as x(r, n)
    join change_set s on s.workspace = w and s.id = r ->> 'changeSet';
  positions := positions + jsonb_array_length(c -> 'audit');
  if c ? 'idempotency' then
    insert into idempotency (workspace, principal, key, request_hash, reply, at_ms)
      select w, r ->> 'principal', r ->> 'key', r ->> 'requestHash', r ->> 'reply', (r ->> 'atMs')::bigint
      from (select c -> 'idempotency' as r) x;
  end if;
  if c ? 'reality' then
    insert into reality (workspace, seq, text)
      select w, (r ->> 'seq')::bigint, r ->> 'text' from jsonb_array_elements(c #> '{reality,rows}') r;
  end if;
  if c ? 'chunks' then
    perform put_chunks(w, c -> 'chunks');
  end if;
  insert into action (workspace, id, component, status, revision, ended_at_ms, text)
    select w, r ->> 'id', r ->> 'component', r ->> 'status', (r ->> 'revision')::bigint, (r ->> 'endedAtMs')::bigint, r ->> 'text'
    from jsonb_array_elements(c -> 'actions') r where (r ->> 'isLast')::boolean
    on conflict (workspace, id) do update set component = excluded.component, status = excluded.status,
      revision = excluded.revision, ended_at_ms = excluded.ended_at_ms, text = excluded.text;
  delete from action_origin o using jsonb_array_elements(c -> 'actions') r
    where (r ->> 'isLast')::boolean and o.workspace = w and o.id = r ->> 'id' and not (r -> 'origins') ? o.origin;
  insert into action_origin (workspace, origin, id)
    select distinct w, o, r ->> 'id' from jsonb_array_elements(c -> 'actions') r, jsonb_array_elements_text(r -> 'origins') o
    where (r ->> 'isLast')::boolean
    on conflict do nothing;
  insert into event (workspace, position, step, text)
    select w, positions + n, (r ->> 'step')::bigint, r ->> 'text'
    from jsonb_array_elements(c -> 'events') with ordinality as x(r, n);
  update workspace set last_position = positions + jsonb_array_length(c -> 'events'),
    reality_seq = reality_seq + jsonb_array_length(coalesce(c #> '{reality,rows}', '[]')) where ref = w;
end $$;

-- Judges and lands commits of one workspace, in their order, each whole or not at all; an answer for each. "again": the connection was
-- lost after they were sent, so some may have landed. "owner": the epoch of a writer that is alone; null of one that is not. The lock
-- on the workspace's row is what puts those of several writers in order.
create function commit_group(w integer, commits jsonb, again boolean, owner bigint) returns jsonb language plpgsql as $$
declare
  c jsonb;
  answer jsonb;
  answers jsonb := '[]';
  broken text;
begin
  if owner is not null then
    perform 1 from store_owner where epoch = owner for share;
    if not found then
      raise exception 'another engine has taken the store' using errcode = 'HW002';
    end if;
  end if;
  perform 1 from workspace where ref = w for no key update;
  for c in select value from jsonb_array_elements(commits) loop
    if again and has_landed(w, c) then
      answers := answers || '{"ok": true}'::jsonb;
      continue;
    end if;
    answer := refusal_of(w, c);
    if answer is null then
      begin
        perform land(w, c);
        answer := '{"ok": true}';
      exception
        when unique_violation then
          get stacked diagnostics broken = constraint_name;
          if broken = 'workspace_name_key' then
            answer := '{"workspaceTaken": true}';
          else
            answer := jsonb_build_object('fault', sqlerrm, 'exists', true, 'in', broken);
          end if;
        when sqlstate 'HW001' then
          answer := jsonb_build_object('fault', sqlerrm);
      end;
    end if;
    answers := answers || answer;
  end loop;
  return answers;
end $$;
`;
