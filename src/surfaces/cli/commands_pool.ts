// Commands on pools: what the process runners of this machine are divided into, so that what is slow and long takes no room
// from the rest. They read and write a file of the data folder and open no engine.

import type { Command } from 'commander';
import { limits } from '../../base/limits.ts';
import { RefusalError } from '../../base/result.ts';
import { defaultPool, isPoolLabel, poolLabelExpected } from '../../dispatch/pool_label.ts';
import { count, note, table } from './output.ts';
import type { PoolCapacity, PoolLine, Run } from './program.ts';

const mib = 1024 * 1024;
const setExample = 'headwater pool set gpu --cpus 2 --memory 4096';

export function poolCommands(program: Command, run: Run): void {
  const pool = program
    .command('pool')
    .description('pools of runners: what functions say where they run, by label, and how much room there is')
    .addHelpText(
      'after',
      `
Examples:
  headwater pool set gpu --cpus 2 --memory 4096
  headwater pool list
  headwater pool remove gpu

A function names its pool in a comment: // @pool gpu. One that names none runs in the pool default. What belongs to a pool
that is not there waits for it, and says so: headwater action list, headwater run list.`,
    );
  pool
    .command('list')
    .description('list the pools with their room')
    .addHelpText('after', '\nExample:\n  headwater pool list --json')
    .action(() =>
      run('Reading the pools', async (s) => {
        const pools = (await s.surroundings.pools()).list(s.dataFolder);
        s.print({ pools }, () => poolLines(pools));
        return undefined;
      }),
    );
  pool
    .command('set <name>')
    .description('make a pool, or give it other room; an engine that works takes it up within a second')
    .requiredOption('--cpus <number>', 'processors that its runs under way may be counted for together', Number)
    .requiredOption('--memory <MiB>', 'memory that they may be counted for together', Number)
    .addHelpText(
      'after',
      `
A function counts for one processor and 512 MiB unless it says otherwise: // @cpus 2, // @memory 1GiB. What is larger than
the whole pool goes alone.
Example:
  headwater pool set gpu --cpus 2 --memory 4096`,
    )
    .action((name: string, options: { cpus: number; memory: number }) =>
      run('Setting the pool', async (s) => {
        const capacity = capacityOf(options);
        const of = await s.surroundings.pools();
        const changed = of.set(s.dataFolder, labelOf(name), capacity);
        const pools = of.list(s.dataFolder);
        s.print({ name, ...capacity, changed, pools }, () => [
          changed ? `${name} has ${roomText(capacity)}.` : `${name} had ${roomText(capacity)} already.`,
        ]);
        return undefined;
      }),
    );
  pool
    .command('remove <name>')
    .description('take a pool away: what is under way in it ends there, what comes waits until there is one again')
    .addHelpText('after', '\nExample:\n  headwater pool remove gpu')
    .action((name: string) =>
      run('Removing the pool', async (s) => {
        const of = await s.surroundings.pools();
        const changed = of.remove(s.dataFolder, labelOf(name));
        const pools = of.list(s.dataFolder);
        s.print({ name, changed, pools }, () => [
          !changed
            ? `${name} was not set.`
            : name === defaultPool
              ? `${name} has what the others leave: ${roomText(pools[0]!)}.`
              : `There is no pool ${name} any more.`,
        ]);
        if (!s.json && changed && name !== defaultPool)
          note(`What says \`@pool ${name}\` waits until there is one again.`);
        return undefined;
      }),
    );
}

function poolLines(pools: readonly PoolLine[]): string[] {
  return table(
    pools.map((p) => [
      p.name,
      roomText(p),
      p.isSet ? '' : 'what the others leave of the machine; set it to change that',
    ]),
  );
}

const roomText = ({ cpus, memoryMiB }: PoolCapacity): string => `${count(cpus, 'processor')}, ${memoryMiB} MiB`;

/** `example`: of the command, for who gave something else. */
export function labelOf(name: string, example = setExample): string {
  if (isPoolLabel(name)) return name;
  throw malformed('name', poolLabelExpected, JSON.stringify(name), example);
}

export function capacityOf(
  { cpus, memory }: { readonly cpus: number; readonly memory: number },
  example = setExample,
): PoolCapacity {
  const most = limits.poolBytesMax / mib;
  const least = limits.runBytesMin / mib;
  if (!(cpus >= limits.runCpusMin && cpus <= limits.poolCpusMax))
    throw malformed(
      'cpus',
      `a number of processors from ${limits.runCpusMin} to ${limits.poolCpusMax}`,
      String(cpus),
      example,
    );
  if (!(Number.isInteger(memory) && memory >= least && memory <= most))
    throw malformed('memory', `a whole number of MiB from ${least} to ${most}`, String(memory), example);
  return { cpus, memoryMiB: memory };
}

function malformed(path: string, expected: string, got: string, hint: string): RefusalError {
  return new RefusalError({ code: 'request_malformed', path, expected, got, hint });
}
