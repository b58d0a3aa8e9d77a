// Commands on what runs may reach of this machine: unix sockets, which take the owner's permission besides the word of a function.
// They read and write a file of the data folder and open no engine.

import type { Command } from 'commander';
import { RefusalError } from '../../base/result.ts';
import { socketOfEntry } from '../../dispatch/network_reach.ts';
import { count, note } from './output.ts';
import type { Run } from './program.ts';

export function reachCommands(program: Command, run: Run): void {
  const reach = program
    .command('reach')
    .description('unix sockets of this machine that functions may reach; none but those allowed here')
    .addHelpText(
      'after',
      `
Examples:
  headwater reach allow /run/podman/podman.sock
  headwater reach list
  headwater reach deny /run/podman/podman.sock

A function that is to reach one says so, too: // @network unix:/run/podman/podman.sock, or // @network $Endpoint with
that address in its secret. Hosts need no permission here: functions list them.`,
    );
  reach
    .command('list')
    .description('list the sockets that are allowed')
    .addHelpText('after', '\nExample:\n  headwater reach list --json')
    .action(() =>
      run('Reading what is allowed', async (s) => {
        const sockets = s.surroundings.reach.list(s.dataFolder);
        s.print({ sockets }, () =>
          sockets.length > 0 ? sockets : ['No socket is allowed. To allow one: headwater reach allow PATH'],
        );
        return undefined;
      }),
    );
  reach
    .command('allow <path>')
    .description('allow a socket, by its path from the root; counts at once')
    .addHelpText('after', '\nExample:\n  headwater reach allow /run/podman/podman.sock')
    .action((given: string) =>
      run('Allowing the socket', async (s) => {
        const path = pathOf(given);
        const changed = s.surroundings.reach.allow(s.dataFolder, path);
        s.print({ path, changed, sockets: s.surroundings.reach.list(s.dataFolder) }, () => [
          changed ? `Functions that say \`@network unix:${path}\` reach it now.` : `${path} was allowed already.`,
        ]);
        if (!s.json && changed)
          note('Who reaches a socket has the rights of the program behind it: a container engine, those of its user.');
        return undefined;
      }),
    );
  reach
    .command('deny <path>')
    .description('take a permission back; counts for every connection from now on')
    .addHelpText('after', '\nExample:\n  headwater reach deny /run/podman/podman.sock')
    .action((given: string) =>
      run('Denying the socket', async (s) => {
        const path = pathOf(given);
        const changed = s.surroundings.reach.deny(s.dataFolder, path);
        const sockets = s.surroundings.reach.list(s.dataFolder);
        s.print({ path, changed, sockets }, () => [
          `${changed ? `No function reaches ${path} any more` : `${path} was not allowed`}; ${count(sockets.length, 'socket')} allowed.`,
        ]);
        return undefined;
      }),
    );
}

function pathOf(given: string): string {
  const path = socketOfEntry(given.startsWith('unix:') ? given : `unix:${given}`);
  if (path !== undefined) return path;
  throw new RefusalError({
    code: 'request_malformed',
    path: 'path',
    expected: 'the path of a socket from the root, without `.`, `..` or spaces, at most 107 characters',
    got: JSON.stringify(given),
    hint: 'headwater reach allow /run/podman/podman.sock',
  });
}
