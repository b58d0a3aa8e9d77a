#!/usr/bin/env node
// The command `headwater` (short: `hw`): the command line of surfaces/cli, composed with a data folder. What no command
// expected ends here: a fault with its code, a bug with its stack.

import { readFileSync } from 'node:fs';
import { Fault } from '../base/result.ts';
import { exitCodes, tellRefusal } from '../surfaces/cli/exit.ts';
import { notWritable } from '../surfaces/cli/files.ts';
import { note, readerLeft } from '../surfaces/cli/output.ts';
import { runCli } from '../surfaces/cli/program.ts';
import { contexts } from './contexts.ts';
import { allowedHosts, allowedSockets, allowHost, allowSocket, denySocket } from './reach.ts';
import { connectServer, logOut, whoami } from './remote.ts';
import { allowedSources, allowSource } from './secret_sources.ts';

// What nobody takes is dropped, and the command comes to its own end: it was asked to do something, and may be in the middle of
// it. A reader that has seen enough, such as `head`, is no failure; a disk that is full is one.
let isUnwritten = false;
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  readerLeft();
  if (e.code === 'EPIPE' || isUnwritten) return;
  isUnwritten = true;
  note(tellRefusal(notWritable('standard output', e)));
});
process.on('exit', (code) => {
  if (isUnwritten && code === exitCodes.ok) process.exitCode = exitCodes.error;
});
// Of this one nobody can be told.
process.stderr.on('error', () => {});

/** What a request met that nobody expected: said whole, while the others go on. */
const onBug = (error: unknown, where: string): void => {
  process.stderr.write(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
};

try {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const reach = { list: allowedSockets, allow: allowSocket, deny: denySocket, hosts: allowedHosts, allowHost };
  process.exitCode = await runCli(process.argv, {
    connect: async (folder, progress, actor) => (await import('./data_folder.ts')).connect(folder, progress, actor),
    connectServer: async (target, progress) => connectServer(target, progress),
    whoami,
    logOut,
    browserLogin: async (options) => (await import('./browser_login.ts')).browserLogin(options),
    contexts,
    restore: async (from, folder) => (await import('./data_folder.ts')).restoreFolder(from, folder),
    migrate: async (choice) => (await import('./move.ts')).migrate(choice),
    // Loaded for those who ask for them: most commands need none.
    cloud: async (options) => (await import('./cloud.ts')).openCloud(options),
    local: async (options) => (await import('./local.ts')).openLocal(options),
    serve: async (options) => (await import('./serve.ts')).serve({ ...options, version, onBug }),
    runner: async (options) => (await import('./runner.ts')).openRunner(options),
    mcp: async (options) => (await import('../surfaces/mcp/stdio.ts')).serveMcpStdio({ ...options, version }),
    demo: async (options) => (await import('./demo_run.ts')).runDemo(options),
    reach,
    secretSources: { list: allowedSources, allow: allowSource },
    pools: async () => {
      const { listPools, removePool, setPool } = await import('./pools.ts');
      return { list: listPools, set: setPool, remove: removePool };
    },
    version,
  });
} catch (e) {
  // What no command expected: said whole, so that it can be reported.
  process.stderr.write(`${e instanceof Fault ? e.message : e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`);
  process.exitCode = e instanceof Fault && e.code === 'store_busy' ? exitCodes.busy : exitCodes.error;
}
