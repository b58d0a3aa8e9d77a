// The command that serves the HTTP API over a data folder, in the foreground until it is interrupted. What was begun then is
// ended, and what waits is the next owner’s.

import { type Command, Option } from 'commander';
import { limits } from '../../base/limits.ts';
import { RefusalError } from '../../base/result.ts';
import { natsOf } from './commands_runner.ts';
import { untilInterrupted } from './foreground.ts';
import { collect } from './function_options.ts';
import { portMax, whole } from './numbers.ts';
import { note } from './output.ts';
import type { OidcChoice, Run, ServeChoice } from './program.ts';

const defaultPort = 8400;
const requestsMax = 1_000_000_000;

export function serveCommands(program: Command, run: Run): void {
  program
    .command('serve')
    .description('serve the HTTP API over the data folder, until interrupted')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0: any that is free', whole({ max: portMax }), defaultPort)
    .option('--store <address>', 'keep everything in this PostgreSQL database (default: HEADWATER_STORE, else a file)')
    .option('--advertise <url>', 'where other engines on the same database reach this one (default: where it listens)')
    .option(
      '--nats <address>',
      'let runners at this NATS run the functions (default: HEADWATER_NATS, else this process)',
    )
    .option('--nats-creds <file>', 'credentials for NATS, as nsc writes them')
    .option('--allow-agent-writes', 'let agents at /mcp change what their tokens let them', false)
    .option(
      '--requests-per-minute <number>',
      'of one token, or of one address without one, at most',
      whole({ max: requestsMax }),
      limits.httpRequestsPerMinuteMax,
    )
    .option(
      '--allow-origin <origin>',
      'let pages of this origin ask, such as https://app.example.com; may be given again; *: any, where nobody logs in',
      collect,
      [],
    )
    .addOption(
      new Option('--log-level <level>', 'requests as lines of JSON on standard error')
        .choices(['silent', 'error', 'info'])
        .default('silent'),
    )
    .option('--oidc-issuer <url>', 'let people log in with this OpenID Connect provider')
    .option('--oidc-client-id <id>', 'what the provider knows this server by')
    .option('--oidc-client-secret-file <file>', 'read its secret from a file (default: none, a public client)')
    .option('--public-url <url>', 'where people reach the server (default: where it listens)')
    .addHelpText('after', example)
    .action(
      ({
        host,
        port,
        store,
        advertise,
        nats,
        natsCreds,
        allowAgentWrites,
        requestsPerMinute,
        allowOrigin,
        logLevel,
        ...o
      }: ServeFlags) =>
        run('Starting the server', async (s) => {
          const limited = {
            agentsMayWrite: allowAgentWrites,
            requestsPerMinuteMax: requestsPerMinute,
            allowOrigins: allowOrigin,
          };
          const oidc = oidcOf(o);
          const choice = {
            folder: s.dataFolder,
            host,
            port,
            logLevel,
            ...limited,
            ...(store && { store }),
            ...(advertise && { advertised: addressOf(advertise) }),
            ...((nats ?? natsCreds) && { nats: natsOf({ nats, natsCreds }) }),
            ...(oidc && { oidc }),
          };
          const served = await s.surroundings.serve(choice);
          const { address, firstToken } = served;
          try {
            s.print({ address, ...(firstToken === undefined ? {} : { token: firstToken }) }, () => [
              `Serving ${address}; its operations: ${address}/openapi.json. Ctrl+C ends it.`,
              ...(firstToken === undefined
                ? []
                : ['', 'The first token, for the owner; it is not shown again:', `  ${firstToken}`]),
            ]);
            await untilInterrupted();
          } finally {
            await served.close();
          }
          if (!s.json) note('Ended. Everything that was acknowledged is stored.');
          return undefined;
        }),
    );
}

interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly store?: string;
  readonly advertise?: string;
  readonly nats?: string;
  readonly natsCreds?: string;
  readonly allowAgentWrites: boolean;
  readonly requestsPerMinute: number;
  readonly allowOrigin: readonly string[];
  readonly logLevel: ServeChoice['logLevel'];
  readonly oidcIssuer?: string;
  readonly oidcClientId?: string;
  readonly oidcClientSecretFile?: string;
  readonly publicUrl?: string;
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' && url.pathname === '/') return url.origin;
  throw new RefusalError({
    code: 'request_malformed',
    path: 'advertise',
    expected: 'an address such as http://10.0.0.5:8400',
    got: JSON.stringify(text),
    hint: 'see docs/cluster.md',
  });
}

function oidcOf(o: Partial<ServeFlags>): OidcChoice | undefined {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecretFile: file, publicUrl } = o;
  if (issuer !== undefined && clientId !== undefined)
    return { issuer, clientId, ...(file && { clientSecretFile: file }), ...(publicUrl && { publicUrl }) };
  if ([issuer, clientId, file, publicUrl].every((x) => x === undefined)) return undefined;
  throw new RefusalError({
    code: 'request_malformed',
    path: 'oidcIssuer',
    expected: '--oidc-issuer together with --oidc-client-id',
    got: issuer === undefined ? 'no issuer' : 'no client id',
    hint: 'see docs/server.md, People who log in',
  });
}

export function mcpCommands(program: Command, run: Run): void {
  program
    .command('mcp')
    .description('serve tools for an agent (Model Context Protocol) over standard input and output')
    .option('--allow-writes', 'offer tools that change something, too', false)
    .option('--writes-max <number>', 'writes of this session at most', whole({ max: 1_000_000 }), 1_000)
    .addHelpText('after', mcpExample)
    .action(({ allowWrites, writesMax }: { allowWrites: boolean; writesMax: number }) =>
      run('Serving tools', async (s) => {
        s.write([], () => []);
        await s.surroundings.mcp({ call: (o, p) => s.attempt(o, p), canWrite: allowWrites, writesMax });
        return undefined;
      }),
    );
}

const mcpExample = `
Example, in the configuration of an agent:
  {"mcpServers": {"headwater": {"command": "headwater", "args": ["mcp", "--data", "/srv/headwater", "--allow-writes"]}}}

Without --allow-writes it offers what only looks. Approvals and budgets hold as they do for people; no tool takes the content
of a secret. A server offers the same at /mcp: headwater serve.`;

const example = `
Example:
  headwater serve --port 8400
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8400/whoami

  headwater serve --oidc-issuer https://id.example.com --oidc-client-id headwater --public-url https://headwater.example.com

The first start prints a token for the owner. Further ones: headwater token create NAME.`;
