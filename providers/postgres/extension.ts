// An extension installed in a PostgreSQL database, of those that the server has.

interface Domain {
  readonly Database: string;
  readonly Name: string;
  readonly Schema?: string;
  readonly Version?: string;
  readonly Destroy: string;
}
interface Call {
  readonly properties: { readonly domain: Domain; readonly si: { readonly resourceId?: string } };
  readonly idempotencyKey?: string;
  readonly cursor?: string;
}

const columns = `e.oid, e.extname, n.nspname, e.extversion, a.default_version, obj_description(e.oid, 'pg_extension') as comment
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace left join pg_available_extensions a on a.name = e.extname`;

const find = (sql: Sql, name: string) => oneRow(sql, `select ${columns} where e.extname = $1`, name);

async function mustFind(sql: Sql, name: string): Promise<Row> {
  return (await find(sql, name)) ?? stop(`there is no extension ${name} in the database`);
}

function payloadOf(row: Row, database: string) {
  return {
    Database: database,
    Name: String(row['extname']),
    Schema: String(row['nspname']),
    Version: String(row['extversion']),
    DefaultVersion: row['default_version'] ?? null,
    Oid: Number(row['oid']),
  };
}

function create({ properties: { domain }, idempotencyKey = '' }: Call) {
  const { Database, Name, Schema, Version } = domain;
  refuse(whyReserved('extension', Name));
  const resourceId = idText(Database, Name);
  return inDatabase(Database, async (sql) => {
    const there = await find(sql, Name);
    if (there !== undefined && markIn(there['comment']) !== markOf(idempotencyKey))
      return stop(`an extension ${Name} exists already in ${Database}: import it as ${resourceId}, or drop it`);
    if (there === undefined)
      await inTransaction(sql, async () => {
        const options: [string, string][] = [];
        if (Schema !== undefined) options.push(['schema %I', Schema]);
        if (Version !== undefined) options.push(['version %L', Version]);
        const words = options.map(([word]) => word).join(' ');
        await execute(sql, `create extension %I ${words}`, Name, ...options.map(([, value]) => value));
        const made = await mustFind(sql, Name);
        const comment = marked(textIn(made['comment']), markOf(idempotencyKey));
        await execute(sql, 'comment on extension %I is %L', Name, comment);
      });
    return { status: 'ok' as const, resourceId, payload: payloadOf(await mustFind(sql, Name), Database) };
  });
}

function update({ properties: { domain, si } }: Call) {
  const [database = '', name = ''] = idParts(si.resourceId);
  refuse(whyReserved('extension', name));
  const { Schema, Version } = domain;
  return inDatabase(database, async (sql) => {
    const now = await mustFind(sql, name);
    await inTransaction(sql, async () => {
      if (Version !== undefined && Version !== now['extversion'])
        await execute(sql, 'alter extension %I update to %L', name, Version);
      if (Schema !== undefined && Schema !== now['nspname'])
        await execute(sql, 'alter extension %I set schema %I', name, Schema);
    });
    return { status: 'ok' as const, payload: payloadOf(await mustFind(sql, name), database) };
  });
}

async function refresh({ properties: { si } }: Call) {
  const [database = '', name = ''] = idParts(si.resourceId);
  const row = await inDatabaseIfThere(database, (sql) => find(sql, name));
  return { status: 'ok' as const, payload: row === undefined ? null : payloadOf(row, database) };
}

async function destroy({ properties: { domain, si } }: Call) {
  const [database = '', name = ''] = idParts(si.resourceId);
  refuse(whyReserved('extension', name));
  const how = domain.Destroy === 'with-contents' ? 'cascade' : 'restrict';
  await inDatabaseIfThere(database, (sql) => execute(sql, `drop extension if exists %I ${how}`, name));
  return { status: 'ok' as const, payload: null };
}

function list(call: Call) {
  return listEachDatabase(call, async (sql, database) => {
    const { rows } = await sql.query(`select ${columns} where e.extname <> 'plpgsql' order by e.extname`);
    return rows.map((row) => {
      // Names of their own, as each database may have one of the name.
      const id = idText(database, String(row['extname']));
      return { resourceId: id, name: id, payload: payloadOf(row, database) };
    });
  });
}

export default defineSchema({
  docs: 'An extension that is installed in a PostgreSQL database.',
  domain: {
    Database: {
      kind: 'string',
      required: true,
      createOnly: true,
      suggests: [{ schema: 'Postgres::Database', path: '/resource_value/Name' }],
    },
    Name: { kind: 'string', required: true, createOnly: true, docs: 'For example `citext`.' },
    Schema: {
      kind: 'string',
      docs: 'Where its objects are. Left out, the server chooses.',
      suggests: [{ schema: 'Postgres::Schema', path: '/resource_value/Name' }],
    },
    Version: { kind: 'string', docs: 'Left out: the default one of the server, and it stays as it is.' },
    Destroy: {
      kind: 'string',
      enum: ['when-empty', 'with-contents'],
      default: 'when-empty',
      writeOnly: true,
      docs: 'May it be dropped with what depends on it, such as columns of its types?',
    },
  },
  resource: {
    Oid: { kind: 'integer' },
    Database: { kind: 'string' },
    Name: { kind: 'string' },
    Schema: { kind: 'string' },
    Version: { kind: 'string' },
    DefaultVersion: { kind: 'string', docs: 'What the server would install now.' },
  },
  secrets: { credential: 'Postgres Server' },
  primaryIdentifier: ['/domain/Database', '/domain/Name'],
  qualifications: {
    isItsOwn: ({ domain }) =>
      qualified(whyNoName('the database', domain.Database), whyReserved('extension', domain.Name)),
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
