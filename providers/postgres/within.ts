// For schemas of what is within a database: ids with the name of the database before them, and asking each database in turn.

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

interface Listed {
  readonly resourceId: string;
  readonly name: string;
  readonly payload: object;
}

const listedMost = 500;

/** A page of what one database has, in order of the ids; of every database, one after the other, unless one is asked for. */
async function listEachDatabase(
  { properties, cursor = '' }: { properties?: { domain?: { Database?: string } }; cursor?: string },
  of: (sql: Sql, database: string) => Promise<readonly Listed[]>,
) {
  const only = properties?.domain?.Database;
  const query = 'select datname::text from pg_database where datallowconn and not datistemplate';
  const found = only ? [{ datname: only }] : (await inDatabase(undefined, (sql) => sql.query(query))).rows;
  const all = found.map((row) => String(row['datname'])).sort();
  // A database that is done, or one and the last id that was listed of it.
  const [done = '', last] = cursor === '' ? [] : (JSON.parse(cursor) as string[]);
  const database = all.find((name) => name > done || (name === done && last !== undefined));
  if (database === undefined) return { status: 'ok' as const, resources: [] };
  const there = (await inDatabaseIfThere(database, (sql) => of(sql, database))) ?? [];
  const after = database === done ? (last ?? '') : '';
  const left = there.filter((r) => r.resourceId > after).sort((a, b) => (a.resourceId < b.resourceId ? -1 : 1));
  const resources = left.slice(0, listedMost);
  if (left.length > resources.length)
    return { status: 'ok' as const, resources, cursor: JSON.stringify([database, resources.at(-1)?.resourceId]) };
  return {
    status: 'ok' as const,
    resources,
    ...(database === all.at(-1) ? {} : { cursor: JSON.stringify([database]) }),
  };
}

// What is within databases, shared: end
