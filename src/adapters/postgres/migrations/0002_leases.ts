// Version 2 of the tables: several engines. A workspace is driven by whoever holds its lease; the lease's number grows with every
// holder and goes with every write, so that what comes late from an earlier one is refused. The row is read "for share": a holder that
// is succeeded in the same moment has either landed before, or lands nothing.
//   workspace_lease.until   by the server's clock; renewed by the holder, and taken by others once it is past
//   engine_node             who is there; rows of those not seen for a while say nothing

export const leases = `
create table engine_node (
  id text collate "C" primary key,
  address text,
  seen_at timestamptz not null
);

create table workspace_lease (
  workspace integer primary key references workspace,
  epoch bigint not null,
  node text collate "C" not null,
  until timestamptz not null
);

create function assert_held(w integer, held bigint) returns void language plpgsql as $$
begin
  perform 1 from workspace_lease where workspace = w and epoch = held for share;
  if not found then
    raise exception 'another engine has taken the workspace' using errcode = 'HW002';
  end if;
end $$;

-- As commit_group, of whoever holds the workspace's lease under that number.
create function commit_held(w integer, commits jsonb, again boolean, held bigint) returns jsonb language plpgsql as $$
begin
  perform assert_held(w, held);
  return commit_group(w, commits, again, null);
end $$;
`;
