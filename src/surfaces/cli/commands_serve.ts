// The command that serves the HTTP API over a data folder, in the foreground until it is interrupted. What was begun then is
// ended, and what waits is the next owner’s.

import { type Command, InvalidArgumentError } from 'commander';
import { note } from './output.ts';
import type { Run } from './program.ts';

const portMax = 65_535;
const defaultPort = 8400;

export function serveCommands(program: Command, run: Run): void {
  program
    .command('serve')
    .description('serve the HTTP API over the data folder, until interrupted')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0: any that is free', port, defaultPort)
    .addHelpText('after', example)
    .action(({ host, port }: { host: string; port: number }) =>
      run('Starting the server', async (s) => {
        const served = await s.surroundings.serve({ folder: s.dataFolder, host, port });
        const { address, firstToken } = served;
        try {
          s.print({ address, ...(firstToken === undefined ? {} : { token: firstToken }) }, () => [
            `Serving ${address}; its operations: ${address}/openapi.json. Ctrl+C ends it.`,
            ...(firstToken === undefined
              ? []
              : ['', 'The first token, for the owner; it is not shown again:', `  ${firstToken}`]),
          ]);
          const failure = await Promise.race([served.failed, interrupted()]);
          if (failure !== undefined) throw failure;
        } finally {
          await served.close();
        }
        if (!s.json) note('Ended. Everything that was acknowledged is in the data folder.');
        return undefined;
      }),
    );
}

function interrupted(): Promise<undefined> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done(undefined));
  });
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= portMax) return number;
  throw new InvalidArgumentError(`expected a whole number from 0 to ${portMax}`);
}

const example = `
Example:
  headwater serve --port 8400
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8400/whoami

The first start prints a token for the owner. Further ones: headwater token create NAME.`;
