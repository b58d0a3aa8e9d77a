// A role of a PostgreSQL server: who may connect, and groups of those. Its password comes from a secret and goes to the server
// as what the server keeps of it; nothing reads it back.

const pageSize = 200;

interface Domain {
  readonly Name: string;
  readonly Login: boolean;
  readonly Superuser: boolean;
  readonly CreateDatabase: boolean;
  readonly CreateRole: boolean;
  readonly Inherit: boolean;
  readonly Replication: boolean;
  readonly BypassRowSecurity: boolean;
  readonly ConnectionLimit: number;
  readonly ValidUntil?: string;
  readonly MemberOf?: readonly string[];
  readonly Comment?: string;
}
interface Call {
  readonly properties: { readonly domain: Domain; readonly si: { readonly resourceId?: string } };
  readonly idempotencyKey?: string;
  readonly cursor?: string;
}

/** Property, the word in statements, and the column. */
const switches = [
  ['Login', 'login', 'rolcanlogin'],
  ['Superuser', 'superuser', 'rolsuper'],
  ['CreateDatabase', 'createdb', 'rolcreatedb'],
  ['CreateRole', 'createrole', 'rolcreaterole'],
  ['Inherit', 'inherit', 'rolinherit'],
  ['Replication', 'replication', 'rolreplication'],
  ['BypassRowSecurity', 'bypassrls', 'rolbypassrls'],
] as const;

const columns = `r.oid, r.rolname, ${switches.map(([, , column]) => `r.${column}`).join(', ')}, r.rolconnlimit,
  case when isfinite(r.rolvaliduntil) then to_char(r.rolvaliduntil, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end as until,
  array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1)
    as member_of,
  shobj_description(r.oid, 'pg_authid') as comment`;

const find = (sql: Sql, name: string) => oneRow(sql, `select ${columns} from pg_roles r where r.rolname = $1`, name);

const sameTime = (a: string, b: string) => Date.parse(a) === Date.parse(b);

function payloadOf(row: Row, { ValidUntil = '', MemberOf = [] }: Partial<Domain>) {
  const until = row['until'] === null ? undefined : String(row['until']);
  const memberOf = row['member_of'] as string[];
  return {
    Name: String(row['rolname']),
    ...Object.fromEntries(switches.map(([property, , column]) => [property, row[column] === true])),
    ConnectionLimit: Number(row['rolconnlimit']),
    ValidUntil: until !== undefined && sameTime(until, ValidUntil) ? ValidUntil : (until ?? null),
    MemberOf: [...MemberOf.filter((m) => memberOf.includes(m)), ...memberOf.filter((m) => !MemberOf.includes(m))],
    Comment: textIn(row['comment']),
    Oid: Number(row['oid']),
  };
}

/** What PostgreSQL keeps of a password, made here: the password itself is in no statement and in no log of the server. */
async function verifierOf(password: string): Promise<string> {
  const prepared = password.replaceAll(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, ' ').normalize('NFKC');
  const hash = { name: 'HMAC', hash: 'SHA-256' };
  const base64 = (bytes: ArrayBuffer | Uint8Array) => Buffer.from(bytes).toString('base64');
  const signed = async (key: ArrayBuffer, text: string): Promise<ArrayBuffer> =>
    crypto.subtle.sign('HMAC', await crypto.subtle.importKey('raw', key, hash, false, ['sign']), Buffer.from(text));
  const salt: Uint8Array = crypto.getRandomValues(new Uint8Array(16));
  const key = await crypto.subtle.importKey('raw', Buffer.from(prepared), 'PBKDF2', false, ['deriveBits']);
  const salted = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: 4_096 }, key, 256);
  const stored = await crypto.subtle.digest('SHA-256', await signed(salted, 'Client Key'));
  return `SCRAM-SHA-256$4096:${base64(salt)}$${base64(stored)}:${base64(await signed(salted, 'Server Key'))}`;
}

