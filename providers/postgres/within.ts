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
