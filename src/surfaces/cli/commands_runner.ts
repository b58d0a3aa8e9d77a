// The command that runs functions for engines at a NATS server, in the foreground until it is interrupted: then it takes nothing
// more and ends what it has. It opens no data folder and no database.

import type { Command } from 'commander';
import { defaultPool } from '../../dispatch/pool_label.ts';
import { capacityOf, labelOf } from './commands_pool.ts';
import { untilInterrupted } from './foreground.ts';
import { note } from './output.ts';
import type { Run } from './program.ts';

/** A NATS server, over which runs go to runners. */
export interface NatsChoice {
  /** Absent: that of the environment. */
  readonly url?: string;
  /** File with credentials, as `nsc` writes it; absent: that of the environment. */
  readonly creds?: string;
}

/** How a runner is to be. */
export interface RunnerChoice extends NatsChoice {
  readonly pool: string;
  /** Default: the machine's, with the process. */
  readonly name?: string;
  /** Default: all processors of the machine, half its memory. */
  readonly cpus?: number;
  readonly memoryMiB?: number;
  /** Hears what whoever started it should know. */
  readonly note: (text: string) => void;
}

interface RunnerFlags {
  readonly nats?: string;
  readonly natsCreds?: string;
  readonly pool: string;
  readonly name?: string;
  readonly cpus?: number;
  readonly memory?: number;
}

const example = 'headwater runner --pool gpu --cpus 2 --memory 4096';

export function runnerCommands(program: Command, run: Run): void {
  program
    .command('runner')
    .description('run functions for the engines at a NATS server, until interrupted')
    .option('--nats <address>', 'address of the NATS server (default: HEADWATER_NATS)')
    .option('--nats-creds <file>', 'credentials for NATS, as nsc writes them (default: HEADWATER_NATS_CREDS)')
    .option('--pool <label>', 'the pool that it serves', defaultPool)
    .option('--name <name>', 'what its runs are recorded under (default: the machine and the process)')
    .option('--cpus <number>', 'processors that its runs may be counted for together (default: all)', Number)
    .option('--memory <MiB>', 'memory that they may be counted for together (default: half)', Number)
    .addHelpText('after', help)
    .action(({ pool, name, cpus, memory, ...nats }: RunnerFlags) =>
      run('Starting the runner', async (s) => {
        const given = (n: number | undefined, unset: number): number => n ?? unset;
        // Each by itself; what was not said is the machine's.
        if (cpus !== undefined || memory !== undefined)
          capacityOf({ cpus: given(cpus, 1), memory: given(memory, 512) }, example);
        const label = labelOf(pool, example);
        const runner = await s.surroundings.runner({
          pool: label,
          ...natsOf(nats),
          ...(name === undefined ? {} : { name }),
          ...(cpus === undefined ? {} : { cpus }),
          ...(memory === undefined ? {} : { memoryMiB: memory }),
          note,
        });
        try {
          s.print({ pool: label }, () => [
            `Running functions of the pool ${label}. Ctrl+C ends it when they have ended.`,
          ]);
          await untilInterrupted();
        } finally {
          await runner.close();
        }
        if (!s.json) note('Ended. Nothing was left behind.');
        return undefined;
      }),
    );
}

export function natsOf({ nats, natsCreds }: { readonly [F in 'nats' | 'natsCreds']?: string | undefined }): NatsChoice {
  return { ...(nats === undefined ? {} : { url: nats }), ...(natsCreds === undefined ? {} : { creds: natsCreds }) };
}

const help = `
Examples:
  export HEADWATER_NATS='nats://runner:PASSWORD@nats.example:4222'
  headwater runner
  headwater runner --pool gpu --cpus 2 --memory 4096 --name gpu-1

An engine of the same NATS: headwater serve --nats. A password in the environment is seen by fewer than one on the command line.`;
