// The names of packages that functions may use, and which of them a script names. Both ends ask: the parent to know what
// to send, the child to know what to give.

const names = ['_', 'Joi', 'YAML', 'toml', 'jsonpatch'] as const;
export type LibraryName = (typeof names)[number];

export interface Library {
  readonly entry: string;
  /** Texts of CommonJS modules by path; `require` with such a path leads from one to another. */
  readonly modules: ReadonlyMap<string, string>;
}

const mentions = names.map((name) => [name, new RegExp(`(?<![\\w$.])${name}(?![\\w$])`)] as const);

/** The libraries that a script names. One too many does no harm: it costs a child some milliseconds, once. */
export function librariesNamedIn(script: string): readonly LibraryName[] {
  return mentions.filter(([, pattern]) => pattern.test(script)).map(([name]) => name);
}
