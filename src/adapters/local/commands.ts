// The commands that the owner of the machine allows processes to be started with: a name, and the program that it stands for.
// Nothing else is started, whatever is asked.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { Fault } from '../../base/result.ts';
import { Refused } from './refused.ts';

/** Programs by name. */
export type Commands = ReadonlyMap<string, string>;

/** `given`: names of programs of the search path, or `NAME=/path/of/program`. Fault `command_unusable`. */
export function parseCommands(given: readonly string[], searchPath: string): Commands {
  return new Map(
    given.map((text) => {
      const cut = text.indexOf('=');
      const [name, path] =
        cut === -1 ? [text, findProgram(text, searchPath)] : [text.slice(0, cut), text.slice(cut + 1)];
      if (name === '' || path === undefined || !isAbsolute(path) || !isProgram(path))
        throw new Fault('command_unusable', `${text} names no program that can be started`, { command: text });
      return [name, path];
    }),
  );
}

function findProgram(name: string, searchPath: string): string | undefined {
  if (isAbsolute(name)) return name;
  if (name.includes('/')) return undefined;
  return searchPath
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function programOf(commands: Commands, name: string): string {
  const program = commands.get(name);
  if (program !== undefined) return program;
  throw new Refused('command_refused', `the command ${JSON.stringify(name)} is not allowed here`, {
    path: '/desired/Command',
    expected: commands.size === 0 ? 'no command at all' : `one of ${[...commands.keys()].join(', ')}`,
    got: name,
    hint: 'the owner of the machine starts the agent with --command NAME, or NAME=/path/of/program',
  });
}
