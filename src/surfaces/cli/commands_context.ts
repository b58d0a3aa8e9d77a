// Commands on servers: log in to one, choose between them and the data folders of this machine, and the tokens by which
// programs and people are let in.

import type { Command } from 'commander';
import { limits } from '../../base/limits.ts';
import { Fault, RefusalError } from '../../base/result.ts';
import type { IssuedToken } from '../../engine/tokens.ts';
import type { ContextLine } from './contexts.ts';
import { readText } from './files.ts';
import { amount } from './numbers.ts';
import { note, table } from './output.ts';
import type { Run, Session } from './program.ts';

export function contextCommands(program: Command, run: Run): void {
  program
    .command('login [server]')
    .description('remember a server with a token, and work with it from now on')
    .option('--name <name>', 'what to call it (default: its host)')
    .option('--token-file <file>', 'read the token from a file; - for standard input (default: $HEADWATER_TOKEN)')
    .option('--oidc [server]', 'log in with a browser, where the server lets people do so; for 12 hours')
    .addHelpText('after', loginExample)
    .action((server: string | undefined, options: LoginFlags) =>
      run('Logging in', async (s) => {
        const url = addressOf(serverOf(s, server, options.oidc));
        // The option is the program's own.
        const { workspace } = program.opts<{ workspace?: string }>();
        const token = options.oidc === undefined ? tokenFrom(options.tokenFile) : await byBrowser(s, url, workspace);
        const name = options.name ?? new URL(url).host;
        const who = await s.surroundings.whoami({ server: url, token });
        const isLogin = options.oidc === undefined ? {} : { isLogin: true as const };
        s.surroundings.contexts.put({ name, server: url, token, workspace: workspace ?? who.workspaceId, ...isLogin });
        s.print({ name, server: url, user: who.userId }, () => [
          `Logged in to ${url} as ${who.userId}. Commands work with it from now on; back to data folders: headwater context use --local`,
        ]);
        return undefined;
      }),
    );
  program
    .command('logout [name]')
    .description('forget a server (default: the one worked with), and end the login with a browser')
    .addHelpText('after', logoutExample)
    .action((name: string | undefined) => run('Logging out', (s) => loggedOut(s, name)));
  const context = program.command('context').description('servers that this command line knows');
  context
    .command('list')
    .description('all of them; * is the current one')
    .addHelpText('after', '\nExample:\n  headwater context list')
    .action(() =>
      run('Reading', async (s) => {
        const { current, contexts } = s.surroundings.contexts.list();
        const told = contexts.map(({ token: _, ...line }) => ({ ...line, isCurrent: line.name === current }));
        s.print({ contexts: told }, () =>
          told.length === 0
            ? ['None; commands work with data folders. Add one with: headwater login URL']
            : table(told.map((c) => [c.isCurrent ? '*' : ' ', c.name, c.server, c.workspace ?? ''])),
        );
        return undefined;
      }),
    );
  context
    .command('use [name]')
    .description('work with this one from now on')
    .option('--local', 'work with data folders again')
    .addHelpText(
      'after',
      `\nExamples:
  headwater context use prod.example.org
  headwater context use --local`,
    )
    .action((name: string | undefined, options: { local?: boolean }) =>
      run('Choosing', async (s) => {
        if ((name === undefined) !== (options.local === true))
          throw wrong('name', 'a name, or --local', name === undefined ? 'neither' : 'both');
        if (name !== undefined) mustKnow(s, name);
        s.surroundings.contexts.use(name ?? null);
        s.print({ current: name ?? null }, () => [
          name === undefined ? 'Working with data folders.' : `Working with ${name}.`,
        ]);
        return undefined;
      }),
    );
  context
    .command('remove <name>')
    .description('forget a server and its token')
    .addHelpText('after', '\nExample:\n  headwater context remove prod.example.org')
    .action((name: string) =>
      run('Forgetting', async (s) => {
        const removed = s.surroundings.contexts.remove(name);
        s.print({ removed }, () => [
          removed ? `Forgot ${name}; its token stays valid until it is revoked.` : `There is no ${name}.`,
        ]);
        return removed ? undefined : 1;
      }),
    );
}

