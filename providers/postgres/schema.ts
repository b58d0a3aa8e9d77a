// A schema, the name space in a PostgreSQL database.

interface Domain {
  readonly Database: string;
  readonly Name: string;
  readonly Owner?: string;
  readonly Comment?: string;
  readonly Destroy: string;
}
interface Call {
  readonly properties: { readonly domain: Domain; readonly si: { readonly resourceId?: string } };
  readonly idempotencyKey?: string;
  readonly cursor?: string;
}

const columns = `n.oid, n.nspname, pg_get_userbyid(n.nspowner)::text as owner, obj_description(n.oid, 'pg_namespace') as comment`;

const find = (sql: Sql, name: string) =>
  oneRow(sql, `select ${columns} from pg_namespace n where n.nspname = $1`, name);

async function mustFind(sql: Sql, name: string): Promise<Row> {
  return (await find(sql, name)) ?? stop(`there is no schema ${name} in the database`);
}

function payloadOf(row: Row, database: string) {
  return {
    Database: database,
    Name: String(row['nspname']),
    Owner: String(row['owner']),
    Comment: textIn(row['comment']),
    Oid: Number(row['oid']),
  };
}

/** Makes it what it is to be; who may not change a part of it may leave it as it is. */
async function settle(sql: Sql, { Name, Owner, Comment }: Domain, mark: string | undefined): Promise<Row> {
  const row = await mustFind(sql, Name);
  const comment = marked(Comment ?? textIn(row['comment']), mark ?? markIn(row['comment']));
  if (comment !== (row['comment'] ?? null)) await execute(sql, 'comment on schema %I is %L', Name, comment);
  if (Owner !== undefined && Owner !== row['owner']) await execute(sql, 'alter schema %I owner to %I', Name, Owner);
  return mustFind(sql, Name);
}

function create({ properties: { domain }, idempotencyKey = '' }: Call) {
  const { Database, Name } = domain;
  refuse(whyReserved('schema', Name));
  const resourceId = idText(Database, Name);
  return inDatabase(Database, async (sql) => {
    const there = await find(sql, Name);
    if (there !== undefined && markIn(there['comment']) !== markOf(idempotencyKey))
      return stop(`a schema ${Name} exists already in ${Database}: import it as ${resourceId}, or drop it`);
    const row = await inTransaction(sql, async () => {
      if (there === undefined) await execute(sql, 'create schema %I', Name);
      return settle(sql, domain, markOf(idempotencyKey));
    });
    return { status: 'ok' as const, resourceId, payload: payloadOf(row, Database) };
  });
}

function update({ properties: { domain, si } }: Call) {
  const [database = '', Name = ''] = idParts(si.resourceId);
  refuse(whyReserved('schema', Name));
  return inDatabase(database, async (sql) => {
    const row = await inTransaction(sql, () => settle(sql, { ...domain, Name }, undefined));
    return { status: 'ok' as const, payload: payloadOf(row, database) };
  });
}

async function refresh({ properties: { si } }: Call) {
  const [database = '', name = ''] = idParts(si.resourceId);
  const row = await inDatabaseIfThere(database, (sql) => find(sql, name));
  return { status: 'ok' as const, payload: row === undefined ? null : payloadOf(row, database) };
}

async function destroy({ properties: { domain, si } }: Call) {
  const [database = '', name = ''] = idParts(si.resourceId);
  refuse(whyReserved('schema', name));
  const how = domain.Destroy === 'with-contents' ? 'cascade' : 'restrict';
  await inDatabaseIfThere(database, (sql) => execute(sql, `drop schema if exists %I ${how}`, name));
  return { status: 'ok' as const, payload: null };
}

function list(call: Call) {
  return listEachDatabase(call, async (sql, database) => {
    const { rows } = await sql.query(
      `select ${columns} from pg_namespace n where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by n.nspname`,
    );
    return rows.map((row) => {
      // Names of their own, as each database may have one of the name.
      const id = idText(database, String(row['nspname']));
      return { resourceId: id, name: id, payload: payloadOf(row, database) };
    });
  });
}

export default defineSchema({
  docs: 'A schema (a name space) in a PostgreSQL database.',
  domain: {
    Database: {
      kind: 'string',
      required: true,
      createOnly: true,
      suggests: [{ schema: 'Postgres::Database', path: '/resource_value/Name' }],
    },
    Name: { kind: 'string', required: true, createOnly: true },
    Owner: {
      kind: 'string',
      docs: 'A role. Left out, it is the user of the credential.',
      suggests: [{ schema: 'Postgres::Role', path: '/resource_value/Name' }],
    },
    Comment: { kind: 'string' },
    Destroy: {
      kind: 'string',
      enum: ['when-empty', 'with-contents'],
      default: 'when-empty',
      writeOnly: true,
      docs: 'May it be dropped with what is in it?',
    },
  },
  resource: {
    Oid: { kind: 'integer' },
    Database: { kind: 'string' },
    Name: { kind: 'string', docs: 'Of the schema that is there: what others follow, so that they come after it.' },
    Owner: { kind: 'string' },
    Comment: { kind: 'string' },
  },
  secrets: { credential: 'Postgres Server' },
  primaryIdentifier: ['/domain/Database', '/domain/Name'],
  qualifications: {
    isItsOwn: ({ domain }) => qualified(whyNoName('the database', domain.Database), whyReserved('schema', domain.Name)),
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
