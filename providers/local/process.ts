// A process that the local agent of a machine keeps running: started, started again when it ends, ended with all that it
// started.

const at = (id: string | undefined) => `process/${encodeURIComponent(id ?? '')}`;

function wishOf(domain: any): object {
  const { Name, Command, Arguments, Folder, Environment, Restart, State, LogFile, HealthUrl, StopSeconds, Triggers } =
    domain;
  return { Name, Command, Arguments, Folder, Environment, Restart, State, LogFile, HealthUrl, StopSeconds, Triggers };
}

const lookAgainMs = 250;

/** Done once it runs and is well, if anybody asks for that; else looked at again, as long as it may take. */
function started(domain: any, resource: any, checkpoint: { looks: number } | undefined): any {
  const isGood = resource.State === domain.State && (domain.State === 'stopped' || resource.Healthy !== false);
  if (isGood) return { status: 'ok', resourceId: domain.Name, payload: resource };
  const looks = (checkpoint?.looks ?? 0) + 1;
  if (resource.Status === 'ended' || looks * lookAgainMs > domain.StartSeconds * 1000) {
    const why =
      resource.State === 'running'
        ? `does not answer at ${domain.HealthUrl}`
        : `ended: ${resource.Exit || 'why is not known'}`;
    return { status: 'error', message: `${domain.Name} ${why}`, errorClass: 'permanent' };
  }
  return { status: 'pending', checkpoint: { looks }, afterMs: lookAgainMs };
}

export default defineSchema({
  docs: 'A process that is kept running.',
  domain: {
    Name: {
      kind: 'string',
      required: true,
      createOnly: true,
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$',
      docs: 'Of its own on the machine.',
    },
    Command: {
      kind: 'string',
      required: true,
      docs: 'One of those that the owner of the machine allows: `headwater local --command NAME`.',
    },
    Arguments: { kind: 'array', items: { kind: 'string' } },
    Folder: {
      kind: 'string',
      default: '',
      docs: 'In which it runs, from the root of the agent; empty: the root itself.',
      suggests: [{ schema: 'Local::Directory', path: '/resource_value/Path' }],
    },
    Environment: {
      kind: 'map',
      values: { kind: 'string' },
      writeOnly: true,
      docs: 'All that it gets besides PATH and LANG.',
    },
    Restart: {
      kind: 'string',
      enum: ['always', 'on-failure', 'never'],
      default: 'always',
      docs: 'What happens when it ends.',
    },
    State: { kind: 'string', enum: ['running', 'stopped'], default: 'running' },
    LogFile: {
      kind: 'string',
      default: '',
      docs: 'Where it prints, from the root of the agent; empty: with the state of the agent.',
    },
    HealthUrl: {
      kind: 'string',
      default: '',
      docs: 'An http URL of this machine that answers when it is well; empty: nobody asks.',
    },
    StartSeconds: {
      kind: 'integer',
      default: 30,
      minimum: 1,
      maximum: 3600,
      writeOnly: true,
      docs: 'Until it has to be well.',
    },
    StopSeconds: {
      kind: 'number',
      default: 5,
      minimum: 0,
      maximum: 50,
      docs: 'Until it is killed when it does not end.',
    },
    Triggers: {
      kind: 'map',
      values: { kind: 'any' },
      writeOnly: true,
      docs: 'When one of these values changes, it is started anew.',
    },
  },
  resource: {
    Name: { kind: 'string' },
    State: { kind: 'string' },
    Status: { kind: 'string', docs: 'running, waiting to start again, ended, stopped.' },
    Pid: { kind: 'integer' },
    Restarts: { kind: 'integer', docs: 'Times that it was started again.' },
    Exit: { kind: 'string', docs: 'How it ended the last time.' },
    Healthy: { kind: 'boolean' },
  },
  secrets: { Machine: 'Local Machine' },
  primaryIdentifier: ['/domain/Name'],
  qualifications: {
    pathsStay({ domain }) {
      const wrong = [domain.Folder, domain.LogFile].filter((path) => path !== '').map(wrongPath);
      return verdict(wrong.find((message) => message !== undefined));
    },
    healthUrl({ domain }) {
      if (domain.HealthUrl === '') return { result: 'success', message: 'nobody asks whether it is well' };
      return /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/.test(domain.HealthUrl)
        ? { result: 'success' }
        : { result: 'failure', message: `${domain.HealthUrl} is no http URL of the machine itself` };
    },
  },
  actions: {
    create: {
      kind: 'create',
      // @idempotent
      async main({ properties, idempotencyKey, checkpoint }) {
        const desired = wishOf(properties.domain);
        const made = await ask('POST', 'process', { key: idempotencyKey, desired });
        if (made.refused === undefined && made.resource === null)
          return { status: 'error', message: `the process was made and is gone since` };
        if (made.refused !== undefined) return made.refused;
        const result = started(properties.domain, made.resource, checkpoint);
        if (result.status !== 'error') return result;
        // One that was not made is not left behind: nobody would know of it.
        const { output = '' } = await ask('DELETE', at(made.id));
        return { ...result, message: `${result.message}${output === '' ? '' : `; it printed: ${output}`}` };
      },
    },
    update: {
      kind: 'update',
      // @idempotent
      async main({ properties, checkpoint }) {
        const name = at(properties.si.resourceId);
        const { refused, resource } =
          checkpoint === undefined
            ? await ask('PUT', name, { desired: wishOf(properties.domain) })
            : await ask('GET', name);
        return refused ?? started(properties.domain, resource, checkpoint);
      },
    },
    destroy: {
      kind: 'destroy',
      // @idempotent
      async main({ properties }) {
        const { refused, isGone } = await ask('DELETE', at(properties.si.resourceId));
        return refused === undefined || isGone ? { status: 'ok', payload: null } : refused;
      },
    },
    refresh: {
      kind: 'refresh',
      async main({ properties }) {
        const { refused, isGone, resource } = await ask('GET', at(properties.si.resourceId));
        if (refused === undefined) return { status: 'ok', payload: resource };
        return isGone ? { status: 'ok', payload: null } : refused;
      },
    },
    list: { kind: 'list', main: ({ cursor }: any) => listed({ kind: 'process', cursor }, (process) => process) },
  },
});
