// What one role may do on one object of a PostgreSQL database: exactly these privileges. A grant has no name and no comment: object
// and role are its natural key, and granting again changes nothing.

interface Domain {
  readonly Role: string;
  readonly Database: string;
  readonly On: string;
  readonly Schema?: string;
  readonly Name?: string;
  readonly Privileges: readonly string[];
  readonly GrantOption: boolean;
}
interface Call {
  readonly properties: { readonly domain: Domain; readonly si: { readonly resourceId?: string } };
  readonly idempotencyKey?: string;
  readonly cursor?: string;
}

/** What a role may do on an object, by the kind of the object. */
const allowed: { readonly [on: string]: readonly string[] } = {
  database: ['CREATE', 'CONNECT', 'TEMPORARY'],
  schema: ['CREATE', 'USAGE'],
  table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'],
  sequence: ['SELECT', 'UPDATE', 'USAGE'],
};

/** An object and a role: there is one grant for the two. */
interface Target {
  readonly database: string;
  readonly on: string;
  /** Names of the object within the database: none, a schema's, or a schema's and its own. */
  readonly names: readonly string[];
  readonly role: string;
}

const namesLong: { readonly [on: string]: number } = { database: 0, schema: 1, table: 2, sequence: 2 };

function targetOf({ Database, On, Schema = '', Name = '', Role }: Domain): Target {
  return { database: Database, on: On, names: [Schema, Name].slice(0, namesLong[On] ?? 0), role: Role };
}

const idOf = ({ database, on, names, role }: Target) => idText(database, on, ...names, role);

function targetIn(id = ''): Target {
  const [database = '', on = '', ...rest] = idParts(id);
  if (rest.length !== (namesLong[on] ?? -1) + 1)
    return stop(
      `${JSON.stringify(id)} is no grant: shop/table/app/orders/reader, shop/schema/app/reader, shop/database/reader`,
    );
  return { database, on, names: rest.slice(0, -1), role: rest.at(-1) ?? '' };
}

/** Everybody: no role, and nobody's name. */
const everybody = 'public';

/** Object and privileges by kind: `$1` and `$2` are its names. */
const aclOf: { readonly [on: string]: string } = {
  database: `select coalesce(datacl, acldefault('d', datdba)) as acl from pg_database where datname = current_database() and $1 is null and $2 is null`,
  schema: `select coalesce(nspacl, acldefault('n', nspowner)) as acl from pg_namespace where nspname = $1 and $2 is null`,
  table: `select coalesce(relacl, acldefault('r', relowner)) as acl from pg_class c join pg_namespace n on n.oid = relnamespace
    where nspname = $1 and relname = $2 and relkind in ('r', 'p', 'v', 'm', 'f')`,
  sequence: `select coalesce(relacl, acldefault('s', relowner)) as acl from pg_class c join pg_namespace n on n.oid = relnamespace
    where nspname = $1 and relname = $2 and relkind = 'S'`,
};

interface Held {
  readonly privileges: readonly string[];
  /** Those that it may grant to others. */
  readonly grantable: readonly string[];
  readonly grantors: readonly string[];
}

/** undefined: there is no such object, or no such role. */
async function find(sql: Sql, { on, names, role }: Target): Promise<Held | undefined> {
  const object = aclOf[on] ?? stop(`${on} is nothing that privileges are granted on`);
  const whom = `select 0::oid as oid where $3 = '${everybody}' union all select oid from pg_roles where rolname = $3`;
  const query = `select array_agg(distinct x.privilege_type) filter (where x.privilege_type is not null) as privileges,
      array_agg(distinct x.privilege_type) filter (where x.is_grantable) as grantable,
      array_agg(distinct pg_get_userbyid(x.grantor)::text) filter (where x.grantor is not null) as grantors
    from (${object.replaceAll(/\$([12])/g, '$$$1::text')}) o cross join (${whom.replaceAll('$3', '$3::text')}) w
      left join lateral aclexplode(o.acl) x on x.grantee = w.oid
    group by w.oid`;
  const row = await oneRow(sql, query, names[0] ?? null, names[1] ?? null, role);
  if (row === undefined) return undefined;
  const texts = (name: string) => ((row[name] as string[] | null) ?? []).toSorted();
  return { privileges: texts('privileges'), grantable: texts('grantable'), grantors: texts('grantors') };
}

async function mustFind(sql: Sql, target: Target): Promise<Held> {
  const { database, on, names, role } = target;
  return (
    (await find(sql, target)) ??
    stop(`there is no ${[on, ...names].join(' ')} in the database ${database}, or no role ${role}`)
  );
}