async function loggedOut(s: Session, given: string | undefined): Promise<undefined> {
  const { current } = s.surroundings.contexts.list();
  const name = given ?? current;
  if (name === null) throw wrong('name', 'a server to log out of', 'none, and commands work with data folders');
  const known = mustKnow(s, name);
  const ended = known.isLogin === true ? await endedLogin(s, known) : undefined;
  s.surroundings.contexts.remove(name);
  const told = { name, server: known.server, isRevoked: ended !== undefined, endSession: ended?.endSession ?? null };
  s.print({ ...told, ...(ended?.problem === undefined ? {} : { problem: ended.problem }) }, () => [
    ended === undefined
      ? `Forgot ${name}. Its token was not made by a login, and stays valid until it is revoked: headwater token revoke ID`
      : `Logged out of ${known.server}; the token lets nobody in any more.`,
    ...(typeof ended?.endSession === 'string'
      ? [`To end the session at the identity provider, too, open:`, `  ${ended.endSession}`]
      : []),
    ...(ended?.problem === undefined
      ? []
      : [`Where a session at the identity provider ends was not told: ${ended.problem}`]),
  ]);
  return undefined;
}

/** A login that has ended by itself is one less to end. */
async function endedLogin(s: Session, known: ContextLine): Promise<{ endSession: string | null; problem?: string }> {
  try {
    return await s.surroundings.logOut(known);
  } catch (e) {
    if (!(e instanceof RefusalError && e.refusal.code === 'token_invalid')) throw e;
    return { endSession: null };
  }
}

interface LoginFlags {
  readonly name?: string;
  readonly tokenFile?: string;
  readonly oidc?: string | true;
}

/** The one that is named, else, of a browser login, the one that is worked with. */
function serverOf(s: Session, server: string | undefined, oidc: string | true | undefined): string {
  const { current, contexts } = s.surroundings.contexts.list();
  const known = oidc === undefined ? undefined : contexts.find((c) => c.name === current)?.server;
  const named = server ?? (oidc === true ? undefined : oidc) ?? known;
  if (named !== undefined) return named;
  throw wrong('server', 'an address such as http://127.0.0.1:8400', 'none');
}

async function byBrowser(s: Session, server: string, workspace: string | undefined): Promise<string> {
  const tell = (address: string) => note(`Open this address in a browser on this machine, and log in:\n  ${address}`);
  return (await s.surroundings.browserLogin({ server, workspace, tell })).token;
}

function mustKnow(s: Session, name: string): ContextLine {
  const { contexts } = s.surroundings.contexts.list();
  const found = contexts.find((c) => c.name === name);
  if (found !== undefined) return found;
  throw wrong('name', `one of ${contexts.map((c) => c.name).join(', ') || 'none that there are'}`, name);
}

/** Scheme, host and port of a server. */
function addressOf(text: string): string {
  try {
    const url = new URL(text.includes('://') ? text : `http://${text}`);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url.origin;
  } catch (e) {
    if (!(e instanceof TypeError)) throw e;
  }
  throw wrong('server', 'an address such as http://127.0.0.1:8400', text);
}

function tokenFrom(file: string | undefined): string {
  const text = file === undefined ? process.env['HEADWATER_TOKEN'] : readText(file);
  const token = text?.trim() ?? '';
  if (token !== '') return token;
  throw wrong('token', 'a token in HEADWATER_TOKEN, or in the file of --token-file', 'none');
}

function wrong(path: string, expected: string, got: string): RefusalError {
  return new RefusalError({ code: 'request_malformed', path, expected, got, hint: 'see the help of the command' });
}

