// Version 2 of the file: where the journal of commits stands. `file` is the id that every record of the journal beside
// the file carries, made anew for each journal; `moved` is the number of the last record whose rows are in the tables.
// A release before could not know that acknowledged commits may still lie in the journal, so it must refuse the file.

export const journal = `
create table journal (
  only integer primary key check (only = 1),
  file text not null,
  moved integer not null
) strict;
insert into journal (only, file, moved) values (1, '', 0);
`;
