// Volumes of a container engine. The API changes nothing of a volume that is there: whatever is to be different makes it anew, and
// what was in it is gone. A volume that was made carries the idempotency key of its creation as a label, by which a creation
// that was cut off is found again, and by which another volume of the same name is told from it.

interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt?: string;
  Labels: Texts | null;
  Options: Texts | null;
}
interface Asked {
  properties: {
    si: { name: string; resourceId?: string };
    domain: { Name: string; Driver?: string; Options?: Texts; Labels?: Texts; Force?: boolean };
    resource_value?: { Key?: string };
  };
  idempotencyKey: string;
}

async function find(name: string): Promise<Volume | undefined> {
  const answer = await ask('GET', `/volumes/${encodeURIComponent(name)}`);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refused(`looking at volume ${name}`, answer);
  return answer.body;
}

function payloadOf(volume: Volume) {
  const { Name, Driver, Options, Labels, Mountpoint, CreatedAt } = volume;
  const Key = Labels?.[keyLabel];
  return { Name, Driver, Options: Options ?? {}, Labels: withoutOwn(Labels), Mountpoint, CreatedAt, Key };
}

/** The volume that the component's resource is; not one that somebody made under its name since. */
async function findOwn({ si, domain, resource_value }: Asked['properties']): Promise<Volume | undefined> {
  const volume = await find(si.resourceId ?? domain.Name);
  const key = resource_value?.Key;
  return key === undefined || volume?.Labels?.[keyLabel] === key ? volume : undefined;
}

async function look({ properties }: Asked) {
  const volume = await findOwn(properties);
  return { status: 'ok' as const, payload: volume === undefined ? null : payloadOf(volume) };
}

async function create({ properties, idempotencyKey }: Asked) {
  const { Name, Driver, Options, Labels } = properties.domain;
  let volume = await find(Name);
  if (volume === undefined) {
    const own = labelsOf(properties.si, idempotencyKey);
    const wanted = { Name, Driver, DriverOpts: Options, Labels: { ...Labels, ...own } };
    const answer = await ask('POST', '/volumes/create', wanted);
    if (answer.status !== 201) throw refused(`creating volume ${Name}`, answer);
    volume = answer.body as Volume;
  }
  // Of a volume that is there already the engine says that it was created, and leaves it as it is.
  mustBeOurs(`volume ${Name}`, volume.Labels, idempotencyKey);
  return { status: 'ok' as const, resourceId: Name, payload: payloadOf(volume) };
}

async function remove({ properties }: Asked) {
  const volume = await findOwn(properties);
  if (volume === undefined) return { status: 'ok' as const, payload: null };
  const force = properties.domain.Force === true ? '?force=true' : '';
  const answer = await ask('DELETE', `/volumes/${encodeURIComponent(volume.Name)}${force}`);
  if (![204, 404].includes(answer.status)) throw refused(`removing volume ${volume.Name}`, answer);
  return { status: 'ok' as const, payload: null };
}

/** All at once: the engine has no pages of them. */
async function list() {
  const answer = await ask('GET', '/volumes');
  if (answer.status !== 200) throw refused('listing volumes', answer);
  const volumes: Volume[] = answer.body.Volumes ?? [];
  const resources = volumes.map((v) => ({ resourceId: v.Name, name: v.Name, payload: payloadOf(v) }));
  return { status: 'ok' as const, resources };
}

export default defineSchema({
  docs: 'A place that keeps files when containers go.',
  link: 'https://docs.docker.com/reference/api/engine/',
  domain: {
    Name: {
      kind: 'string',
      required: true,
      createOnly: true,
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$',
      docs: 'Unique on its engine.',
    },
    Driver: { kind: 'string', default: 'local', createOnly: true },
    Options: { kind: 'map', values: { kind: 'string' }, createOnly: true, docs: 'Of the driver.' },
    Labels: { kind: 'map', values: { kind: 'string' }, createOnly: true },
    Force: {
      kind: 'boolean',
      default: false,
      writeOnly: true,
      docs: 'Remove it with force. Podman then removes the containers that use it, too.',
    },
  },
  resource: {
    Name: { kind: 'string', docs: 'What containers mount; who follows it comes after the volume.' },
    Mountpoint: { kind: 'string', docs: 'Where its files are on the machine of the engine.' },
    CreatedAt: { kind: 'string' },
    Key: { kind: 'string', docs: 'Idempotency key of its creation.', hidden: true },
  },
  secrets: { credential: 'Container Engine' },
  actions: {
    // @idempotent
    create: { kind: 'create', main: (input: Asked) => told(() => create(input)) },
    // Only what the engine does not know of it can be changed.
    // @idempotent
    update: { kind: 'update', main: (input: Asked) => told(() => look(input)) },
    // @idempotent
    destroy: { kind: 'destroy', main: (input: Asked) => told(() => remove(input)) },
    refresh: { kind: 'refresh', main: (input: Asked) => told(() => look(input)) },
    list: { kind: 'list', main: () => told(list) },
  },
});
