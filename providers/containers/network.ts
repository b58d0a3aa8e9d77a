// Networks of a container engine. The API changes nothing of a network that is there: whatever is to be different makes it anew,
// which it refuses while containers that run are on it.

interface Network {
  Id: string;
  Name: string;
  Driver: string;
  Created?: string;
  Internal: boolean;
  EnableIPv6: boolean;
  IPAM?: { Config?: { Subnet?: string; Gateway?: string; IPRange?: string }[] | null };
  Containers?: { [id: string]: { Name: string } } | null;
  Labels: Texts | null;
  Options: Texts | null;
}
interface Asked {
  properties: {
    si: { name: string; resourceId?: string };
    domain: {
      Name: string;
      Driver?: string;
      Internal?: boolean;
      EnableIPv6?: boolean;
      Subnet?: string;
      Gateway?: string;
      IPRange?: string;
      Options?: Texts;
      Labels?: Texts;
    };
  };
  idempotencyKey: string;
}

/** By name or id; the engine takes the beginning of an id for the id. */
async function find(id: string): Promise<Network | undefined> {
  const answer = await ask('GET', `/networks/${encodeURIComponent(id)}`);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refused(`looking at network ${id}`, answer);
  return answer.body.Name === id || answer.body.Id === id ? answer.body : undefined;
}

function payloadOf(network: Network) {
  const { Id, Name, Driver, Internal, EnableIPv6, Created, Options, Containers } = network;
  const range = network.IPAM?.Config?.[0];
  return {
    ...{ Id, Name, Driver, Internal, EnableIPv6 },
    ...(range?.Subnet ? { Subnet: range.Subnet } : {}),
    ...(range?.Gateway ? { Gateway: range.Gateway } : {}),
    ...(range?.IPRange ? { IPRange: range.IPRange } : {}),
    Options: Options ?? {},
    Labels: withoutOwn(network.Labels),
    CreatedAt: Created,
    Containers: Object.values(Containers ?? {})
      .map((c) => c.Name)
      .sort(),
  };
}

async function look({ properties: { si, domain } }: Asked) {
  const network = await find(si.resourceId ?? domain.Name);
  return { status: 'ok' as const, payload: network === undefined ? null : payloadOf(network) };
}

async function create({ properties, idempotencyKey }: Asked) {
  const { Name, Driver, Internal, EnableIPv6, Subnet, Gateway, IPRange, Options, Labels } = properties.domain;
  let network = await find(Name);
  if (network === undefined) {
    const own = labelsOf(properties.si, idempotencyKey);
    const answer = await ask('POST', '/networks/create', {
      ...{ Name, CheckDuplicate: true, Driver, Internal, EnableIPv6, Options },
      ...(Subnet === undefined ? {} : { IPAM: { Config: [{ Subnet, Gateway, IPRange }] } }),
      Labels: { ...Labels, ...own },
    });
    // That the name is taken, engines say with other statuses; what took it shows then.
    network = await find(answer.body?.Id ?? Name);
    if (network === undefined) throw refused(`creating network ${Name}`, answer);
  }
  mustBeOurs(`network ${Name}`, network.Labels, idempotencyKey);
  return { status: 'ok' as const, resourceId: network.Id, payload: payloadOf(network) };
}

async function remove({ properties: { si, domain } }: Asked) {
  const network = await find(si.resourceId ?? domain.Name);
  if (network === undefined) return { status: 'ok' as const, payload: null };
  const answer = await ask('DELETE', `/networks/${network.Id}`);
  if (![200, 204, 404].includes(answer.status)) {
    const on = Object.values(network.Containers ?? {}).map((c) => c.Name);
    throw refused(
      `removing network ${network.Name}${on.length === 0 ? '' : `, on which ${on.join(', ')} are`}`,
      answer,
    );
  }
  return { status: 'ok' as const, payload: null };
}

/** Networks that every engine has; nobody makes them. */
const ownOfEngines = ['bridge', 'podman', 'host', 'none'];

/** All at once: the engine has no pages of them. */
async function list() {
  const answer = await ask('GET', '/networks');
  if (answer.status !== 200) throw refused('listing networks', answer);
  const networks: Network[] = answer.body.filter((n: Network) => !ownOfEngines.includes(n.Name));
  const resources = networks.map((n) => ({ resourceId: n.Id, name: n.Name, payload: payloadOf(n) }));
  return { status: 'ok' as const, resources };
}

const setOnce = { kind: 'string', createOnly: true } as const;

export default defineSchema({
  docs: 'A network that containers are on, and by which they reach each other.',
  link: 'https://docs.docker.com/reference/api/engine/',
  domain: {
    Name: { ...setOnce, required: true, pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$', docs: 'Unique on its engine.' },
    Driver: { ...setOnce, default: 'bridge' },
    Internal: { kind: 'boolean', default: false, createOnly: true, docs: 'Nothing outside of it is reached from it.' },
    EnableIPv6: { kind: 'boolean', default: false, createOnly: true },
    Subnet: { ...setOnce, docs: 'Such as `10.90.0.0/24`. The engine chooses one where none is given.' },
    Gateway: { ...setOnce, docs: 'An address of the subnet.' },
    IPRange: { ...setOnce, docs: 'The part of the subnet that addresses of containers are taken from.' },
    Options: { kind: 'map', values: { kind: 'string' }, createOnly: true, docs: 'Of the driver.' },
    Labels: { kind: 'map', values: { kind: 'string' }, createOnly: true },
  },
  resource: {
    Id: { kind: 'string' },
    Name: { kind: 'string', docs: 'What containers are put on; who follows it comes after the network.' },
    Subnet: { kind: 'string' },
    Gateway: { kind: 'string' },
    CreatedAt: { kind: 'string' },
    Containers: { kind: 'array', items: { kind: 'string' }, docs: 'Names of those that run on it.' },
  },
  secrets: { credential: 'Container Engine' },
  qualifications: {
    subnet({ domain }) {
      const needs = domain.Gateway !== undefined || domain.IPRange !== undefined;
      return needs && domain.Subnet === undefined
        ? { result: 'failure', message: 'Gateway and IPRange are parts of a Subnet, which is not given.' }
        : { result: 'success' };
    },
  },
  actions: {
    // @idempotent
    create: { kind: 'create', main: (input: Asked) => told(() => create(input)) },
    // @idempotent
    destroy: { kind: 'destroy', main: (input: Asked) => told(() => remove(input)) },
    refresh: { kind: 'refresh', main: (input: Asked) => told(() => look(input)) },
    list: { kind: 'list', main: () => told(list) },
  },
});
