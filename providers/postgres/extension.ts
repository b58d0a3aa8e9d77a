// An extension installed in a PostgreSQL database, of those that the server has.

// What the schemas of this provider share: begin
// (The same text in each of their files.)

type Row = Record<string, unknown>;
interface Sql {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
}

type ErrorClass = 'permanent' | 'transient' | 'throttled' | 'conflict';
interface Failure {
  readonly status: 'error';
  readonly message: string;
  readonly errorClass: ErrorClass;
}

/** Ends an action from wherever it stands. */
class Stop {
  readonly failure: Failure;
  constructor(message: string, errorClass: ErrorClass = 'permanent') {
    this.failure = { status: 'error', message, errorClass };
  }
}

function stop(message: string): never {
  throw new Stop(message);
}

/** Conditions (SQLSTATE) that pass by themselves: connections and the server's state, then others who are at work. */
const passing = /^(08...|53...|57P0[1-4])$/;
const contested = /^(40...|55006|55P03|42P04|42P06|42710)$/;

/** What the work gives, or what it was stopped with. */
async function outcomeOf<T>(work: () => Promise<T>): Promise<T | Failure> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Stop) return thrown.failure;
    const { code = '', message = '', detail, hint, severity } = thrown as { [part: string]: string | undefined };
    // Not from the server, or not to be reached from here: said by whoever threw it.
    if (code === 'refused_by_sandbox') throw thrown;
    if (severity === undefined) {
      const isNetwork = /\bE[A-Z_]{4,}\b|connection|terminated|timeout|reached/i.test(`${code} ${message}`);
      if (!isNetwork) throw thrown;
      return new Stop(`the server cannot be reached: ${message}`, 'transient').failure;
    }
    const advice = hint?.replace(
      /^Use DROP .* CASCADE.*/,
      'remove that first, or set /domain/Destroy to with-contents',
    );
    const said = [message, detail?.replaceAll('\n', '; '), advice].filter((part) => part).join(': ');
    const kind = passing.test(code) ? 'transient' : contested.test(code) ? 'conflict' : 'permanent';
    return new Stop(`${said} (${code})`, kind).failure;
  }
}

/** Works on a connection of its own to the database, the credential's unless another is named. */
async function inDatabase<T>(database: string | undefined, work: (sql: Sql) => Promise<T>): Promise<T> {
  const item = (name: string) => requestStorage.getItem(`postgres${name}`);
  const ca = item('Ca') === null ? {} : { ca: item('Ca') };
  const isVerified = item('Tls').startsWith('verify');
  const ssl = item('Tls') === 'disable' ? false : { servername: item('Host'), rejectUnauthorized: isVerified, ...ca };
  const client = new Pg.Client({
    ssl,
    host: item('Host'),
    port: item('Port'),
    user: item('User'),
    password: item('Password'),
    database: database ?? item('Database'),
    application_name: 'headwater',
    connectionTimeoutMillis: 10_000,
  });
  // Told by whoever waits for an answer.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query("set timezone to 'UTC'");
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs a statement in which names (%I) and texts (%L) are quoted by the server itself. */
async function execute(sql: Sql, statement: string, ...values: readonly (string | null)[]): Promise<void> {
  const { rows } = await sql.query('select format($1::text, variadic $2::text[]) as statement', [statement, values]);
  await sql.query(String(rows[0]?.['statement']));
}

async function oneRow(sql: Sql, query: string, ...values: readonly unknown[]): Promise<Row | undefined> {
  return (await sql.query(query, values)).rows[0];
}

/** All of it or nothing: an error ends the connection, and with it what was begun. */
async function inTransaction<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  await sql.query('begin');
  const done = await work();
  await sql.query('commit');
  return done;
}

/** Why a name cannot be used; undefined: it can. The server would cut a longer one off and say so to nobody. */
function whyNoName(what: string, name: string | undefined): string | undefined {
  if (name === undefined || name === '') return `${what} has no name`;
  if (name.includes('\0')) return `${what} has a name with a zero character in it`;
  const bytes = encodeURIComponent(name).replaceAll(/%../g, '.').length;
  return bytes > 63 ? `${what} ${JSON.stringify(name)} is ${bytes} bytes long, of at most 63` : undefined;
}

/** What is the server's own, or everybody's. */
function whyReserved(what: 'role' | 'database' | 'schema' | 'extension', name: string | undefined): string | undefined {
  const own = {
    role: ['postgres', 'public', 'none'],
    database: ['postgres', 'template0', 'template1'],
    schema: ['information_schema'],
    extension: ['plpgsql'],
  };
  const isOwn =
    own[what].includes(name ?? '') || ((what === 'role' || what === 'schema') && name?.startsWith('pg_') === true);
  return isOwn ? `the ${what} ${name} is the server's own` : whyNoName(`the ${what}`, name);
}

/** `why`: what keeps it from being done. */
function refuse(why: string | undefined): void {
  if (why !== undefined) stop(why);
}

const qualified = (...why: readonly (string | undefined)[]) => {
  const message = why.find((w) => w !== undefined);
  return message === undefined ? ({ result: 'success' } as const) : ({ result: 'failure', message } as const);
};

// What the schemas of this provider share: end

// The mark of what was made, shared: begin

// The comment of what we made ends with a mark of the action that made it, so that the action is not done twice.

const markOf = (idempotencyKey: string) => `[headwater ${idempotencyKey.slice(0, 32)}]`;
const markIn = (comment: unknown) => /\[headwater [^\]]*\]$/.exec(String(comment ?? ''))?.[0];
const marked = (text: string | undefined, mark: string | undefined) => [text, mark].filter((t) => t).join('\n') || null;
const textIn = (comment: unknown) => String(comment ?? '').replace(/\n?\[headwater [^\]]*\]$/, '');

// The mark of what was made, shared: end

// What is within databases, shared: begin

/** Parts of an id, so that every name can be one. */
const idText = (...parts: readonly string[]) => parts.map(encodeURIComponent).join('/');
const idParts = (id = '') => id.split('/').map(decodeURIComponent);

/** The same, but undefined where there is no such database. */
async function inDatabaseIfThere<T>(database: string, work: (sql: Sql) => Promise<T>): Promise<T | undefined> {
  try {
    return await inDatabase(database, work);
  } catch (thrown) {
    if ((thrown as { code?: string }).code === '3D000') return undefined;
    throw thrown;
  }
}

/** What one database has on a page; of every database, unless one is asked for. */
async function listEachDatabase(
  { properties, cursor = '' }: { properties?: { domain?: { Database?: string } }; cursor?: string },
  of: (sql: Sql, database: string) => Promise<readonly object[]>,
) {
  const only = properties?.domain?.Database;
  const query = 'select datname::text from pg_database where datallowconn and not datistemplate';
  const found = only ? [{ datname: only }] : (await inDatabase(undefined, (sql) => sql.query(query))).rows;
  const all = found.map((row) => String(row['datname'])).sort();
  const database = all.find((name) => name > cursor);
  if (database === undefined) return { status: 'ok' as const, resources: [] };
  const resources = (await inDatabaseIfThere(database, (sql) => of(sql, database))) ?? [];
  return { status: 'ok' as const, resources, ...(database === all.at(-1) ? {} : { cursor: database }) };
}

// What is within databases, shared: end

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
      const name = String(row['extname']);
      return { resourceId: idText(database, name), name, payload: payloadOf(row, database) };
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