/** False: there is no secret in the slot, and the password stays as it is. */
async function setPassword(sql: Sql, name: string): Promise<boolean> {
  const password = requestStorage.getItem('postgresRolePassword');
  if (password === undefined || password === null) return false;
  if (password === '') return stop('the secret of the slot password holds an empty password');
  await execute(sql, 'alter role %I password %L', name, await verifierOf(password));
  return true;
}

/** Makes the role what it is to be, from what it is: who may not change an attribute may leave it as it is. */
async function settle(sql: Sql, row: Row, domain: Domain, mark: string | undefined): Promise<void> {
  const { Name, ConnectionLimit, ValidUntil, MemberOf, Comment } = domain;
  const now = payloadOf(row, domain);
  const words = switches
    .filter(([property, , column]) => domain[property] !== row[column])
    .map(([property, word]) => `${domain[property] ? '' : 'no'}${word}`);
  if (ConnectionLimit !== now.ConnectionLimit) words.push(`connection limit ${Math.trunc(ConnectionLimit)}`);
  if (words.length > 0) await execute(sql, `alter role %I ${words.join(' ')}`, Name);
  if ((ValidUntil ?? null) !== now.ValidUntil)
    await execute(sql, 'alter role %I valid until %L', Name, ValidUntil ?? 'infinity');
  if (MemberOf !== undefined) {
    for (const role of MemberOf) if (!now.MemberOf.includes(role)) await execute(sql, 'grant %I to %I', role, Name);
    for (const role of now.MemberOf) if (!MemberOf.includes(role)) await execute(sql, 'revoke %I from %I', role, Name);
  }
  const comment = marked(Comment ?? textIn(row['comment']), mark);
  if (comment !== (row['comment'] ?? null)) await execute(sql, 'comment on role %I is %L', Name, comment);
  await setPassword(sql, Name);
}

function create({ properties: { domain }, idempotencyKey = '' }: Call) {
  refuse(whyReserved('role', domain.Name));
  const mark = markOf(idempotencyKey);
  return inDatabase(undefined, async (sql) => {
    const there = await find(sql, domain.Name);
    if (there !== undefined && markIn(there['comment']) !== mark)
      return stop(`a role ${domain.Name} exists already: import it as ${domain.Name}, or drop it`);
    if (there === undefined)
      await inTransaction(sql, async () => {
        await execute(sql, 'create role %I', domain.Name);
        const made = await find(sql, domain.Name);
        if (made !== undefined) await settle(sql, made, domain, mark);
      });
    return {
      status: 'ok' as const,
      resourceId: domain.Name,
      payload: payloadOf(await mustFind(sql, domain.Name), domain),
    };
  });
}

async function mustFind(sql: Sql, name: string): Promise<Row> {
  return (await find(sql, name)) ?? stop(`there is no role ${name} on the server`);
}

function update({ properties: { domain, si } }: Call) {
  const name = si.resourceId ?? '';
  refuse(whyReserved('role', name));
  return inDatabase(undefined, async (sql) => {
    const row = await mustFind(sql, name);
    await inTransaction(sql, () => settle(sql, row, { ...domain, Name: name }, markIn(row['comment'])));
    return { status: 'ok' as const, payload: payloadOf(await mustFind(sql, name), domain) };
  });
}

/** After another content was put into the secret: nothing else tells the server of it. */
function renewPassword({ properties: { si } }: Call) {
  const name = si.resourceId ?? '';
  refuse(whyReserved('role', name));
  return inDatabase(undefined, async (sql) => {
    await mustFind(sql, name);
    if (!(await setPassword(sql, name))) return stop('the slot password holds no secret');
    return { status: 'ok' as const, message: `${name} has the password of the secret` };
  });
}

function refresh({ properties: { domain, si } }: Call) {
  return inDatabase(undefined, async (sql) => {
    const row = await find(sql, si.resourceId ?? '');
    return { status: 'ok' as const, payload: row === undefined ? null : payloadOf(row, domain ?? {}) };
  });
}

