// Version 7 of the tables: a lease is renewed while its holder writes. What a write holds of the lease's row until it has ended is only its
// key, by whom and under which number the workspace is held: a renewal moves the time alone and passes, a successor changes the key and
// waits. The rows that a function locks so are in its text as it stands, whichever version wrote it; all else in it stays.

/** Functions that look whether a lease is held, and how each reads it. */
const looks = {
  'assert_driven(integer)': `node = current_setting('headwater.node')`,
  'commit_held(integer, jsonb, boolean, bigint)': 'epoch = held',
} as const;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const keyOnly = ([name, look]: readonly [string, string]): string => `
  told := pg_get_functiondef(${quoted(name)}::regprocedure);
  if position(${quoted(`${look} for share`)} in told) = 0 then
    raise exception '% does not read the lease as expected', ${quoted(name)};
  end if;
  execute replace(told, ${quoted(`${look} for share`)}, ${quoted(`${look} for key share`)});`;

export const renewals = `
-- What makes its columns a key.
create unique index workspace_lease_key on workspace_lease (workspace, epoch, node);

do $do$
declare
  told text;
begin${Object.entries(looks).map(keyOnly).join('')}
end $do$;
`;
