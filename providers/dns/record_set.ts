// A record set of a PowerDNS zone: all records of one name and type. What is written otherwise and means the same (case, final
// dots, order, short addresses) is no difference, neither here nor in what is reported.

/** The whole name of a record set: `www` and `@` are of the zone, what ends with the zone's name or a dot is whole. */
function nameIn(zone: string, text: string): string {
  const name = text.trim().toLowerCase();
  if (name === '' || name === '@') return zone;
  if (name.endsWith('.')) return name;
  return `${name}.` === zone || `${name}.`.endsWith(`.${zone}`) ? `${name}.` : `${name}.${zone}`;
}

/** The strings of a text record, decoded: `"a" "b\"c"`, or a text without quotes, which is one. */
function stringsOf(text: string): Buffer[] {
  if (!text.trim().startsWith('"')) return [Buffer.from(text)];
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, inner]) => {
    const pieces = [...inner!.matchAll(/\\(\d{3})|\\(.)|([^\\]+)/gs)];
    return Buffer.concat(
      pieces.map(([, code, one, plain]) => (code ? Buffer.from([Number(code)]) : Buffer.from(one ?? plain!))),
    );
  });
}

/** Quoted as the server writes it, in strings of at most 255 bytes. */
function quoted(strings: readonly Buffer[]): string {
  const parts = strings.flatMap((s) =>
    Array.from({ length: Math.max(1, Math.ceil(s.length / 255)) }, (_, i) => s.subarray(255 * i, 255 * (i + 1))),
  );
  const byte = (b: number) => {
    if (b === 0x22 || b === 0x5c) return `\\${String.fromCharCode(b)}`;
    return b < 0x20 || b > 0x7e ? `\\${String(b).padStart(3, '0')}` : String.fromCharCode(b);
  };
  return parts.map((part) => `"${[...part].map(byte).join('')}"`).join(' ');
}

/** A record as it is sent and compared: names whole and lower, addresses in their shortest form, texts quoted. */
function recordText(type: string, text: string): string {
  const words = text.trim().split(/\s+/);
  switch (type) {
    case 'TXT':
    case 'SPF':
      return quoted(stringsOf(text));
    case 'AAAA':
      try {
        return new URL(`http://[${text.trim()}]`).hostname.slice(1, -1);
      } catch {
        return text.trim();
      }
    case 'CNAME':
    case 'DNAME':
    case 'ALIAS':
    case 'NS':
    case 'PTR':
    case 'MX':
    case 'SRV': {
      const numbers = words.slice(0, -1).map((n) => (/^\d+$/.test(n) ? String(Number(n)) : n));
      return [...numbers, wholeName(words[words.length - 1]!)].join(' ');
    }
    default:
      return text.trim();
  }
}

interface Domain {
  readonly Zone: string;
  readonly Name: string;
  readonly Type: string;
  readonly Ttl: number;
  readonly Records: readonly string[];
}
interface Call {
  readonly properties: { readonly domain: Domain; readonly si: { readonly resourceId?: string } };
  readonly cursor?: string;
}

interface Id {
  readonly zone: string;
  readonly name: string;
  readonly type: string;
}

/** Names hold no space as they are written, so that it divides an id. */
const idText = ({ zone, name, type }: Id) => `${name} ${type} in ${zone}`;

function idOf(text = ''): Id {
  const match = /^(\S+) (\S+) in (\S+)$/.exec(text.trim());
  if (match === null) return stop(`${JSON.stringify(text)} is no record set: www.example.org. A in example.org.`);
  return { name: wholeName(match[1]!), type: match[2]!.toUpperCase(), zone: wholeName(match[3]!) };
}

function idIn(domain: Pick<Domain, 'Zone' | 'Name' | 'Type'>): Id {
  const zone = wholeName(domain.Zone);
  return { zone, name: nameIn(zone, domain.Name), type: domain.Type };
}

const setIn = (zone: ZoneRow | undefined, { name, type }: Id) =>
  zone?.rrsets.find((set) => set.name === name && set.type === type);

const wantedOf = ({ Type, Records = [] }: Domain): string[] => [...new Set(Records.map((r) => recordText(Type, r)))];

