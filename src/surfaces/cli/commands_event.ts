// What happens in a workspace, for people and programs: what has happened behind a position, and what happens from then on.
// A server is followed by its stream of events; otherwise following is asking again and again, each time waiting a little for more.

import type { Command } from 'commander';
import { eventKinds, type WorkspaceEvent } from '../../engine/event_shape.ts';
import type { EventsRead } from '../../engine/operations_event.ts';
import { whole } from './numbers.ts';
import { isRead, note, paint, readerGone } from './output.ts';
import type { Following, Run, Session } from './program.ts';
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
    .option('--after <position>', 'what came behind this position; 0: from the beginning', whole())
    .option('--kinds <list>', `only these: ${eventKinds.join(', ')}`)
    .option('--limit <number>', 'most events, without --follow', whole(), 100)
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
        let after = options.after ?? 0;
        if (follow === true) {
          const from = options.after === undefined ? {} : { after: options.after };
          const { position } = await s.call<EventsRead>('events.read', { ...narrowed, ...from, limit: 0 });
          after = await followed(s, { ...narrowed, after: position });
        }
        for (let left = readerGone.aborted ? 0 : follow === true ? Number.POSITIVE_INFINITY : limit; left > 0; ) {
          const read = await s.call<EventsRead>('events.read', {
            ...narrowed,
            after,
            limit: Math.min(left, 300),
            waitMs: follow === true ? waitMs : 0,
          });
          after = read.position;
          left -= read.events.length;
          if (read.events.length > 0) show(s, read.events);
          else if (follow !== true) break;
          if (!(await isRead())) break;
        }
        if (follow !== true && !s.json) s.write([], () => [paint('dim', `go on with --after ${after}`)]);
        return undefined;
      }),
    );
}

/** Shows what a stream tells while there is one; answers the position that it came to. */
async function followed(s: Session, of: Omit<Following, 'signal'>): Promise<number> {
  let { after } = of;
  try {
    // Nothing ends it but the end of the command, and that nobody reads any more.
    for await (const event of (await s.follow({ ...of, signal: readerGone })) ?? []) {
      show(s, [event]);
      after = event.position ?? after;
    }
  } catch (e) {
    if (!readerGone.aborted) note(`${e instanceof Error ? e.message : String(e)}\nAsking again and again instead.`);
  }
  return after;
}

const show = (s: Session, events: readonly WorkspaceEvent[]): void =>
  s.write(events.map(asJson), () => eventLines(events));

const asJson = ({ kind, position, changeSets, data }: WorkspaceEvent) => ({ position, kind, changeSets, data });
