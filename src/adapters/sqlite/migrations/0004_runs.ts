// Version 4: the root of computed values of a checkpoint, and what cannot be made anew of running functions: documents of
// a workspace (its keys) and sealed contents of secrets. Runs, their logs and the memo have a file of their own.

export const runs = `
alter table checkpoint add column derived_root text;

create table document (
  workspace integer not null,
  name any not null,
  text any not null,
  unique (workspace, name)
) strict;

create table sealed (
  workspace integer not null,
  key any not null,
  text any not null,
  unique (workspace, key)
) strict;
`;
