// How the schemas of this provider ask a server: what is put before the text of each (`with` in provider.json).

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
