// Containers of an engine. Name, limits, restart policy and whether it runs are changed in place, as far as the engine can;
// whatever else is to be different makes the container anew. What the engine says of a container is brought into the form in
// which it was declared, so that one that nobody touched is no different from what was meant.

interface Asked {
  properties: { si: { name: string; resourceId?: string }; domain: Domain };
  idempotencyKey: string;
}
/** What is declared, as the schema below says. */
type Domain = Answer['body'];
/** What the engine says of a container or an image. */
type Found = Answer['body'];

const ns = 1e9;

/** By name or id; the engine takes the beginning of an id for the id. */
async function find(id: string): Promise<Found> {
  const answer = await ask('GET', `/containers/${encodeURIComponent(id)}/json`);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refused(`looking at container ${id}`, answer);
  return answer.body.Id === id || answer.body.Name === `/${id}` ? answer.body : undefined;
}

async function mustFind(id: string): Promise<Found> {
  const found = await find(id);
  if (found !== undefined) return found;
  throw problem(`there is no container ${id} any more: refresh the component, and it is to be created`);
}

const idOf = ({ si, domain }: Asked['properties']): string => si.resourceId ?? domain.Name;

async function turn(id: string, doing: string): Promise<void> {
  const answer = await ask('POST', `/containers/${id}/${doing}`);
  if (![204, 304].includes(answer.status)) throw refused(doing.replace(/\?.*/, ''), answer);
}

function wantedOf(domain: Domain) {
  const { HealthCheck: check, Mounts = [], Networks, Ports = [] } = domain;
  const bindings: { [port: string]: object[] } = {};
  for (const { ContainerPort, Protocol = 'tcp', HostPort, HostAddress = '' } of Ports) {
    const port = `${ContainerPort}/${Protocol}`;
    bindings[port] = [...(bindings[port] ?? []), { HostIp: HostAddress, HostPort: String(HostPort ?? '') }];
  }
  return {
    Image: domain.Image,
    Cmd: domain.Command,
    Entrypoint: domain.Entrypoint,
    Env: Object.entries({ ...domain.Environment, ...domain.SecretEnvironment }).map(([k, v]) => `${k}=${v}`),
    WorkingDir: domain.WorkingDirectory,
    User: domain.User,
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])),
    Healthcheck: check?.Command && {
      Test: ['CMD', ...check.Command],
      Interval: check.IntervalSeconds && check.IntervalSeconds * ns,
      Timeout: check.TimeoutSeconds && check.TimeoutSeconds * ns,
      Retries: check.Retries,
    },
    HostConfig: {
      NetworkMode: Networks?.[0],
      PortBindings: bindings,
      Mounts: Mounts.map(({ Type = 'volume', ...mount }) => ({ Type, ...mount })),
      RestartPolicy: restartOf(domain),
      Memory: domain.MemoryBytes,
      NanoCpus: domain.Cpus && Math.round(domain.Cpus * ns),
      PidsLimit: domain.Pids,
    },
  };
}

function restartOf({ RestartPolicy: { Name = 'no', MaximumRetries = 0 } = {} }: Domain) {
  return { Name, MaximumRetryCount: Name === 'on-failure' ? MaximumRetries : 0 };
}

// What the engine says, in the form in which it is declared.

/** Elements that were declared in the order of the declaration, then the others. */
function inOrder<T>(declared: readonly T[] | undefined, found: readonly T[], isSame: (d: T, f: T) => boolean): T[] {
  const left = [...found];
  const first = (declared ?? []).flatMap((d) => {
    const at = left.findIndex((f) => isSame(d, f));
    return at < 0 ? [] : left.splice(at, 1);
  });
  return [...first, ...left];
}

