// Version 6 of the tables: of a workspace that another engine has taken meanwhile, a commit that only moves actions is answered as landed
// while they stand as it left them, and no longer once they have moved on. It may never have landed then, and whoever it told that an
// action is his would do again what the other engine has done. Commits with rows that are only appended are known by those.

export const overtaken = `
create function is_overtaken(w integer, c jsonb) returns boolean language sql stable as $$
  select
    jsonb_array_length(c -> 'log') + jsonb_array_length(c -> 'audit')
      + jsonb_array_length(coalesce(c #> '{reality,rows}', '[]')) = 0
    and exists (
      select 1 from jsonb_array_elements(c -> 'actions') r
      join action a on a.workspace = w and a.id = r ->> 'id'
      where a.revision > (r ->> 'revision')::bigint)
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
      answer := case when has_landed(w, c) and not is_overtaken(w, c) then '{"ok": true}' else refusal_of(w, c) end;
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
