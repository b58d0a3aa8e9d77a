// A directory below the root of a local agent.

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
    // With the filter Path only those below it.
    list: {
      kind: 'list',
      main: ({ properties, cursor }: any) =>
        listed({ kind: 'directory', below: properties.domain.Path, cursor }, (directory) => directory),
    },
  },
});
