// A database of a PostgreSQL server. What is in it (schemas, extensions, privileges) are components of their own.

const pageSize = 200;

interface Domain {
  readonly Name: string;
  readonly Owner?: string;
  readonly Encoding?: string;
  readonly Collation?: string;
  readonly CharacterType?: string;
  readonly Template?: string;
  readonly ConnectionLimit: number;
  readonly Comment?: string;
  readonly Destroy: string;
}
interface Call {
  readonly properties: { readonly domain: Domain; readonly si: { readonly resourceId?: string } };
  readonly idempotencyKey?: string;
  readonly cursor?: string;
}

const columns = `d.oid, d.datname, pg_get_userbyid(d.datdba)::text as owner, pg_encoding_to_char(d.encoding)::text as encoding,
  d.datcollate, d.datctype, d.datconnlimit, d.datallowconn, shobj_description(d.oid, 'pg_database') as comment`;

const find = (sql: Sql, name: string) => oneRow(sql, `select ${columns} from pg_database d where d.datname = $1`, name);

async function mustFind(sql: Sql, name: string): Promise<Row> {
  return (await find(sql, name)) ?? stop(`there is no database ${name} on the server`);
}

/** Spellings of one encoding or locale: `UTF8` and `utf-8`, `de_DE.UTF-8` and `de_DE.utf8`. */
const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '');
const spelled = (mine: string | undefined, theirs: unknown) =>
  mine !== undefined && plain(mine) === plain(String(theirs)) ? mine : String(theirs);

function payloadOf(row: Row, { Encoding, Collation, CharacterType }: Partial<Domain>) {
  return {
    Name: String(row['datname']),
    Owner: String(row['owner']),
    Encoding: spelled(Encoding, row['encoding']),
    Collation: spelled(Collation, row['datcollate']),
    CharacterType: spelled(CharacterType, row['datctype']),
    ConnectionLimit: Number(row['datconnlimit']),
    Comment: textIn(row['comment']),
    Oid: Number(row['oid']),
  };
}

/**
 * A database is not made within a transaction: it is made under a name of its action's own, marked, and then renamed, so that
 * each attempt finds how far the one before it came.
 */
async function make(sql: Sql, domain: Domain, idempotencyKey: string): Promise<void> {
  const { Name, Encoding, Collation, CharacterType, Template } = domain;
  const draft = `headwater_${idempotencyKey.slice(0, 32)}`;
  if ((await find(sql, draft)) === undefined) {
    const isOther = Encoding !== undefined || Collation !== undefined || CharacterType !== undefined;
    const template = Template ?? (isOther ? 'template0' : 'template1');
    const options: [string, string][] = [['template %I', template]];
    if (Encoding !== undefined) options.push(['encoding %L', Encoding]);
    if (Collation !== undefined) options.push(['lc_collate %L', Collation]);
    if (CharacterType !== undefined) options.push(['lc_ctype %L', CharacterType]);
    const words = options.map(([word]) => word).join(' ');
    await execute(sql, `create database %I ${words}`, draft, ...options.map(([, value]) => value));
  }
  await execute(sql, 'comment on database %I is %L', draft, marked(domain.Comment, markOf(idempotencyKey)));
  await execute(sql, 'alter database %I rename to %I', draft, Name);
}

/** Makes it what it is to be; who may not change a part of it may leave it as it is. */
async function settle(sql: Sql, domain: Domain): Promise<Row> {
  const { Name, Owner, ConnectionLimit, Comment } = domain;
  const row = await mustFind(sql, Name);
  if (ConnectionLimit !== Number(row['datconnlimit']))
    await execute(sql, `alter database %I connection limit ${Math.trunc(ConnectionLimit)}`, Name);
  const comment = marked(Comment ?? textIn(row['comment']), markIn(row['comment']));
  if (comment !== (row['comment'] ?? null)) await execute(sql, 'comment on database %I is %L', Name, comment);
  if (Owner !== undefined && Owner !== row['owner']) await execute(sql, 'alter database %I owner to %I', Name, Owner);
  return mustFind(sql, Name);
}

function create({ properties: { domain }, idempotencyKey = '' }: Call) {
  refuse(whyReserved('database', domain.Name));
  return inDatabase(undefined, async (sql) => {
    const there = await find(sql, domain.Name);
    if (there !== undefined && markIn(there['comment']) !== markOf(idempotencyKey))
      return stop(`a database ${domain.Name} exists already: import it as ${domain.Name}, or drop it`);
    if (there === undefined) await make(sql, domain, idempotencyKey);
    return {
      status: 'ok' as const,
      resourceId: domain.Name,
      payload: payloadOf(await inTransaction(sql, () => settle(sql, domain)), domain),
    };
  });
}

