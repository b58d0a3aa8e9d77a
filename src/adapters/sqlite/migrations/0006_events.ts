// Version 6: positions of what commits leave behind. An audit row has had one since version 1, the number in its key; steps
// of reality and actions take theirs from the same count. Of those that were there before nothing is told.
//   event             workspace << 40 | position; `step` is a step of reality, `text` an action as it was moved
//   events_removed    the last position of those that were removed

export const events = `
create table event (
  key integer primary key,
  step integer,
  text any
) strict;
alter table workspace add column events_removed integer not null default 0;
`;
