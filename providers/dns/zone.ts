// A zone of a PowerDNS server. Its record sets are components of their own, but for the NS records of the zone itself.

const kinds = ['Native', 'Master', 'Slave'] as const;

/** Zones that we made have it as their account (40 characters at most), so that a creation is not made twice. */
const markOf = (idempotencyKey: string) => `headwater:${idempotencyKey.slice(0, 30)}`;

interface Domain {
  readonly Name: string;
  readonly Kind: string;
  readonly Nameservers?: readonly string[];
  readonly Masters?: readonly string[];
  readonly Dnssec: boolean;
  readonly Destroy: string;
}
interface Call {
  readonly properties: { readonly domain: Domain; readonly si: { readonly resourceId?: string } };
  readonly idempotencyKey?: string;
  readonly cursor?: string;
}

const nameserversOf = (zone: ZoneRow) => zone.rrsets.find((set) => set.name === zone.name && set.type === 'NS');

/** As the server has it, in the words of the component. */
function payloadOf(zone: ZoneRow, domain: Partial<Domain>) {
  const mine = domain.Name ?? '';
  return {
    Name: wholeName(mine) === zone.name ? mine : zone.name,
    Kind: kinds.find((kind) => kind.toLowerCase() === zone.kind.toLowerCase()) ?? zone.kind,
    Nameservers: asWritten(domain.Nameservers ?? [], recordsOf(nameserversOf(zone)), wholeName),
    Masters: asWritten(domain.Masters ?? [], zone.masters, (text) => text.trim()),
    Dnssec: zone.dnssec,
    FullName: zone.name,
    Serial: zone.serial,
  };
}

async function mustZone(name: string): Promise<ZoneRow> {
  return (await findZone(name)) ?? stop(`there is no zone ${name} on the server`);
}

/** Name servers of a zone that others fill are theirs. */
const isSecondary = (domain: Domain) => domain.Kind === 'Slave';

async function setNameservers(zone: ZoneRow, names: readonly string[]): Promise<void> {
  const now = nameserversOf(zone);
  const wanted = [...new Set(names.map(wholeName))].sort();
  if (JSON.stringify(recordsOf(now).map(wholeName).sort()) === JSON.stringify(wanted)) return;
  const records = wanted.map((content) => ({ content, disabled: false }));
  const set = { name: zone.name, type: 'NS', changetype: 'REPLACE', ttl: now?.ttl ?? 3_600, records };
  await ask('PATCH', `/zones/${encodeURIComponent(zone.id)}`, { rrsets: [set] });
}

async function setDnssec(zone: ZoneRow, dnssec: boolean): Promise<void> {
  if (zone.dnssec !== dnssec) await ask('PUT', `/zones/${encodeURIComponent(zone.id)}`, { dnssec });
}

async function create({ properties: { domain }, idempotencyKey = '' }: Call) {
  const name = wholeName(domain.Name);
  const mark = markOf(idempotencyKey);
  let zone = await findZone(name);
  if (zone !== undefined && zone.account !== mark)
    return stop(`a zone ${name} exists already: import it as ${name}, or remove it`);
  if (zone === undefined) {
    await ask('POST', '/zones', {
      name,
      kind: domain.Kind,
      account: mark,
      masters: domain.Masters ?? [],
      nameservers: isSecondary(domain) ? [] : (domain.Nameservers ?? []).map(wholeName),
    });
    zone = await mustZone(name);
  }
  await setDnssec(zone, domain.Dnssec);
  return { status: 'ok' as const, resourceId: name, payload: payloadOf(await mustZone(name), domain) };
}

async function update({ properties: { domain, si } }: Call) {
  const name = wholeName(si.resourceId ?? '');
  const zone = await mustZone(name);
  await ask('PUT', `/zones/${encodeURIComponent(zone.id)}`, { kind: domain.Kind, masters: domain.Masters ?? [] });
  if (!isSecondary(domain)) await setNameservers(zone, domain.Nameservers ?? []);
  await setDnssec(zone, domain.Dnssec);
  return { status: 'ok' as const, payload: payloadOf(await mustZone(name), domain) };
}

