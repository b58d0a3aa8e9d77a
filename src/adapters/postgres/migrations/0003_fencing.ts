// Version 3 of the tables: an engine writes nothing, of whatever kind, to a workspace whose lease another one has taken. Each connection
// says whose it is (`headwater.node`), and what a statement has written beside commits is looked through for workspaces; the look keeps a
// successor waiting until the transaction has ended. Commits look by themselves. A connection that does not say is no engine's that
// leases (one that has the tables alone, an older release, a tool): it is let be.

const events = { insert: 'new', update: 'new', delete: 'old' } as const;
type Event = keyof typeof events;

const all: readonly Event[] = ['insert', 'update', 'delete'];
/** Commits write to the last three as well; what is written beside commits is only this. */
const fenced: Readonly<Record<string, readonly Event[]>> = {
  setting: all,
  document: all,
  sealed: all,
  chunk: all,
  run: all,
  run_log: all,
  memo: all,
  action: ['delete'],
  event: ['delete'],
  idempotency: ['delete'],
};

const trigger = (table: string, event: Event, then: string): string =>
  `create trigger fenced_${event} after ${event} on ${table} referencing ${events[event]} table as touched
    for each statement execute function ${then}();`;

export const fencing = `
create function assert_driven(w integer) returns void language plpgsql as $$
begin
  perform 1 from workspace_lease where workspace = w and node = current_setting('headwater.node') for share;
  if not found then
    raise exception 'another engine has taken the workspace' using errcode = 'HW002';
  end if;
end $$;

create function fence_workspaces() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('headwater.node', true), '') <> '' then
    perform assert_driven(t.workspace) from (select distinct workspace from touched) t;
  end if;
  return null;
end $$;

create function fence_change_sets() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('headwater.node', true), '') <> '' then
    perform assert_driven(t.workspace)
      from (select distinct c.workspace from touched k join change_set c on c.ref = k.change_set) t;
  end if;
  return null;
end $$;

create function fence_counters() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('headwater.node', true), '') <> '' then
    perform assert_driven(new.ref);
  end if;
  return new;
end $$;

${Object.entries(fenced)
  .flatMap(([table, of]) => of.map((event) => trigger(table, event, 'fence_workspaces')))
  .join('\n')}
${all.map((event) => trigger('checkpoint', event, 'fence_change_sets')).join('\n')}
create trigger fenced before update of generation, memo_bytes, memo_used, events_removed on workspace
  for each row execute function fence_counters();
`;