function update({ properties: { domain, si } }: Call) {
  const Name = si.resourceId ?? '';
  refuse(whyReserved('database', Name));
  return inDatabase(undefined, async (sql) => {
    return {
      status: 'ok' as const,
      payload: payloadOf(await inTransaction(sql, () => settle(sql, { ...domain, Name })), domain),
    };
  });
}

function refresh({ properties: { domain, si } }: Call) {
  return inDatabase(undefined, async (sql) => {
    const row = await find(sql, si.resourceId ?? '');
    return { status: 'ok' as const, payload: row === undefined ? null : payloadOf(row, domain ?? {}) };
  });
}

/** Tables, views and sequences that somebody made, and what extensions brought is none of. */
const contents = `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('e', 'i'))
  order by 1`;

async function mustBeEmpty(name: string): Promise<void> {
  const { rows } = await inDatabase(name, (sql) => sql.query(contents));
  if (rows.length === 0) return;
  const some = rows.slice(0, 5).map((r) => r['name']);
  if (rows.length > some.length) some.push('…');
  stop(
    `the database ${name} is not empty: it holds ${some.join(', ')} (${rows.length} in all): drop them, or set /domain/Destroy to with-contents`,
  );
}

async function destroy({ properties: { domain, si } }: Call) {
  const name = si.resourceId ?? '';
  refuse(whyReserved('database', name));
  const row = await inDatabase(undefined, (sql) => find(sql, name));
  if (row === undefined) return { status: 'ok' as const, payload: null };
  if (domain.Destroy !== 'with-contents' && row['datallowconn'] === true) await mustBeEmpty(name);
  await inDatabase(undefined, (sql) => execute(sql, 'drop database if exists %I', name));
  return { status: 'ok' as const, payload: null };
}

function list({ cursor = '' }: Call) {
  return inDatabase(undefined, async (sql) => {
    const own = "d.datname <> 'postgres' and not d.datistemplate";
    const query = `select ${columns} from pg_database d where ${own} and d.datname::text collate "C" > $1 order by d.datname::text collate "C" limit $2`;
    const { rows } = await sql.query(query, [cursor, pageSize]);
    const resources = rows.map((row) => {
      const name = String(row['datname']);
      return { resourceId: name, name, payload: payloadOf(row, {}) };
    });
    return { status: 'ok' as const, resources, ...(rows.length < pageSize ? {} : { cursor: resources.at(-1)?.name }) };
  });
}

export default defineSchema({
  docs: 'A database of a PostgreSQL server.',
  domain: {
    Name: { kind: 'string', required: true, createOnly: true },
    Owner: {
      kind: 'string',
      docs: 'A role. Left out, it is the user of the credential.',
      suggests: [{ schema: 'Postgres::Role', path: '/resource_value/Name' }],
    },
    Encoding: { kind: 'string', createOnly: true, docs: 'For example `UTF8`.' },
    Collation: { kind: 'string', createOnly: true, docs: 'Of LC_COLLATE: how texts are ordered.' },
    CharacterType: { kind: 'string', createOnly: true, docs: 'Of LC_CTYPE: what letters are.' },
    Template: {
      kind: 'string',
      createOnly: true,
      writeOnly: true,
      docs: 'What it is a copy of. Left out: template1, or template0 where encoding or locale are given.',
    },
    ConnectionLimit: { kind: 'integer', default: -1, minimum: -1, maximum: 2147483647, docs: '-1: none.' },
    Comment: { kind: 'string' },
    Destroy: {
      kind: 'string',
      enum: ['when-empty', 'with-contents'],
      default: 'when-empty',
      writeOnly: true,
      docs: 'May it be dropped with the tables in it?',
    },
  },
  resource: {
    Oid: { kind: 'integer' },
    Name: { kind: 'string', docs: 'Of the database that is there: what others follow, so that they come after it.' },
    Owner: { kind: 'string' },
    Encoding: { kind: 'string' },
    Collation: { kind: 'string' },
    CharacterType: { kind: 'string' },
    ConnectionLimit: { kind: 'integer' },
    Comment: { kind: 'string' },
  },
  secrets: { credential: 'Postgres Server' },
  primaryIdentifier: ['/domain/Name'],
  qualifications: {
    isItsOwn: ({ domain }) => qualified(whyReserved('database', domain.Name)),
  },
  actions: {
    // @idempotent
    make: { kind: 'create', main: (input) => outcomeOf(async () => create(input)) },
    // @idempotent
    change: { kind: 'update', main: (input) => outcomeOf(async () => update(input)) },
    // @idempotent
    remove: { kind: 'destroy', main: (input) => outcomeOf(async () => destroy(input)) },
    look: { kind: 'refresh', main: (input) => outcomeOf(async () => refresh(input)) },
    find: { kind: 'list', main: (input: any): any => outcomeOf(async () => list(input)) },
  },
});
