// Version 5 of the tables: whether a commit that is sent again has landed, asked in two more cases. One that only remembers an answer is
// known by that record. And of a workspace that another engine has taken meanwhile what had landed before is answered as landed, so that
// nobody does it again; only what had not is refused.

export const landed = `
alter function has_landed(integer, jsonb) rename to have_rows_landed;

create function has_landed(w integer, c jsonb) returns boolean language sql stable as $$
  select have_rows_landed(w, c) or (
    jsonb_array_length(c -> 'log') + jsonb_array_length(c -> 'audit') + jsonb_array_length(c -> 'actions')
      + jsonb_array_length(coalesce(c #> '{reality,rows}', '[]')) = 0
    and exists (
      select 1 from idempotency i
      where i.workspace = w and i.principal = c #>> '{idempotency,principal}' and i.key = c #>> '{idempotency,key}'
        and i.request_hash = c #>> '{idempotency,requestHash}' and i.reply = c #>> '{idempotency,reply}'))
$$;

create or replace function commit_held(w integer, commits jsonb, again boolean, held bigint) returns jsonb language plpgsql as $$
declare
  c jsonb;
  answer jsonb;
  answers jsonb := '[]';
begin
  perform 1 from workspace_lease where workspace = w and epoch = held for share;
  if found then
    return commit_group(w, commits, again, null);
  end if;
  if again then
    -- What was sent before may be landing still.
    perform 1 from workspace where ref = w for no key update;
    for c in select value from jsonb_array_elements(commits) loop
      answer := case when has_landed(w, c) then '{"ok": true}' else refusal_of(w, c) end;
      exit when answer is null;
      answers := answers || answer;
    end loop;
    if answer is not null then
      return answers;
    end if;
  end if;
  raise exception 'another engine has taken the workspace' using errcode = 'HW002';
end $$;
`;