function destroy({ properties: { si } }: Call) {
  const name = si.resourceId ?? '';
  refuse(whyReserved('role', name));
  return inDatabase(undefined, async (sql) => {
    if ((await find(sql, name)) !== undefined) await execute(sql, 'drop role %I', name);
    return { status: 'ok' as const, payload: null };
  });
}

function list({ cursor = '' }: Call) {
  return inDatabase(undefined, async (sql) => {
    const own = "r.rolname !~ '^pg_' and r.rolname <> 'postgres'";
    const query = `select ${columns} from pg_roles r where ${own} and r.rolname::text collate "C" > $1 order by r.rolname::text collate "C" limit $2`;
    const { rows } = await sql.query(query, [cursor, pageSize]);
    const resources = rows.map((row) => {
      const name = String(row['rolname']);
      return { resourceId: name, name, payload: payloadOf(row, {}) };
    });
    const last = resources.at(-1)?.name;
    return { status: 'ok' as const, resources, ...(rows.length < pageSize ? {} : { cursor: last }) };
  });
}

export default defineSchema({
  docs: 'A role of a PostgreSQL server: a user, or a group of them.',
  domain: {
    Name: { kind: 'string', required: true, createOnly: true },
    Login: { kind: 'boolean', default: true },
    Superuser: { kind: 'boolean', default: false },
    CreateDatabase: { kind: 'boolean', default: false },
    CreateRole: { kind: 'boolean', default: false },
    Inherit: { kind: 'boolean', default: true },
    Replication: { kind: 'boolean', default: false },
    BypassRowSecurity: { kind: 'boolean', default: false },
    ConnectionLimit: { kind: 'integer', default: -1, minimum: -1, maximum: 2147483647, docs: '-1: none.' },
    ValidUntil: {
      kind: 'string',
      pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$',
      docs: 'When its password ceases to count: `2030-01-01T00:00:00Z`.',
    },
    MemberOf: {
      kind: 'array',
      items: { kind: 'string' },
      uniqueItems: true,
      docs: 'All roles that it is a member of. Left out, memberships stay as they are.',
    },
    Comment: { kind: 'string' },
  },
  resource: {
    Oid: { kind: 'integer' },
    Name: { kind: 'string', docs: 'Of the role that is there: what others follow, so that they come after it.' },
    Login: { kind: 'boolean' },
    Superuser: { kind: 'boolean' },
    CreateDatabase: { kind: 'boolean' },
    CreateRole: { kind: 'boolean' },
    Inherit: { kind: 'boolean' },
    Replication: { kind: 'boolean' },
    BypassRowSecurity: { kind: 'boolean' },
    ConnectionLimit: { kind: 'integer' },
    ValidUntil: { kind: 'string' },
    MemberOf: { kind: 'array', items: { kind: 'string' } },
    Comment: { kind: 'string' },
  },
  secrets: { credential: 'Postgres Server', password: 'Postgres Password' },
  primaryIdentifier: ['/domain/Name'],
  qualifications: {
    isItsOwn: ({ domain }) => qualified(whyReserved('role', domain.Name)),
  },
  actions: {
    // @idempotent
    make: { kind: 'create', main: (input) => outcomeOf(async () => create(input)) },
    // @idempotent
    change: { kind: 'update', main: (input) => outcomeOf(async () => update(input)) },
    // @idempotent
    remove: { kind: 'destroy', main: (input) => outcomeOf(async () => destroy(input)) },
    // @idempotent
    renewPassword: { kind: 'manual', main: (input) => outcomeOf(async () => renewPassword(input)) },
    look: { kind: 'refresh', main: (input) => outcomeOf(async () => refresh(input)) },
    find: { kind: 'list', main: (input: any): any => outcomeOf(async () => list(input)) },
  },
});