function payloadOf(target: Target, held: Held, mine: readonly string[] = []) {
  const { database, on, names, role } = target;
  const known = mine.filter((p) => held.privileges.includes(p));
  return {
    Role: role,
    Database: database,
    On: on,
    ...(names[0] === undefined ? {} : { Schema: names[0] }),
    ...(names[1] === undefined ? {} : { Name: names[1] }),
    Privileges: [...known, ...held.privileges.filter((p) => !known.includes(p))],
    GrantOption: held.grantable.length > 0,
  };
}

/** Why it cannot be granted; undefined: it can. */
function whyWrong({ Role, Database, On, Schema, Name, Privileges = [] }: Partial<Domain>): string | undefined {
  if (Role !== everybody && whyReserved('role', Role) !== undefined) return whyReserved('role', Role);
  if (whyNoName('the database', Database) !== undefined) return whyNoName('the database', Database);
  const [names = 0, known = []] = [namesLong[On ?? ''], allowed[On ?? '']];
  if (names > 0 && whyNoName('the schema', Schema) !== undefined) return whyNoName('the schema', Schema);
  if (names > 1 && whyNoName(`the ${On}`, Name) !== undefined) return whyNoName(`the ${On}`, Name);
  if (names > 0 && Schema?.startsWith('pg_')) return `the schema ${Schema} is the server's own`;
  const wrong = Privileges.find((p) => !known.includes(p));
  if (wrong !== undefined) return `${wrong} is no privilege on a ${On}: ${known.join(', ')}`;
  return Privileges.length === 0 ? 'no privileges are given' : undefined;
}

/** Statement and values that name object and role, behind the privileges. */
function objectOf({ database, on, names, role }: Target): {
  readonly words: string;
  readonly values: string[];
  readonly whom: string;
} {
  const object = on === 'database' ? [database] : names;
  const isAll = role === everybody;
  return {
    words: `on ${on} ${object.map(() => '%I').join('.')}`,
    values: isAll ? [...object] : [...object, role],
    whom: isAll ? 'public' : '%I',
  };
}

/** Makes the privileges exactly these. Words come from the list above, so that nobody's text becomes part of a statement. */
async function settle(sql: Sql, target: Target, wanted: readonly string[], isGrantable: boolean): Promise<Held> {
  const known = allowed[target.on] ?? [];
  const now = await mustFind(sql, target);
  const { words, values, whom } = objectOf(target);
  const isWanted = (p: string) => wanted.includes(p);
  const without = now.privileges.filter((p) => !isWanted(p) && known.includes(p));
  const isMissing = (p: string) => !now.privileges.includes(p) || (isGrantable && !now.grantable.includes(p));
  const grants = known.filter((p) => isWanted(p) && isMissing(p));
  const options = isGrantable ? [] : known.filter((p) => isWanted(p) && now.grantable.includes(p));
  const run = (statement: string) => execute(sql, statement, ...values);
  await inTransaction(sql, async () => {
    if (without.length > 0) await run(`revoke ${without.join(', ')} ${words} from ${whom}`);
    if (options.length > 0) await run(`revoke grant option for ${options.join(', ')} ${words} from ${whom}`);
    if (grants.length > 0)
      await run(`grant ${grants.join(', ')} ${words} to ${whom}${isGrantable ? ' with grant option' : ''}`);
  });
  const then = await mustFind(sql, target);
  const left = then.privileges.filter((p) => !isWanted(p));
  if (left.length > 0)
    return stop(
      `${left.join(', ')} on ${idOf(target)} is granted by ${then.grantors.join(', ')}, who has to revoke it`,
    );
  return then;
}

function create({ properties: { domain } }: Call) {
  refuse(whyWrong(domain));
  const target = targetOf(domain);
  return inDatabase(target.database, async (sql) => {
    const held = await settle(sql, target, domain.Privileges, domain.GrantOption);
    return { status: 'ok' as const, resourceId: idOf(target), payload: payloadOf(target, held, domain.Privileges) };
  });
}

function update({ properties: { domain, si } }: Call) {
  refuse(whyWrong(domain));
  const target = targetIn(si.resourceId);
  return inDatabase(target.database, async (sql) => {
    const held = await settle(sql, target, domain.Privileges, domain.GrantOption);
    return { status: 'ok' as const, payload: payloadOf(target, held, domain.Privileges) };
  });
}