/** As the server has it, in the words of the component. */
function payloadOf(set: RecordSetRow, id: Id, domain: Partial<Domain>) {
  const meaning = (text: string) => recordText(id.type, text);
  const { Zone = id.zone, Name = id.name } = domain;
  return {
    Zone: wholeName(Zone) === id.zone ? Zone : id.zone,
    Name: nameIn(wholeName(Zone), Name) === id.name ? Name : id.name,
    Type: id.type,
    Ttl: set.ttl,
    Records: asWritten(domain.Records ?? [], recordsOf(set), meaning),
    FullName: id.name,
  };
}

async function send(zone: ZoneRow, id: Id, change: object): Promise<void> {
  await ask('PATCH', `/zones/${encodeURIComponent(zone.id)}`, {
    rrsets: [{ name: id.name, type: id.type, ...change }],
  });
}

async function replace(zone: ZoneRow, id: Id, domain: Domain): Promise<RecordSetRow> {
  const records = wantedOf(domain).map((content) => ({ content, disabled: false }));
  if (records.length === 0) return stop('/domain/Records is empty: a record set has a record at least');
  await send(zone, id, { changetype: 'REPLACE', ttl: domain.Ttl, records });
  return setIn(await findZone(id.zone), id) ?? stop(`${idText(id)} was taken away while it was made`, 'transient');
}

/** What belongs to the zone and not to a record set of its own; undefined: it may be made. */
function whyReserved({ zone, name, type }: Id): string | undefined {
  if (name !== zone && !name.endsWith(`.${zone}`)) return `${name} is not in the zone ${zone}`;
  return name === zone && (type === 'NS' || type === 'SOA')
    ? `the ${type} records of ${zone} itself are the zone's: see its Nameservers`
    : undefined;
}

function isAsWanted(set: RecordSetRow, domain: Domain): boolean {
  const now = recordsOf(set).map((text) => recordText(set.type, text));
  return set.ttl === domain.Ttl && JSON.stringify(now.sort()) === JSON.stringify(wantedOf(domain).sort());
}

async function create({ properties: { domain } }: Call) {
  const id = idIn(domain);
  const why = whyReserved(id);
  if (why !== undefined) return stop(why);
  const zone = (await findZone(id.zone)) ?? stop(`there is no zone ${id.zone} on the server: create it first`);
  const found = setIn(zone, id);
  // With the same records it was made by an earlier attempt, or by somebody in the same way: there is nothing to do.
  if (found !== undefined && recordsOf(found).length > 0 && !isAsWanted(found, domain))
    return stop(`${idText(id)} exists already with ${recordsOf(found).join(', ')}: import it, or remove it`);
  const set = found !== undefined && isAsWanted(found, domain) ? found : await replace(zone, id, domain);
  return { status: 'ok' as const, resourceId: idText(id), payload: payloadOf(set, id, domain) };
}

async function update({ properties: { domain, si } }: Call) {
  const id = idOf(si.resourceId);
  const zone = (await findZone(id.zone)) ?? stop(`there is no zone ${id.zone} on the server any more`);
  return { status: 'ok' as const, payload: payloadOf(await replace(zone, id, domain), id, domain) };
}

async function refresh({ properties: { domain, si } }: Call) {
  const id = idOf(si.resourceId);
  const set = setIn(await findZone(id.zone), id);
  const isThere = set !== undefined && recordsOf(set).length > 0;
  // Without a type there is no component yet: somebody wants to take it over.
  if (isThere && domain?.Type === undefined && !types.includes(id.type))
    return stop(`${idText(id)} is not taken over: the schema has no type ${id.type}`);
  return { status: 'ok' as const, payload: isThere ? payloadOf(set, id, domain ?? {}) : null };
}

async function destroy({ properties: { si } }: Call) {
  const id = idOf(si.resourceId);
  const zone = await findZone(id.zone);
  if (zone !== undefined && setIn(zone, id) !== undefined) await send(zone, id, { changetype: 'DELETE' });
  return { status: 'ok' as const, payload: null };
}

const listedMost = 500;

