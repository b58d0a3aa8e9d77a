// A file below the root of a local agent: there whole or not at all.

function wishOf({ Folder, Name, Content, Encoding, Mode }: any): object {
  return { Path: joined(Folder, Name), Content, Encoding, Mode };
}

/** Taken over without its content it would be emptied by the first update. */
const whyTooLong = ({ Path, Content, Bytes }: any): string | undefined =>
  Content === undefined ? `${Path} has ${Bytes} bytes, and of more than 1 MiB no content is told` : undefined;

export default defineSchema({
  docs: 'A file with the content that is given, or that follows from other components.',
  domain: {
    Folder: {
      kind: 'string',
      default: '',
      createOnly: true,
      docs: 'From the root of the agent; empty: the root itself.',
      suggests: [{ schema: 'Local::Directory', path: '/resource_value/Path' }],
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
  primaryIdentifier: ['/domain/Folder', '/domain/Name'],
  qualifications: {
    pathStays: ({ domain }) => verdict(wrongPath(joined(domain.Folder, domain.Name))),
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
        if (refused !== undefined) return isGone ? { status: 'ok', payload: null } : refused;
        // Without a name there is no component yet: somebody wants to take it over.
        const why = properties.domain.Name === undefined ? whyTooLong(resource) : undefined;
        if (why !== undefined)
          return { status: 'error', message: `it is not taken over: ${why}`, errorClass: 'permanent' };
        return { status: 'ok', payload: payloadOf(resource) };
      },
    },
    // With the filter Folder only those below it.
    list: {
      kind: 'list',
      main: ({ properties, cursor }: any) =>
        listed(
          { kind: 'file', below: properties.domain.Folder, cursor },
          (file) => whyTooLong(file) ?? payloadOf(file),
        ),
    },
  },
});