/** Engines complete names of images: `busybox` is `docker.io/library/busybox:latest`. */
function isSameImage(declared: string, found: string): boolean {
  const whole = (name: string) => {
    const bare = name.replace(/^docker\.io\//, '').replace(/^library\//, '');
    return /[:@][^/]*$/.test(bare) ? bare : `${bare}:latest`;
  };
  return declared === found || whole(declared) === whole(found) || whole(`localhost/${declared}`) === whole(found);
}

function portsOf(found: Found, declared?: Domain[]) {
  const all = Object.entries<Found>(found.HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }: Found) => ({
      ContainerPort: Number.parseInt(port, 10),
      Protocol: port.split('/')[1] ?? 'tcp',
      ...(Number(HostPort) > 0 ? { HostPort: Number(HostPort) } : {}),
      ...(isAny(HostIp) ? {} : { HostAddress: HostIp }),
    })),
  );
  const isSame = (d: Domain, f: Found) =>
    d.ContainerPort === f.ContainerPort &&
    (d.Protocol ?? 'tcp') === f.Protocol &&
    (d.HostPort === undefined || d.HostPort === f.HostPort) &&
    (d.HostAddress === f.HostAddress || (isAny(d.HostAddress) && isAny(f.HostAddress)));
  return inOrder(declared, all, isSame);
}

const isAny = (address: string | undefined) => ['', '0.0.0.0', '::'].includes(address ?? '');

function mountsOf(found: Found, image: Found, declared?: Domain[]) {
  const listed: Found[] = (found.Mounts ?? []).map((m: Found) => ({
    Type: m.Type,
    ...(m.Type === 'tmpfs' ? {} : { Source: m.Type === 'volume' ? m.Name : m.Source }),
    Target: m.Destination,
    ReadOnly: !m.RW,
  }));
  const scratch = Object.entries<string>(found.HostConfig.Tmpfs ?? {})
    .filter(([target]) => !listed.some((m) => m.Target === target))
    .map(([Target, how]) => ({ Type: 'tmpfs', Target, ReadOnly: how.split(',').includes('ro') }));
  // Volumes without a name, which the image asks for, are nobody's declaration.
  const isMeant = (m: Found) =>
    !Object.hasOwn(image.Volumes ?? {}, m.Target) || declared?.some((d) => d.Target === m.Target);
  return inOrder(declared, [...listed, ...scratch].filter(isMeant), (d, f) => d.Target === f.Target);
}

function networksOf(found: Found, declared?: string[]): string[] {
  const { HostConfig, NetworkSettings } = found;
  const names = Object.keys(NetworkSettings.Networks ?? {});
  const isSame = (d: string, f: string) => d === f || (d === 'bridge' && f === 'podman');
  const all = names.length === 0 ? [HostConfig.NetworkMode] : names;
  return inOrder(declared, all, isSame).map((f, i) => (isSame(declared?.[i] ?? '', f) ? declared![i]! : f));
}

/** What engines set of their own. */
const engineVariables = ['PATH', 'TERM', 'HOME', 'HOSTNAME', 'container'];

