// The command that starts the local agent: directories, files and processes of this machine for the provider `local`, in the
// foreground until it is interrupted. It owns no data folder; only its state lies in it by default.

import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { untilInterrupted } from './foreground.ts';
import { portMax, whole } from './numbers.ts';
import { note } from './output.ts';
import type { Run } from './program.ts';

interface Options {
  readonly root: string;
  readonly port?: number;
  readonly socket?: string;
  readonly state?: string;
  readonly command: readonly string[];
}

export function localCommands(program: Command, run: Run): void {
  program
    .command('local')
    .description('start an agent for directories, files and processes of this machine, below one folder')
    .requiredOption('--root <folder>', 'everything that it may touch lies below this folder')
    .addOption(
      new Option('--port <number>', 'port of 127.0.0.1 (default: the one before, else any that is free)')
        .argParser(whole({ max: portMax }))
        .conflicts('socket'),
    )
    .option('--socket <path>', 'a unix socket instead of a port')
    .option('--state <folder>', 'its journal, token and logs (default: local in the data folder)')
    .option(
      '--command <name>',
      'a program that processes may be started with; NAME or NAME=/path; again for more',
      gather,
      [],
    )
    .addHelpText('after', example)
    .action((options: Options) =>
      run('Starting the local agent', async (s) => {
        const { root, socket, state, command: commands } = options;
        const agent = await s.surroundings.local({
          root: resolve(root),
          state: resolve(state ?? join(s.dataFolder, 'local')),
          listen: socket === undefined ? options.port : resolve(socket),
          commands,
        });
        try {
          const { endpoint, credentialFile } = agent;
          s.print({ endpoint, credentialFile, root: agent.root }, () => [
            `Agent for ${agent.root} at ${endpoint}; Ctrl+C ends it.`,
            `Its token is in ${credentialFile}, the content of a secret:`,
            `  headwater secret set machine --definition "Local Machine" ${credentialFile}`,
            ...(commands.length === 0 ? ['It starts no process: no --command was given.'] : []),
          ]);
          await untilInterrupted(agent.failed);
        } finally {
          await agent.close();
        }
        if (!s.json) note('Ended. Its processes run on; the next agent with this state has them again.');
        return undefined;
      }),
    );
}

function gather(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

const example = `
Example:
  headwater local --root ~/sites --command node --command python3

It does what who has its token asks: with --command node that is any program that node can run, as you.`;
