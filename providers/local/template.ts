// A file below the root of a local agent whose content is a text with placeholders, `${name}`, and the values for them: a
// configuration that follows from other components. The content is a value of the component, so that a review shows it.

function wishOf({ Folder, Name, Content, Mode }: any): object {
  return { Path: joined(Folder, Name), Content, Mode };
}

/** `${name}` is a placeholder, `$${` the two characters themselves. */
const placeholder = /\$(\$\{|\{([A-Za-z_][\w.-]*)\})/g;

const namesIn = (text: string): string[] =>
  [...text.matchAll(placeholder)].flatMap(([, , name]) => (name === undefined ? [] : [name]));

const has = (values: any, name: string): boolean => Object.hasOwn(values ?? {}, name) && values[name] != null;

/** A value as it stands in the text: what is no text as JSON. */
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function rendered(text: string, values: any): string {
  const missing = [...new Set(namesIn(text).filter((name) => !has(values, name)))];
  if (missing.length > 0) throw new Error(`no value for ${missing.join(', ')}: put one at /domain/Values`);
  return text.replace(placeholder, (_all, escaped, name) => (name === undefined ? escaped : shown(values[name])));
}

export default defineSchema({
  docs: 'A generated file: a text with placeholders, and values that may follow other components.',
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
    Text: { kind: 'string', default: '', docs: 'With placeholders like `${port}`; `$${` stands for `${`.' },
    Values: {
      kind: 'map',
      values: { kind: 'any' },
      docs: 'By name of the placeholder; what is no text is written as JSON.',
    },
    Mode: { kind: 'string', default: '0644', pattern: '^0[4-7][0-7]{2}$', docs: 'Who may do what, in octal.' },
    Content: { kind: 'string', docs: 'Made of text and values.' },
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
  },
  secrets: { Machine: 'Local Machine' },
  primaryIdentifier: ['/domain/Folder', '/domain/Name'],
  attributes: {
    content: {
      arguments: { text: '/domain/Text', values: '/domain/Values' },
      output: '/domain/Content',
      main: ({ text, values }) => rendered(text, values),
    },
  },
  qualifications: {
    pathStays: ({ domain }) => verdict(wrongPath(joined(domain.Folder, domain.Name))),
    // One that is missing is an error of the content itself.
    valuesUsed({ domain }) {
      const unused = Object.keys(domain.Values ?? {}).filter((name) => !namesIn(domain.Text).includes(name));
      return unused.length > 0
        ? { result: 'warning', message: `the text has no placeholder for ${unused.join(', ')}` }
        : { result: 'success' };
    },
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
        // Without a name there is no component yet: of what is there nobody can tell the text that it was made of.
        if (properties.domain.Name === undefined)
          return {
            status: 'error',
            message: 'a template is not taken over: import it as Local::File',
            errorClass: 'permanent',
          };
        const { refused, isGone, resource } = await ask('GET', at(properties.si.resourceId));
        if (refused === undefined) return { status: 'ok', payload: payloadOf(resource) };
        return isGone ? { status: 'ok', payload: null } : refused;
      },
    },
  },
});
