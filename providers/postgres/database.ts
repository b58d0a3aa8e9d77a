// A database of a PostgreSQL server. What is in it (schemas, extensions, privileges) are components of their own.

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
