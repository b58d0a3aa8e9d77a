// The demonstration from its start to its end: what it needs is there before it begins, and whatever ends it, also Ctrl+C, all that
// was made is taken away.

import { findPostgres } from './demo_postgres.ts';
import { freePort, Stage } from './demo_stage.ts';
import { Demonstration } from './demo_story.ts';
import { Teller } from './demo_teller.ts';
import { templateDemo } from './demo_template.ts';

export interface DemoChoice {
  /** application: the one on this machine; template: the one on the model alone. */
  readonly what: 'application' | 'template';
  readonly json: boolean;
  /** URL of a PostgreSQL server; undefined: HEADWATER_DEMO_POSTGRES, else one on this machine if it can be used. */
  readonly postgres: string | undefined;
}

/** Answers the exit code. Faults: `demo_failed`, `demo_server_unusable`, and those of what it uses. */
export async function runDemo({ what, json, postgres }: DemoChoice): Promise<number> {
  if (what === 'template') {
    templateDemo();
    return 0;
  }
  const found = await findPostgres(postgres ?? (process.env['HEADWATER_DEMO_POSTGRES'] || undefined), process.env);
  let stage: Stage | undefined;
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
    process.stderr.write('\nEnding: what was made is taken away …\n');
    void stage?.close();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    await Stage.open((opened) => {
      stage = opened;
    });
    await new Demonstration(stage!, new Teller(json), { port: await freePort(), found }).tell();
    return 0;
  } catch (e) {
    // What breaks because everything was taken away is no failure of its own.
    if (isInterrupted) return 130;
    throw e;
  } finally {
    await stage?.close();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