export function tokenCommands(program: Command, run: Run): void {
  const token = program.command('token').description('tokens that let programs and people in over HTTP');
  token
    .command('create <name>')
    .description('make one; it is shown once')
    .option('--scopes <list>', 'what it may do, with commas between (default: all that you may)')
    .option(
      '--days <number>',
      'days until it expires (default: never)',
      amount({ min: limits.tokenDaysMin, max: limits.tokenDaysMax }),
    )
    .option('--agent <id>', 'for an agent, which is a member of this id')
    .option('--reach <reach>', 'workspace, memberships or installation', 'workspace')
    .addHelpText('after', tokenExample)
    .action((name: string, o: { scopes?: string; days?: number; agent?: string; reach: string }) =>
      run('Making a token', async (s) => {
        const made = await s.call<IssuedToken>('token.create', {
          name,
          reach: o.reach,
          ...(o.scopes === undefined ? {} : { scopes: o.scopes.split(',').map((t) => t.trim()) }),
          ...(o.days === undefined ? {} : { expiresAtMs: Math.round(Date.now() + o.days * 24 * 3_600_000) }),
          ...(o.agent === undefined ? {} : { agent: true, user: o.agent }),
        });
        s.print(made, () => [made.token]);
        if (!s.json) note('It is not shown again.');
        return undefined;
      }),
    );
  token
    .command('list')
    .description('those that you may see, newest first')
    .addHelpText('after', '\nExample:\n  headwater token list')
    .action(() =>
      run('Reading', async (s) => {
        const lines = await s.call<IssuedToken['line'][]>('token.list');
        s.print(lines, () =>
          table(lines.map((t) => [t.id, t.name, t.user, t.scopes?.join(',') ?? 'all', stateOf(t), usedOf(t)])),
        );
        return undefined;
      }),
    );
  token
    .command('revoke <id>')
    .description('from now on it lets nobody in')
    .addHelpText('after', '\nExample:\n  headwater token revoke TOKEN_ID')
    .action((id: string) =>
      run('Revoking', async (s) => {
        const line = await s.call<IssuedToken['line']>('token.revoke', { token: id });
        s.print(line, () => [`Revoked ${line.name} of ${line.user}.`]);
        return undefined;
      }),
    );
}

function stateOf({ revokedAtMs, expiresAtMs }: IssuedToken['line']): string {
  if (revokedAtMs !== null) return 'revoked';
  if (expiresAtMs === null) return 'does not expire';
  return `${expiresAtMs <= Date.now() ? 'expired' : 'expires'} ${new Date(expiresAtMs).toISOString().slice(0, 10)}`;
}

function usedOf({ lastUsedAtMs }: IssuedToken['line']): string {
  return lastUsedAtMs === null ? 'never used' : `used ${new Date(lastUsedAtMs).toISOString().slice(0, 16)}`;
}

/** The server to work with; undefined: a data folder. */
export function targetOf(
  s: { readonly contexts: { list(): { readonly current: string | null; readonly contexts: readonly ContextLine[] } } },
  o: { readonly server: string | undefined; readonly context: string | undefined; readonly isLocal: boolean },
): Omit<ContextLine, 'name'> | undefined {
  const { HEADWATER_TOKEN: token, HEADWATER_SERVER: server, HEADWATER_CONTEXT: context } = process.env;
  const given = o.server ?? (o.context === undefined && !o.isLocal ? server : undefined);
  const name = o.context ?? (o.isLocal ? undefined : context);
  if (given !== undefined) {
    const address = addressOf(given);
    const known = s.contexts.list().contexts.find((c) => c.server === address);
    if (token !== undefined) return { server: address, token };
    if (known !== undefined) return known;
    throw new Fault('server_failed', `there is no token for ${address}: log in, or set HEADWATER_TOKEN`);
  }
  if (o.isLocal) return undefined;
  const { current, contexts } = s.contexts.list();
  const wanted = name ?? current;
  if (wanted === null || wanted === undefined) return undefined;
  const found = contexts.find((c) => c.name === wanted);
  if (found !== undefined) return found;
  throw new Fault('server_failed', `there is no context ${wanted}; headwater context list tells those there are`);
}

const loginExample = `
Example:
  headwater login http://127.0.0.1:8400 --token-file token.txt
  headwater login --oidc https://headwater.example.com
  headwater change-set list

The token is kept in a file of your own (contexts.json in ~/.config/headwater), readable by you alone.`;

const logoutExample = `
Example:
  headwater logout
  headwater logout headwater.example.com

A token that came from a login with a browser is revoked. Another one may be in use elsewhere and stays valid.`;

const tokenExample = `
Example:
  headwater token create ci --scopes read,edit --days 90
  headwater member set robot collaborator
  headwater token create planner --agent robot --scopes read,edit`;
