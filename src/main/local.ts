// Composition of the local agent: commands are looked up on the search path of who starts it. The command line starts the agent;
// it needs no data folder and no engine.

import { parseCommands } from '../adapters/local/commands.ts';
import { type Agent, startAgent } from '../adapters/local/server.ts';
import type { LocalChoice } from '../surfaces/cli/program.ts';

const plainPath = '/usr/local/bin:/usr/bin:/bin';

/** Faults: `command_unusable` and those of the agent. */
export async function openLocal({ commands, ...options }: LocalChoice): Promise<Agent> {
  const searchPath = process.env['PATH'] ?? plainPath;
  return startAgent({ ...options, searchPath, commands: parseCommands(commands, searchPath) });
}
