// What happens in a workspace, for people and programs: what has happened behind a position, and what happens from then on.
// Following is asking again and again, each time waiting a little for more.

import type { Command } from 'commander';
import { eventKinds, type WorkspaceEvent } from '../../engine/event_shape.ts';
import type { EventsRead } from '../../engine/operations_event.ts';
import { paint } from './output.ts';
import type { Run } from './program.ts';
import { eventLines } from './render_event.ts';

interface EventOptions {
  readonly changeSet?: string;
  readonly after?: number;
  readonly kinds?: string;
  readonly limit: number;
  readonly follow?: true;
}

/** How long one question waits for more. */
const waitMs = 5_000;

export function eventCommands(program: Command, run: Run): void {
  program
    .command('events')
    .description('what happens: edits, applies, replays, actions, resources; from a position on, or from now')
    .option('--change-set <name>', 'of one change set, by name or id; HEAD is Head')
    .option('--after <position>', 'what came behind this position; 0: from the beginning', Number)
    .option('--kinds <list>', `only these: ${eventKinds.join(', ')}`)
    .option('--limit <number>', 'most events, without --follow', Number, 100)
    .option('--follow', 'stay and print more as it comes')
    .addHelpText(
      'after',
      `\nEach line begins with its position; --after goes on from there and misses nothing. With --json one object a line.
What has no position (propagation, run, run_log) is told only while somebody follows.
Examples:
  headwater events --after 0
  headwater events --change-set first --kinds mutation,apply --follow
  headwater events --after 1200 --follow --json`,
    )
    .action((options: EventOptions) =>
      run('Reading events', async (s) => {
        const { changeSet, kinds, limit, follow } = options;
        const narrowed = {
          ...(changeSet === undefined ? {} : { changeSet }),
          ...(kinds === undefined ? {} : { kinds }),
        };
        let after = options.after ?? (follow === true ? undefined : 0);
        for (let left = follow === true ? Number.POSITIVE_INFINITY : limit; left > 0; ) {
          const read = await s.call<EventsRead>('events.read', {
            ...narrowed,
            ...(after === undefined ? {} : { after }),
            limit: Math.min(left, 300),
            waitMs: follow === true ? waitMs : 0,
          });
          after = read.position;
          left -= read.events.length;
          if (read.events.length > 0) s.write(read.events.map(asJson), () => eventLines(read.events));
          else if (follow !== true) break;
        }
        if (follow !== true && !s.json) s.write([], () => [paint('dim', `go on with --after ${after}`)]);
        return undefined;
      }),
    );
}

const asJson = ({ kind, position, changeSets, data }: WorkspaceEvent) => ({ position, kind, changeSets, data });
