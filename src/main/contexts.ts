// Servers that the command line knows, by a name: address, token, workspace. Kept in one file of the person's own, readable by
// nobody else because tokens are in it, and replaced whole, so that a crash leaves the old one or the new one.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { isObject } from '../base/json.ts';
import type { ContextLine, Contexts } from '../surfaces/cli/contexts.ts';
import { KeptDocument } from './kept_document.ts';

/** 1: first. */
const format = 1;

interface Known {
  readonly current: string | null;
  readonly contexts: { readonly [name: string]: Omit<ContextLine, 'name'> };
}

function document(): KeptDocument {
  const { HEADWATER_CONTEXTS: given, XDG_CONFIG_HOME: config } = process.env;
  const file = given ?? join(config ?? join(homedir(), '.config'), 'headwater', 'contexts.json');
  return new KeptDocument(file, { format, code: 'contexts_unreadable' });
}

function read(): Known {
  const known = document().read();
  if (known === undefined) return { current: null, contexts: {} };
  if (!isObject(known['contexts'])) throw document().unreadable('it has no contexts by their names');
  const { current, contexts } = known as unknown as Known;
  return { current, contexts };
}

const write = (known: Known): void => document().write(known);

export const contexts: Contexts = {
  list: () => {
    const { current, contexts: all } = read();
    const names = Object.keys(all).sort();
    return { current, contexts: names.map((name) => ({ name, ...all[name]! })) };
  },
  put: ({ name, ...more }) => {
    const before = read();
    write({ current: name, contexts: { ...before.contexts, [name]: more } });
  },
  use: (name) => write({ ...read(), current: name }),
  remove: (name) => {
    const { current, contexts: all } = read();
    const { [name]: gone, ...left } = all;
    if (gone === undefined) return false;
    write({ current: current === name ? null : current, contexts: left });
    return true;
  },
};