async function refresh({ properties: { domain, si } }: Call) {
  const target = targetIn(si.resourceId);
  const held = await inDatabaseIfThere(target.database, (sql) => find(sql, target));
  const isHeld = held !== undefined && held.privileges.length > 0;
  return { status: 'ok' as const, payload: isHeld ? payloadOf(target, held, domain?.Privileges) : null };
}

async function destroy({ properties: { si } }: Call) {
  const target = targetIn(si.resourceId);
  await inDatabaseIfThere(target.database, async (sql) => {
    const held = await find(sql, target);
    if (held !== undefined && held.privileges.length > 0) await settle(sql, target, [], false);
  });
  return { status: 'ok' as const, payload: null };
}

/** Privileges that somebody granted: of owners and of what extensions brought there is nothing to tell. */
const granted = `select 'database' as on, null::text as schema, null::text as name, datacl as acl, datdba as owner
    from pg_database where datname = current_database() and datacl is not null
  union all select 'schema', nspname, null, nspacl, nspowner from pg_namespace where nspacl is not null and nspname !~ '^pg_'
    and nspname <> 'information_schema'
  union all select case relkind when 'S' then 'sequence' else 'table' end, nspname, relname, relacl, relowner
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where relacl is not null and relkind in ('r', 'p', 'v', 'm', 'f', 'S') and nspname !~ '^pg_' and nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

function list(call: Call) {
  return listEachDatabase(call, async (sql, database) => {
    const query = `select o.on, o.schema::text, o.name::text, x.grantee = 0 as is_everybody, pg_get_userbyid(x.grantee)::text as role,
        array_agg(distinct x.privilege_type order by x.privilege_type) as privileges, bool_or(x.is_grantable) as grantable
      from (${granted}) o cross join lateral aclexplode(o.acl) x where x.grantee <> o.owner
      group by 1, 2, 3, 4, 5 order by 1, 2, 3, 5`;
    const { rows } = await sql.query(query);
    return rows.map((row) => {
      const names = [row['schema'], row['name']].filter((n) => n !== null).map(String);
      const role = row['is_everybody'] === true ? everybody : String(row['role']);
      const target = { database, on: String(row['on']), names, role };
      const privileges = row['privileges'] as string[];
      const held = { privileges, grantable: row['grantable'] === true ? privileges : [], grantors: [] };
      return { resourceId: idOf(target), name: idOf(target), payload: payloadOf(target, held) };
    });
  });
}

export default defineSchema({
  docs: 'What a role may do on a database, schema, table or sequence: exactly these privileges, no others.',
  domain: {
    Role: {
      kind: 'string',
      required: true,
      createOnly: true,
      docs: 'Who gets them; `public` is everybody.',
      suggests: [{ schema: 'Postgres::Role', path: '/resource_value/Name' }],
    },
    Database: {
      kind: 'string',
      required: true,
      createOnly: true,
      suggests: [{ schema: 'Postgres::Database', path: '/resource_value/Name' }],
    },
    On: { kind: 'string', required: true, createOnly: true, enum: ['database', 'schema', 'table', 'sequence'] },
    Schema: {
      kind: 'string',
      createOnly: true,
      docs: 'The schema, or that of the table or sequence.',
      suggests: [{ schema: 'Postgres::Schema', path: '/resource_value/Name' }],
    },
    Name: { kind: 'string', createOnly: true, docs: 'Of the table or sequence.' },
    Privileges: {
      kind: 'array',
      items: {
        kind: 'string',
        enum: [
          'SELECT',
          'INSERT',
          'UPDATE',
          'DELETE',
          'TRUNCATE',
          'REFERENCES',
          'TRIGGER',
          'MAINTAIN',
          'USAGE',
          'CREATE',
          'CONNECT',
          'TEMPORARY',
        ],
      },
      required: true,
      uniqueItems: true,
      minItems: 1,
    },
    GrantOption: { kind: 'boolean', default: false, docs: 'May the role grant them to others?' },
  },
  resource: {
    Role: { kind: 'string' },
    Database: { kind: 'string' },
    On: { kind: 'string' },
    Schema: { kind: 'string' },
    Name: { kind: 'string' },
    Privileges: { kind: 'array', items: { kind: 'string' } },
    GrantOption: { kind: 'boolean' },
  },
  secrets: { credential: 'Postgres Server' },
  primaryIdentifier: ['/domain/Database', '/domain/On', '/domain/Schema', '/domain/Name', '/domain/Role'],
  qualifications: {
    isPossible: ({ domain }) => qualified(whyWrong(domain)),
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