async function refresh({ properties: { domain, si } }: Call) {
  const zone = await findZone(wholeName(si.resourceId ?? ''));
  return { status: 'ok' as const, payload: zone === undefined ? null : payloadOf(zone, domain ?? {}) };
}

async function destroy({ properties: { domain, si } }: Call) {
  const zone = await findZone(wholeName(si.resourceId ?? ''));
  if (zone === undefined) return { status: 'ok' as const, payload: null };
  const others = zone.rrsets.filter((set) => set.name !== zone.name || !['SOA', 'NS'].includes(set.type));
  if (domain.Destroy !== 'with-contents' && !isSecondary(domain) && others.length > 0) {
    const some = others
      .map((set) => `${set.name} ${set.type}`)
      .sort()
      .slice(0, 5);
    if (others.length > some.length) some.push('…');
    const held = `it holds ${some.join(', ')} (${others.length} in all)`;
    return stop(`the zone ${zone.name} is not empty: ${held}: remove them, or set /domain/Destroy to with-contents`);
  }
  await ask('DELETE', `/zones/${encodeURIComponent(zone.id)}`);
  return { status: 'ok' as const, payload: null };
}

const pageSize = 200;

async function list({ cursor = '' }: Call) {
  const zones = (await ask<ZoneRow[]>('GET', '/zones')) ?? [];
  const left = zones.filter((zone) => zone.name > cursor).sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = left.slice(0, pageSize);
  const resources: object[] = [];
  for (const { id, name } of page) {
    const zone = await ask<ZoneRow>('GET', `/zones/${encodeURIComponent(id)}`);
    if (zone !== undefined) resources.push({ resourceId: name, name, payload: payloadOf(zone, {}) });
  }
  return { status: 'ok' as const, resources, ...(left.length > page.length ? { cursor: page.at(-1)?.name } : {}) };
}

export default defineSchema({
  docs: 'A zone of a PowerDNS server, with its name servers.',
  domain: {
    Name: {
      kind: 'string',
      required: true,
      createOnly: true,
      docs: 'With or without the dot at the end, in any case.',
    },
    Kind: { kind: 'string', enum: ['Native', 'Master', 'Slave'], default: 'Native' },
    Nameservers: {
      kind: 'array',
      items: { kind: 'string' },
      uniqueItems: true,
      docs: 'Whole names. They are the NS records of the zone itself; those of a zone of kind Slave are its master’s.',
    },
    Masters: {
      kind: 'array',
      items: { kind: 'string' },
      uniqueItems: true,
      docs: 'Of a zone of kind Slave: addresses.',
    },
    Dnssec: { kind: 'boolean', default: false, docs: 'The server signs it, with keys that it makes.' },
    Destroy: {
      kind: 'string',
      enum: ['when-empty', 'with-contents'],
      default: 'when-empty',
      writeOnly: true,
      docs: 'May the zone be destroyed while it holds record sets that no component has?',
    },
  },
  resource: {
    FullName: { kind: 'string', docs: 'Lower case, with the dot at the end.' },
    Serial: { kind: 'integer' },
    Name: { kind: 'string' },
    Kind: { kind: 'string' },
    Nameservers: { kind: 'array', items: { kind: 'string' } },
    Masters: { kind: 'array', items: { kind: 'string' } },
    Dnssec: { kind: 'boolean' },
  },
  secrets: { credential: 'PowerDNS Server' },
  primaryIdentifier: ['/domain/Name'],
  qualifications: {
    zoneName({ domain }) {
      const labels = wholeName(domain.Name ?? '')
        .slice(0, -1)
        .split('.');
      const wrong = labels.find((label) => !/^[a-z0-9_/-]{1,63}$/.test(label));
      return wrong === undefined
        ? { result: 'success' }
        : {
            result: 'failure',
            message: `${JSON.stringify(wrong)} is no part of a name: letters, digits, - and _, at most 63`,
          };
    },
    hasServers({ domain }) {
      const needs = domain.Kind === 'Slave' ? 'Masters' : 'Nameservers';
      return (domain[needs] ?? []).length > 0
        ? { result: 'success' }
        : { result: 'warning', message: `a zone of kind ${domain.Kind} has ${needs} as a rule` };
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
