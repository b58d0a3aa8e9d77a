#!/usr/bin/env node
// The command `headwater` (short: `hw`): the command line of surfaces/cli, composed with a data folder. What no command
// expected ends here: a fault with its code, a bug with its stack.

import { restoreSqliteStore } from '../adapters/sqlite/restore.ts';
import { Fault } from '../base/result.ts';
import { exitCodes } from '../surfaces/cli/exit.ts';
import { runCli } from '../surfaces/cli/program.ts';
import { connect } from './data_folder.ts';

// A reader that has seen enough, such as `head`, closes the pipe: no failure of the command.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code !== 'EPIPE') throw e;
  process.exit(process.exitCode ?? exitCodes.ok);
});

try {
  process.exitCode = await runCli(process.argv, { connect, restore: restoreSqliteStore });
} catch (e) {
  // What no command expected: said whole, so that it can be reported.
  process.stderr.write(`${e instanceof Fault ? e.message : e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`);
  process.exitCode = e instanceof Fault && e.code === 'store_busy' ? exitCodes.busy : exitCodes.error;
}
