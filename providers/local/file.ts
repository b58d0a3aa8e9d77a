// A file below the root of a local agent: there whole or not at all.

function wishOf({ Path, Content, Encoding, Mode }: any): object {
  return { Path, Content, Encoding, Mode };
}

export default defineSchema({
  docs: 'A file with the content that is given, or that follows from other components.',
  domain: {
    Folder: {
      kind: 'string',
      default: '',
      createOnly: true,
      docs: 'From the root of the agent; empty: the root itself.',
    },
    Name: {
      kind: 'string',
      required: true,
      createOnly: true,
      minLength: 1,
      pattern: '^[^/]+$',
      docs: 'In its folder.',
    },
    Content: { kind: 'string', default: '', docs: 'At most 1 MiB.' },
    Encoding: { kind: 'string', enum: ['utf8', 'base64'], default: 'utf8', docs: 'base64: the content is bytes.' },
    Mode: { kind: 'string', default: '0644', pattern: '^0[4-7][0-7]{2}$', docs: 'Who may do what, in octal.' },
    Path: { kind: 'string', docs: 'Made of folder and name.' },
  },
  resource: {
    Path: { kind: 'string', docs: 'From the root of the agent.' },
    Folder: { kind: 'string' },
    Name: { kind: 'string' },
    Content: { kind: 'string', docs: 'As it is now; left out when it is longer than 1 MiB.' },
    Mode: { kind: 'string' },
    Bytes: { kind: 'integer' },
    Sha256: { kind: 'string' },
    Location: { kind: 'string', docs: 'Where it lies on the machine.' },
    Encoding: { kind: 'string' },
  },
  secrets: { Machine: 'Local Machine' },
  primaryIdentifier: ['/domain/Path'],
  attributes: {
    path: {
      arguments: { folder: '/domain/Folder', name: '/domain/Name' },
      output: '/domain/Path',
      main: ({ folder, name }) => joined(folder, name),
    },
  },
  qualifications: {
    pathStays: ({ domain }) => verdict(wrongPath(domain.Path ?? domain.Name ?? '')),
  },
  actions: {
    create: {
      kind: 'create',
      // @idempotent
      async main({ properties, idempotencyKey }) {
        const made = await ask('POST', 'file', { key: idempotencyKey, desired: wishOf(properties.domain) });
        return made.refused ?? { status: 'ok', resourceId: made.id, payload: payloadOf(made.resource) };
      },
    },
    update: {
      kind: 'update',
      // @idempotent
      async main({ properties }) {
        const { refused, resource } = await ask('PUT', at(properties.si.resourceId), {
          desired: wishOf(properties.domain),
        });
        return refused ?? { status: 'ok', payload: payloadOf(resource) };
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
        if (refused === undefined) return { status: 'ok', payload: payloadOf(resource) };
        return isGone ? { status: 'ok', payload: null } : refused;
      },
    },
  },
});