function environmentOf(found: Found, image: Found, domain: Domain): Texts {
  const lines: string[] = found.Config.Env ?? [];
  const isMeant = (line: string) => {
    const name = line.split('=')[0]!;
    if (Object.hasOwn(domain.SecretEnvironment ?? {}, name)) return false;
    if (Object.hasOwn(domain.Environment ?? {}, name)) return true;
    return !engineVariables.includes(name) && !image.Env?.includes(line);
  };
  return Object.fromEntries(lines.filter(isMeant).map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

function checkOf(found: Found) {
  const [how, ...command] = found.Config.Healthcheck?.Test ?? [];
  if (how === undefined || how === 'NONE') return undefined;
  const { Interval = 0, Timeout = 0, Retries } = found.Config.Healthcheck;
  const Command = how === 'CMD-SHELL' ? ['/bin/sh', '-c', ...command] : command;
  return { Command, IntervalSeconds: Interval / ns, TimeoutSeconds: Timeout / ns, Retries };
}

const isUp = ({ State }: Found): boolean => State.Running === true || State.Restarting === true;
/** In the words of Docker. */
function stateOf({ State: { Status } }: Found): string {
  if (Status === 'stopped') return 'exited';
  return Status === 'configured' || Status === 'initialized' ? 'created' : Status;
}
const isUnstarted = (found: Found): boolean => stateOf(found) === 'created';

/** Properties that people set: all that are declared, and of the others what is neither usual nor the image's. */
function declaredOf(found: Found, image: Found, domain: Domain) {
  const { Config, HostConfig } = found;
  const given = <T>(name: string, value: T, usual: readonly unknown[]) =>
    domain[name] !== undefined || !usual.some((u) => JSON.stringify(u) === JSON.stringify(value))
      ? { [name]: value }
      : {};
  const cpus = (HostConfig.NanoCpus || ns * (HostConfig.CpuQuota / HostConfig.CpuPeriod) || 0) / ns;
  const isSameCpus = domain.Cpus !== undefined && Math.abs(domain.Cpus - cpus) <= 0.00001;
  const labels = Object.entries(withoutOwn(Config.Labels));
  const isMeant = ([k, v]: [string, string]) => Object.hasOwn(domain.Labels ?? {}, k) || image.Labels?.[k] !== v;
  const { Name, MaximumRetryCount } = HostConfig.RestartPolicy ?? {};
  return {
    Name: found.Name.replace(/^\//, ''),
    Image: domain.Image !== undefined && isSameImage(domain.Image, Config.Image) ? domain.Image : Config.Image,
    ...given('Command', Config.Cmd ?? [], [[], image.Cmd]),
    ...given('Entrypoint', Config.Entrypoint ?? [], [[], image.Entrypoint]),
    ...given('Environment', environmentOf(found, image, domain), [{}]),
    ...given('WorkingDirectory', Config.WorkingDir, ['', '/', image.WorkingDir]),
    ...given('User', Config.User, ['', image.User]),
    ...given('Mounts', mountsOf(found, image, domain.Mounts), [[]]),
    ...given('Networks', networksOf(found, domain.Networks), [['bridge'], ['podman'], ['default']]),
    ...given('Ports', portsOf(found, domain.Ports), [[]]),
    ...given('Labels', Object.fromEntries(labels.filter(isMeant)), [{}]),
    ...given('HealthCheck', checkOf(found), [undefined, checkOf({ Config: image })]),
    Run: domain.Run === 'once' && !isUnstarted(found) ? 'once' : isUp(found) ? 'always' : 'never',
    RestartPolicy: { Name: Name || 'no', ...(Name === 'on-failure' ? { MaximumRetries: MaximumRetryCount } : {}) },
    ...given('MemoryBytes', HostConfig.Memory ?? 0, [0]),
    ...given('Cpus', isSameCpus ? domain.Cpus : cpus, [0]),
    ...given('Pids', HostConfig.PidsLimit ?? 0, [0, -1, podmanPids]),
  };
}

/** Podman's limit where none is declared. */
const podmanPids = 2048;

/** `domain`: what was declared; nothing of a container that is only listed. */
async function payloadOf(found: Found, domain: Domain) {
  const { State, NetworkSettings } = found;
  const answer = await ask('GET', `/images/${found.Image}/json`);
  // Of an image that is gone nothing is known.
  const image = answer.status === 200 ? (answer.body.Config ?? {}) : {};
  const addresses = Object.entries<Found>(NetworkSettings.Networks ?? {}).map(([name, n]) => [name, n.IPAddress]);
  const known = addresses.filter(([, address]) => address);
  const published = Object.entries<Found>(NetworkSettings.Ports ?? {}).filter(([, at]) => at?.length > 0);
  return {
    ...declaredOf(found, image, domain),
    Id: found.Id,
    State: stateOf(found),
    ExitCode: isUp(found) || isUnstarted(found) ? null : State.ExitCode,
    Health: State.Health?.Status || null,
    StartedAt: isUnstarted(found) ? null : State.StartedAt,
    FinishedAt: isUp(found) || isUnstarted(found) ? null : State.FinishedAt,
    Restarts: found.RestartCount ?? 0,
    ImageId: found.Image,
    Address: known[0]?.[1] ?? null,
    Addresses: Object.fromEntries(known),
    Published: Object.fromEntries(
      published.map(([port, at]) => [port, `${at[0].HostIp || '0.0.0.0'}:${at[0].HostPort}`]),
    ),
  };
}

// What is done.

/** Starts or stops it, where it is to be otherwise. */
async function makeRun(found: Found, { Run = 'always', StopSeconds = 10 }: Domain): Promise<void> {
  if (Run === 'always' ? !isUp(found) : Run === 'once' && isUnstarted(found)) await turn(found.Id, 'start');
  if (Run === 'never' && isUp(found)) await turn(found.Id, `stop?t=${StopSeconds}`);
}

async function answerOf(id: string, domain: Domain) {
  const found = await mustFind(id);
  const ended = domain.Run === 'always' && !isUp(found);
  return {
    status: ended ? ('warning' as const) : ('ok' as const),
    resourceId: found.Id,
    payload: await payloadOf(found, domain),
    ...(ended ? { message: `it does not run: ${stateOf(found)}, exit code ${found.State.ExitCode}` } : {}),
  };
}

async function create({ properties, idempotencyKey }: Asked) {
  const { domain, si } = properties;
  let found = await find(domain.Name);
  if (found === undefined) {
    const wanted = { ...wantedOf(domain), Labels: { ...domain.Labels, ...labelsOf(si, idempotencyKey) } };
    const answer = await ask('POST', `/containers/create?name=${encodeURIComponent(domain.Name)}`, wanted);
    // That the name is taken, engines say with other statuses; what took it shows then.
    found = await find(answer.body?.Id ?? domain.Name);
    if (found === undefined) throw refused(`creating container ${domain.Name}`, answer);
  }
  mustBeOurs(`container ${domain.Name}`, found.Config.Labels, idempotencyKey);
  try {
    for (const network of (domain.Networks ?? []).slice(1)) {
      if (Object.hasOwn(found.NetworkSettings.Networks ?? {}, network)) continue;
      const answer = await ask('POST', `/networks/${encodeURIComponent(network)}/connect`, { Container: found.Id });
      if (answer.status !== 200) throw refused(`connecting to network ${network}`, answer);
    }
    await makeRun(found, domain);
  } catch (error) {
    // What cannot be started is not left behind. When the engine cannot be asked, it is found by its key the next time.
    if (error.errorClass !== 'transient') await ask('DELETE', `/containers/${found.Id}?force=true&v=true`);
    throw error;
  }
  return answerOf(found.Id, domain);
}

/** Limits and restart policy that are to be others. */
function changesOf({ HostConfig }: Found, domain: Domain) {
  const { MemoryBytes = 0, Cpus = 0, Pids } = domain;
  const cpus = Math.round(Cpus * ns);
  const restart = restartOf(domain);
  const { Name, MaximumRetryCount = 0 } = HostConfig.RestartPolicy ?? {};
  const isSameRestart = restart.Name === (Name || 'no') && restart.MaximumRetryCount === MaximumRetryCount;
  const swap = HostConfig.MemorySwap === -1 ? -1 : 2 * MemoryBytes;
  return {
    ...((HostConfig.Memory ?? 0) === MemoryBytes ? {} : { Memory: MemoryBytes, MemorySwap: swap }),
    ...(Math.abs((HostConfig.NanoCpus ?? 0) - cpus) <= 10_000 ? {} : { NanoCpus: cpus }),
    ...(Pids === undefined || HostConfig.PidsLimit === Pids ? {} : { PidsLimit: Pids }),
    ...(isSameRestart ? {} : { RestartPolicy: restart }),
  };
}

async function update({ properties }: Asked) {
  const { domain } = properties;
  const found = await mustFind(idOf(properties));
  const changes = changesOf(found, domain);
  const names = Object.keys(changes).filter((name) => name !== 'MemorySwap');
  if (names.length > 0) {
    const anew = 'set another /domain/Generation, and the container is made anew';
    if (changes.Memory === 0 || changes.NanoCpus === 0)
      throw problem(`a limit cannot be taken away from a container that is there: ${anew}`);
    const answer = await ask('POST', `/containers/${found.Id}/update`, changes);
    // Podman 4 has no such operation.
    if (answer.status === 404 && answer.body?.message === 'Not Found')
      throw problem(`this engine cannot change ${names.join(', ')} of a container that is there: ${anew}`);
    if (answer.status !== 200) throw refused(`changing ${names.join(', ')}`, answer);
  }
  if (found.Name !== `/${domain.Name}`) {
    const answer = await ask('POST', `/containers/${found.Id}/rename?name=${encodeURIComponent(domain.Name)}`);
    if (answer.status !== 204) throw refused(`renaming to ${domain.Name}`, answer);
  }
  await makeRun(found, domain);
  return answerOf(found.Id, domain);
}

async function remove({ properties }: Asked) {
  const { domain } = properties;
  const found = await find(idOf(properties));
  if (found === undefined) return { status: 'ok' as const, payload: null };
  const isForced = domain.Force === true;
  if (!isForced && isUp(found)) await turn(found.Id, `stop?t=${domain.StopSeconds ?? 10}`);
  // With its volumes that have no name.
  const answer = await ask('DELETE', `/containers/${found.Id}?v=true${isForced ? '&force=true' : ''}`);
  if (![200, 204, 404].includes(answer.status)) throw refused(`removing container ${domain.Name}`, answer);
  return { status: 'ok' as const, payload: null };
}

async function look({ properties }: Asked) {
  const found = await find(idOf(properties));
  return { status: 'ok' as const, payload: found === undefined ? null : await payloadOf(found, properties.domain) };
}

async function operate({ properties }: Asked, doing: string) {
  const { Id } = await mustFind(idOf(properties));
  await turn(Id, doing);
  return { ...(await answerOf(Id, properties.domain)), status: 'ok' as const };
}

const stopQuery = ({ properties }: Asked) => `?t=${properties.domain.StopSeconds ?? 10}`;

const pageSize = 50;

/** In the order of their ids; the cursor is the last one of the page before. */
async function list(cursor = '') {
  const answer = await ask('GET', '/containers/json?all=true');
  if (answer.status !== 200) throw refused('listing containers', answer);
  const ids: string[] = answer.body.map((c: Found) => c.Id).filter((id: string) => id > cursor);
  const page = ids.sort().slice(0, pageSize);
  const resources: Found[] = [];
  for (const id of page) {
    const found = await find(id);
    if (found === undefined) continue;
    resources.push({ resourceId: id, name: found.Name.slice(1), payload: await payloadOf(found, {}) });
  }
  return { status: 'ok' as const, resources, ...(ids.length > page.length ? { cursor: page.at(-1) } : {}) };
}

const text = { kind: 'string' } as const;
const once = { createOnly: true } as const;
const words = { kind: 'array', items: text, ...once } as const;
const texts = { kind: 'map', values: text, ...once } as const;
const count = { kind: 'integer', minimum: 1 } as const;

export default defineSchema({
  docs: 'A container that is made of an image of the engine, and runs.',
  link: 'https://docs.docker.com/reference/api/engine/',
  domain: {
    Name: { ...text, required: true, pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$', docs: 'Unique on its engine.' },
    Image: { ...text, ...once, required: true, docs: 'An image that the engine has, by name or id. It is not pulled.' },
    Command: { ...words, docs: 'Instead of that of the image.' },
    Entrypoint: { ...words, docs: 'Instead of that of the image.' },
    Environment: texts,
    SecretEnvironment: { ...texts, writeOnly: true, docs: 'Variables that are not read back from the engine.' },
    WorkingDirectory: { ...text, ...once },
    User: { ...text, ...once, docs: 'Name or id, with `:` and a group if you like.' },
    Mounts: {
      kind: 'array',
      ...once,
      items: {
        kind: 'object',
        properties: {
          Type: { ...text, enum: ['volume', 'bind', 'tmpfs'], default: 'volume' },
          Source: {
            ...text,
            docs: 'Name of the volume, or the path on the machine of the engine.',
            suggests: [{ schema: 'Container::Volume', path: '/resource_value/Name' }],
          },
          Target: { ...text, required: true, docs: 'The path in the container.' },
          ReadOnly: { kind: 'boolean', default: false },
        },
      },
    },
    Networks: {
      kind: 'array',
      ...once,
      docs: 'By name; or one of `none` and `host`. Nothing: the default network of the engine.',
      items: { ...text, suggests: [{ schema: 'Container::Network', path: '/resource_value/Name' }] },
    },
    Ports: {
      kind: 'array',
      ...once,
      docs: 'Ports that are reached at the machine of the engine.',
      items: {
        kind: 'object',
        properties: {
          ContainerPort: { ...count, required: true, maximum: 65535 },
          Protocol: { ...text, enum: ['tcp', 'udp', 'sctp'], default: 'tcp' },
          HostPort: { ...count, maximum: 65535, docs: 'Nothing: one that is free.' },
          HostAddress: { ...text, docs: 'Nothing: every address.' },
        },
      },
    },
    Labels: texts,
    HealthCheck: {
      kind: 'object',
      ...once,
      properties: {
        Command: { kind: 'array', items: text, docs: 'Exit code 0: healthy.' },
        IntervalSeconds: count,
        TimeoutSeconds: count,
        Retries: count,
      },
    },
    Run: {
      ...text,
      enum: ['always', 'once', 'never'],
      default: 'always',
      docs: 'always: it is to run, and one that does not is drift. once: it is started when it is made, and may end. never: it is to stand still.',
    },
    RestartPolicy: {
      kind: 'object',
      docs: 'What the engine itself does when it ends.',
      properties: {
        Name: { ...text, enum: ['no', 'always', 'on-failure', 'unless-stopped'], default: 'no' },
        MaximumRetries: { kind: 'integer', minimum: 0, docs: 'Of on-failure. 0: any number.' },
      },
    },
    MemoryBytes: { kind: 'integer', minimum: 6291456 },
    Cpus: { kind: 'number', minimum: 0.01, docs: 'Processors, such as 0.5.' },
    Pids: { ...count, docs: 'The most processes.' },
    StopSeconds: {
      kind: 'integer',
      minimum: 0,
      maximum: 100,
      default: 10,
      writeOnly: true,
      docs: 'Until what does not stop is killed.',
    },
    Force: { kind: 'boolean', default: false, writeOnly: true, docs: 'Kill it when it is removed.' },
    Generation: { kind: 'integer', ...once, writeOnly: true, docs: 'Another number makes the container anew.' },
  },
  resource: {
    Id: text,
    Name: { ...text, docs: 'Who follows it comes after the container.' },
    State: { ...text, docs: '`created`, `running`, `paused`, `restarting`, `exited`, …' },
    ExitCode: { kind: 'integer', docs: 'Of one that ended.' },
    Health: { ...text, docs: '`starting`, `healthy`, `unhealthy`.' },
    StartedAt: text,
    FinishedAt: text,
    Restarts: { kind: 'integer' },
    ImageId: text,
    Address: { ...text, docs: 'On the first of its networks.' },
    Addresses: { kind: 'map', values: text, docs: 'By network.' },
    Published: { kind: 'map', values: text, docs: 'Where a port is reached, such as `80/tcp` at `0.0.0.0:8080`.' },
  },
  secrets: { credential: 'Container Engine' },
  qualifications: {
    mounts({ domain }) {
      const wrong = (domain.Mounts ?? []).find((m) => (m.Type === 'tmpfs') !== (m.Source === undefined));
      if (wrong === undefined) return { result: 'success' };
      const message = wrong.Source === undefined ? `needs a Source` : 'is a tmpfs, which has no Source';
      return { result: 'failure', message: `The mount at ${wrong.Target} ${message}.` };
    },
  },
  actions: {
    // @idempotent
    create: { kind: 'create', main: (input: Asked) => told(() => create(input)) },
    // @idempotent
    // @timeout 2m
    update: { kind: 'update', main: (input: Asked) => told(() => update(input)) },
    // @idempotent
    // @timeout 2m
    destroy: { kind: 'destroy', main: (input: Asked) => told(() => remove(input)) },
    refresh: { kind: 'refresh', main: (input: Asked) => told(() => look(input)) },
    list: { kind: 'list', main: ({ cursor }: { cursor?: string }) => told(() => list(cursor)) },
    // @idempotent
    start: { kind: 'manual', main: (input: Asked) => told(() => operate(input, 'start')) },
    // @idempotent
    // @timeout 2m
    stop: {
      kind: 'manual',
      main: (input: Asked) => told(() => operate(input, `stop${stopQuery(input)}`)),
    },
    // @idempotent
    // @timeout 2m
    restart: {
      kind: 'manual',
      main: (input: Asked) => told(() => operate(input, `restart${stopQuery(input)}`)),
    },
  },
});
