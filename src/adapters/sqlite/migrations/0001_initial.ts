// Version 1 of the file: everything. Keys pack two numbers into SQLite's 64-bit row id, so that each table is one tree,
// rows that are read together lie together, and inserts go to the end of a range instead of a random page:
//   log, checkpoint   change set << 32 | version
//   audit             workspace << 40 | number in order of landing; `chain` is change set << 32 | sequence
//   chunk_index       workspace << 44 | first 44 bits of the hash (plus up to 15 on a collision)
// `change set` and `workspace` are the integer `ref`s. Columns of type ANY hold opaque text (column_text.ts).

/**
 * Chunk texts and idempotency rows lie in order of writing; only small index rows are in random order. Measured for
 * chunks, against packs of 8 KiB to 1 MiB with offsets: the same cost to write, a half to a thirtieth of the cost to
 * read (a column is read whole, so a chunk costs its pack), and nothing to compact. For idempotency rows, against a
 * table in order of their random keys: groups of 16 commits are a fifth faster.
 */
export const initial = `
pragma application_id = ${0x48575452};

create table workspace (
  ref integer primary key,
  id text not null unique,
  name any unique,
  head text,
  created_at_ms integer,
  generation integer not null default 1
) strict;

create table change_set (
  ref integer primary key,
  workspace integer not null references workspace,
  id text not null,
  name any not null,
  status text not null,
  is_head integer not null,
  base_version integer not null,
  version integer not null,
  intent_root text not null,
  reality_root text not null,
  audit_count integer not null,
  audit_head text not null,
  created_at_ms integer not null,
  created_by any not null,
  updated_at_ms integer not null,
  unique (workspace, id)
) strict;

create table log (
  key integer primary key,
  text any not null
) strict;

create table audit (
  key integer primary key,
  chain integer not null,
  version integer not null,
  subject any not null,
  kind any not null,
  actor any not null,
  at_ms integer not null,
  text any not null,
  hash text not null
) strict;
create unique index audit_chain on audit (chain);
create index audit_subject on audit (subject) where subject <> '';

create table idempotency (
  workspace integer not null,
  principal any not null,
  key any not null,
  request_hash text not null,
  reply any not null,
  at_ms integer not null,
  unique (workspace, principal, key)
) strict;

create table chunk (
  id integer primary key,
  hash blob not null,
  text any not null
) strict;

create table chunk_index (
  key integer primary key,
  chunk integer not null,
  generation integer not null
) strict;

create table checkpoint (
  key integer primary key,
  intent_root text not null,
  reality_root text not null
) strict;

create table setting (
  workspace integer not null,
  name any not null,
  value any not null,
  unique (workspace, name)
) strict;
`;