/** A page of what one zone has, in order of the ids; of every zone, one after the other, unless one is asked for. */
async function list({ properties, cursor = '' }: Call) {
  const only = properties?.domain?.Zone;
  const zones = only ? [{ name: wholeName(only) }] : ((await ask<ZoneRow[]>('GET', '/zones')) ?? []);
  const names = zones.map((zone) => zone.name).sort();
  // A zone that is done, or one and the last id that was listed of it.
  const [done = '', last] = cursor === '' ? [] : (JSON.parse(cursor) as string[]);
  const name = names.find((n) => n > done || (n === done && last !== undefined));
  if (name === undefined) return { status: 'ok' as const, resources: [] };
  const after = name === done ? (last ?? '') : '';
  const left = ((await findZone(name))?.rrsets ?? [])
    .map((set) => ({ set, id: { zone: name, name: set.name, type: set.type } }))
    .filter(({ set, id }) => recordsOf(set).length > 0 && whyReserved(id) === undefined && idText(id) > after)
    .sort((a, b) => (idText(a.id) < idText(b.id) ? -1 : 1));
  const page = left.slice(0, listedMost);
  const isKnown = ({ id }: { id: Id }) => types.includes(id.type);
  const resources = page
    .filter(isKnown)
    .map(({ set, id }) => ({ resourceId: idText(id), name: `${id.name} ${id.type}`, payload: payloadOf(set, id, {}) }));
  const others = page.filter((one) => !isKnown(one)).map(({ id }) => idText(id));
  const told =
    others.length === 0 ? {} : { message: `There and not listed, as their types are not: ${others.join(', ')}` };
  const status = others.length === 0 ? ('ok' as const) : ('warning' as const);
  if (left.length > page.length)
    return { status, resources, ...told, cursor: JSON.stringify([name, idText(page[page.length - 1]!.id)]) };
  return { status, resources, ...told, ...(name === names.at(-1) ? {} : { cursor: JSON.stringify([name]) }) };
}

/** Those of which a component may be. */
const types = [
  'A',
  'AAAA',
  'ALIAS',
  'CAA',
  'CNAME',
  'DNAME',
  'DS',
  'HTTPS',
  'LOC',
  'MX',
  'NAPTR',
  'NS',
  'PTR',
  'SPF',
  'SRV',
  'SSHFP',
  'SVCB',
  'TLSA',
  'TXT',
];

export default defineSchema({
  docs: 'All records of one name and type in a zone of a PowerDNS server.',
  domain: {
    Zone: {
      kind: 'string',
      required: true,
      createOnly: true,
      suggests: [{ schema: 'PowerDNS::Zone', path: '/resource_value/FullName' }],
    },
    Name: {
      kind: 'string',
      required: true,
      createOnly: true,
      docs: '`www`, `www.example.org.`, or `@` for the zone itself.',
    },
    Type: {
      kind: 'string',
      required: true,
      createOnly: true,
      enum: types,
    },
    Ttl: { kind: 'integer', default: 3600, minimum: 0, maximum: 2147483647, docs: 'Seconds.' },
    Records: {
      kind: 'array',
      items: { kind: 'string' },
      required: true,
      uniqueItems: true,
      docs: 'As in a zone file: `10 mail.example.org.` of an MX. Names are whole. Texts need no quotes.',
    },
  },
  resource: {
    FullName: { kind: 'string', docs: 'Lower case, with the dot at the end.' },
    Zone: { kind: 'string' },
    Name: { kind: 'string' },
    Type: { kind: 'string' },
    Ttl: { kind: 'integer' },
    Records: { kind: 'array', items: { kind: 'string' } },
  },
  secrets: { credential: 'PowerDNS Server' },
  primaryIdentifier: ['/domain/Zone', '/domain/Name', '/domain/Type'],
  qualifications: {
    isItsOwn({ domain }) {
      if (!domain.Zone || !domain.Name || !domain.Type)
        return { result: 'unknown', message: 'Zone, Name or Type is missing' };
      const why = whyReserved(idIn(domain));
      return why === undefined ? { result: 'success' } : { result: 'failure', message: why };
    },
    standsAlone({ domain }) {
      return domain.Type === 'CNAME' && (domain.Records ?? []).length > 1
        ? { result: 'failure', message: 'a CNAME has one record' }
        : { result: 'success' };
    },
  },
  actions: {
    // @idempotent
    make: { kind: 'create', main: (input) => outcomeOf(() => create(input)) },
    // @idempotent
    change: { kind: 'update', main: (input) => outcomeOf(() => update(input)) },
    // @idempotent
    remove: { kind: 'destroy', main: (input) => outcomeOf(() => destroy(input)) },
    look: { kind: 'refresh', main: (input) => outcomeOf(() => refresh(input)) },
    find: { kind: 'list', main: (input: any): any => outcomeOf(() => list(input)) },
  },
});
