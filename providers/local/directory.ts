// A directory below the root of a local agent.

/** Asks the agent. What it refuses is the result of the action; all that is asked of it may be asked again. */
async function ask(method: string, path: string, body?: object): Promise<any> {
  const { Endpoint, Token } = requestStorage.getItem('machine');
  const at = Endpoint.startsWith('unix:') ? `http+unix://${encodeURIComponent(Endpoint.slice(5))}` : Endpoint;
  const authorization = `Bearer ${Token}`;
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  let status: number;
  let json: any;
  try {
    const answer = await fetch(`${at}/v1/resources/${path}`, { method, headers: { authorization }, ...sent });
    status = answer.status;
    json = await answer.json();
  } catch (e) {
    // It is away, or went away before it had answered.
    return { refused: { status: 'error', message: `the agent does not answer: ${e}`, errorClass: 'transient' } };
  }
  if (json.error === undefined) return json;
  const { code, message, expected, hint } = json.error;
  const more = [expected && `expected ${expected}`, hint].filter(Boolean).join('; ');
  const errorClass = status >= 500 ? 'transient' : 'permanent';
  return {
    refused: { status: 'error', message: more === '' ? message : `${message} (${more})`, errorClass },
    isGone: ['not_found', 'other_kind', 'path_refused'].includes(code),
  };
}

/** What is wrong with a path below the root of the agent; undefined: nothing. */
function wrongPath(path: string): string | undefined {
  if (path.startsWith('/')) return `${path} is absolute: name it from the root of the agent`;
  if (/[\u0000-\u001f\u007f]/.test(path)) return `${JSON.stringify(path)} has control characters`;
  for (const name of path.split('/')) {
    if (name === '..') return `${path} leaves its folder: leave out every ..`;
    if (name === '' || name === '.') return `${JSON.stringify(path)} has a part without a name`;
    if (name.startsWith('.headwater-'))
      return `${path} has a name that begins with .headwater-, which is the agent's own`;
  }
  return undefined;
}

const verdict = (wrong: string | undefined) =>
  wrong === undefined ? ({ result: 'success' } as const) : ({ result: 'failure', message: wrong } as const);

const at = (id: string | undefined) => `directory/${encodeURIComponent(id ?? '')}`;

export default defineSchema({
  docs: 'A directory. It is removed only when it is empty.',
  domain: {
    Path: {
      kind: 'string',
      required: true,
      createOnly: true,
      minLength: 1,
      docs: 'From the root of the agent, such as `site/conf`.',
    },
    Mode: { kind: 'string', default: '0755', pattern: '^07[0-7]{2}$', docs: 'Who may do what, in octal.' },
  },
  resource: {
    Path: { kind: 'string', docs: 'As it was asked for: follow it to be made after the directory.' },
    Mode: { kind: 'string' },
    Location: { kind: 'string', docs: 'Where it lies on the machine.' },
  },
  secrets: { Machine: 'Local Machine' },
  primaryIdentifier: ['/domain/Path'],
  qualifications: {
    pathStays: ({ domain }) => verdict(wrongPath(domain.Path ?? '')),
  },
  actions: {
    create: {
      kind: 'create',
      // @idempotent
      async main({ properties, idempotencyKey }) {
        const { Path, Mode } = properties.domain;
        const made = await ask('POST', 'directory', { key: idempotencyKey, desired: { Path, Mode } });
        return made.refused ?? { status: 'ok', resourceId: made.id, payload: made.resource };
      },
    },
    update: {
      kind: 'update',
      // @idempotent
      async main({ properties }) {
        const { Path, Mode } = properties.domain;
        const { refused, resource } = await ask('PUT', at(properties.si.resourceId), { desired: { Path, Mode } });
        return refused ?? { status: 'ok', payload: resource };
      },
    },
    putBack: {
      kind: 'manual',
      // @idempotent
      async main({ properties }) {
        const { Path, Mode } = properties.domain;
        const { refused, resource } = await ask('PUT', at(properties.si.resourceId), { desired: { Path, Mode } });
        return refused ?? { status: 'ok', payload: resource };
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
  },
});
