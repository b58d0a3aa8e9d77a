// The command line: options that every command has, and the frame in which a command runs. The commands themselves are
// in commands_*.ts, one file a group of nouns.

import { join, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import type { Json } from '../../base/json.ts';
import { Fault, type Refusal, RefusalError, type Result } from '../../base/result.ts';
import type { WorkspaceEvent } from '../../engine/event_shape.ts';
import { actionCommands } from './commands_action.ts';
import { approvalCommands } from './commands_approval.ts';
import { changeSetCommands } from './commands_change_set.ts';
import { cloudCommands } from './commands_cloud.ts';
import { completionCommands } from './commands_completion.ts';
import { componentCommands } from './commands_component.ts';
import { contextCommands, targetOf, tokenCommands } from './commands_context.ts';
import { demoCommands } from './commands_demo.ts';
import { driftCommands } from './commands_drift.ts';
import { editCommands } from './commands_edit.ts';
import { eventCommands } from './commands_event.ts';
import { functionCommands } from './commands_function.ts';
import { localCommands } from './commands_local.ts';
import { lookupCommands } from './commands_lookup.ts';
import { managementCommands } from './commands_management.ts';
import { mergeCommands } from './commands_merge.ts';
import { type MigrateChoice, type Migrated, migrateCommands } from './commands_migrate.ts';
import { planCommands } from './commands_plan.ts';
import { planPolicyCommands } from './commands_plan_policy.ts';
import { policyCommands } from './commands_policy.ts';
import { poolCommands } from './commands_pool.ts';
import { providerCommands } from './commands_provider.ts';
import { questionCommands } from './commands_question.ts';
import { reachCommands } from './commands_reach.ts';
import { resourceCommands } from './commands_resource.ts';
import { runCommands } from './commands_run.ts';
import { type NatsChoice, type RunnerChoice, runnerCommands } from './commands_runner.ts';
import { scheduleCommands } from './commands_schedule.ts';
import { secretCommands } from './commands_secret.ts';
import { secretSourceCommands } from './commands_secret_source.ts';
import { mcpCommands, serveCommands } from './commands_serve.ts';
import { storeCommands } from './commands_store.ts';
import { templateCommands } from './commands_template.ts';
import { webhookCommands } from './commands_webhook.ts';
import { templateRunCommands } from './commands_working_set.ts';
import type { Contexts, ServerTarget } from './contexts.ts';
import { exitCodeOf, exitCodes, faultJson, refusalJson, tellRefusal } from './exit.ts';
import { forTerminal, note, type Progress, printJson, startProgress } from './output.ts';

export type Params = { readonly [name: string]: Json | undefined };

/** Somebody to ask: an engine, or a server. */
interface Connection {
  call(operation: string, params: Params): Promise<Result<unknown>>;
  /** What happens, each thing once and in order, also through lost connections; absent: it can only be asked. */
  follow?(of: Following): AsyncIterable<WorkspaceEvent>;
  close(): Promise<void>;
}

/** What of the events is followed. */
export interface Following {
  readonly workspace?: string;
  readonly after: number;
  readonly changeSet?: string;
  /** With commas between. */
  readonly kinds?: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Hears that the stream is there, each time that it begins. */
  readonly opened?: () => void;
}

/** What the command line needs from where it runs. */
export interface Surroundings {
  /** An engine over a data folder. `actor`: who asks; undefined: the person at this machine. */
  connect(folder: string, progress: (line: string) => void, actor?: string): Promise<Connection>;
  /** Works with a server instead. */
  connectServer(target: ServerTarget, progress: (line: string) => void): Promise<Connection>;
  /** Whom a server takes the holder of a token for. Refusals are thrown. */
  whoami(target: ServerTarget): Promise<{ readonly userId: string; readonly workspaceId: string }>;
  /** The same by a browser: has somebody open an address, and waits for them to come back with a token. Refusals are thrown. */
  /** Ends the login whose token that is; where the provider has a place to end its own session, that. Throws refusals. */
  logOut(target: ServerTarget): Promise<{ readonly endSession: string | null; readonly problem?: string }>;
  browserLogin(options: {
    readonly server: string;
    readonly workspace: string | undefined;
    /** Hears the address. */
    readonly tell: (address: string) => void;
  }): Promise<{ readonly token: string; readonly userId: string; readonly workspaceId: string }>;
  /** Servers that this command line knows. */
  readonly contexts: Contexts;
  /** Makes the data folder `folder` from the backup `from`. */
  restore(from: string, folder: string): Promise<void>;
  /** Makes a store from another. */
  migrate(choice: MigrateChoice): Promise<Migrated>;
  /** Starts the local cloud. */
  cloud(options: CloudChoice): Promise<{
    readonly address: string;
    /** Comes when it can't go on. */
    readonly failed: Promise<Fault>;
    close(): Promise<void>;
  }>;
  /** Unix sockets that runs may reach, kept in the data folder; `allow` and `deny` answer whether they changed anything. */
  readonly reach: {
    list(folder: string): readonly string[];
    allow(folder: string, path: string): boolean;
    deny(folder: string, path: string): boolean;
    /** Private hosts that webhooks may be sent to. */
    hosts(folder: string): readonly string[];
    allowHost(folder: string, host: string, isAllowed: boolean): boolean;
  };
  /** What secrets may refer to, kept in the data folder; `allow` answers whether it changed anything. */
  readonly secretSources: {
    list(folder: string): readonly string[];
    allow(folder: string, source: string, isAllowed: boolean): boolean;
  };
  /** Pools of this machine's runners, kept in the data folder; `set` and `remove` answer whether they changed anything. */
  pools(): Promise<{
    list(folder: string): readonly PoolLine[];
    set(folder: string, name: string, capacity: PoolCapacity): boolean;
    remove(folder: string, name: string): boolean;
  }>;
  /** Starts the agent for this machine. */
  local(options: LocalChoice): Promise<{
    readonly endpoint: string;
    /** Holds endpoint and token. */
    readonly credentialFile: string;
    readonly root: string;
    /** Comes when it can't go on. */
    readonly failed: Promise<Fault>;
    close(): Promise<void>;
  }>;
  /** Serves the HTTP API over the data folder. */
  serve(options: ServeChoice): Promise<{
    readonly address: string;
    /** Made where there was none. */
    readonly firstToken: string | undefined;
    close(): Promise<void>;
  }>;
  /** Runs functions for engines at a NATS server. */
  runner(options: RunnerChoice): Promise<{
    /** Takes nothing more, ends what it has. */
    close(): Promise<void>;
  }>;
  /** Serves tools for an agent over standard input and output; resolves when it has gone. */
  mcp(options: {
    call(operation: string, params: Params): Promise<Result<unknown>>;
    readonly canWrite: boolean;
    readonly writesMax: number;
  }): Promise<void>;
  /** Shows what it does; answers the exit code. */
  demo(options: {
    readonly what: DemoKind;
    readonly json: boolean;
    /** URL of a PostgreSQL server; undefined: the surroundings say. */
    readonly postgres: string | undefined;
  }): Promise<number>;
  /** Of this program. */
  readonly version: string;
}

/** What runs under way in a pool may be counted for together. */
export interface PoolCapacity {
  readonly cpus: number;
  readonly memoryMiB: number;
}

export interface PoolLine extends PoolCapacity {
  readonly name: string;
  /** False: `default`, with what the others leave of the machine. */
  readonly isSet: boolean;
}

/** How the local cloud is to behave; times in milliseconds. */
export interface CloudChoice {
  readonly file: string;
  readonly host: string;
  readonly port: number;
  readonly latencyMs: { readonly CREATE: number; readonly UPDATE: number; readonly DELETE: number };
  readonly throttle?: { readonly perSecond: number; readonly burst: number };
}

/** Where to serve. */
export interface ServeChoice {
  readonly folder: string;
  /** Address of a database; absent: that of the environment, else the file of the folder. */
  readonly store?: string;
  /** Where other engines on the same database reach this one; absent: where it listens. */
  readonly advertised?: string;
  /** Absent: that of the environment, else functions run in this process. */
  readonly nats?: NatsChoice;
  readonly host: string;
  readonly port: number;
  readonly agentsMayWrite: boolean;
  /** Of one token, or of one address without one. */
  readonly requestsPerMinuteMax: number;
  /** Origins of pages that may ask, or `*`. */
  readonly allowOrigins: readonly string[];
  /** Of what is written to standard error. */
  readonly logLevel: 'silent' | 'error' | 'info';
  /** Where people prove who they are; absent: everybody shows a token. */
  readonly oidc?: OidcChoice;
}

/** An OpenID Connect provider. */
export interface OidcChoice {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecretFile?: string;
  /** Where people reach the server; absent: where it listens. */
  readonly publicUrl?: string;
}

/** On this machine, or on the model alone. */
export type DemoKind = 'application' | 'template';

/** How the local agent is to behave. */
export interface LocalChoice {
  readonly root: string;
  readonly state: string;
  /** A port, or the path of a unix socket; undefined: the one before, else any port that is free. */
  readonly listen: number | string | undefined;
  /** Names of programs, or `NAME=/path/of/program`. */
  readonly commands: readonly string[];
}

/** What a command gets. */
export interface Session {
  /** Carries out an operation; a refusal ends the command. */
  call<T>(operation: string, params?: Params): Promise<T>;
  /** The same, but the refusal is handed back. */
  attempt<T>(operation: string, params?: Params): Promise<Result<T>>;
  /** Whether `follow` gives a stream. */
  canFollow(): Promise<boolean>;
  /** Undefined: whoever is asked can only be asked again. The stream ends by an error when nothing more can be told. */
  follow(of: Following): Promise<AsyncIterable<WorkspaceEvent> | undefined>;
  /** The change set given, or a new one, which is named on standard error unless the command is refused. */
  changeSet(given: string | undefined, name: string): Promise<string>;
  /** Abandons the change set that was opened for this command, if one was; answers whether. */
  giveUp(): Promise<boolean>;
  readonly json: boolean;
  readonly dataFolder: string;
  /** Says what is being done, to people who have waited for a while. */
  readonly step: (line: string) => void;
  /** Prints `value` with --json, the lines otherwise. */
  print(value: unknown, lines: () => readonly string[]): void;
  /** Prints what comes bit by bit: with --json each of `values` as one line of JSON, the lines otherwise. */
  write(values: readonly unknown[], lines: () => readonly string[]): void;
  readonly surroundings: Surroundings;
}

export type Run = (label: string, body: (s: Session) => Promise<number | undefined>) => Promise<void>;

const defaultFolder = '.headwater';

/** Runs one command line and answers the exit code. */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  let code: number = exitCodes.ok;
  const run: Run = async (label, body) => {
    const options = program.opts<GlobalOptions>();
    code = await runCommand(label, body, {
      folder: resolve(options.data ?? process.env['HEADWATER_DATA'] ?? join(process.cwd(), defaultFolder)),
      workspace: options.workspace,
      actor: options.as ?? process.env['HEADWATER_ACTOR'],
      json: options.json === true,
      surroundings,
      options,
    });
  };
  const program = commandTree(run, surroundings.version);
  try {
    await program.parseAsync(argv as string[]);
  } catch (e) {
    // Commander has printed its own message; help and version are no failures.
    if (e instanceof CommanderError) return e.exitCode === 0 ? exitCodes.ok : exitCodes.error;
    throw e;
  }
  return code;
}

/** The program with its commands and their options; `run` carries one out. */
export function commandTree(run: Run, version: string): Command {
  const program = new Command('headwater')
    .description('Infrastructure as a live, versioned model: change sets, review, apply, audit.')
    .addOption(new Option('--data <folder>', `data folder (default: $HEADWATER_DATA or ./${defaultFolder})`))
    .option('--workspace <name>', 'workspace, by name or id (default: the one named default)')
    .option('--server <url>', 'work with this server instead (default: $HEADWATER_SERVER, or the current context)')
    .option('--context <name>', 'work with this context: headwater context list')
    .addOption(
      new Option('--as <id>', 'act as this member (default: $HEADWATER_ACTOR or your user name); a name, not a proof'),
    )
    .option('--json', 'print only JSON on standard output')
    .version(version, '-V, --version', 'print the version')
    .showHelpAfterError('(add --help for the commands and their options)')
    .exitOverride()
    .addHelpText('after', examples);
  for (const add of [
    changeSetCommands,
    planCommands,
    completionCommands,
    approvalCommands,
    policyCommands,
    componentCommands,
    functionCommands,
    managementCommands,
    lookupCommands,
    runCommands,
    actionCommands,
    driftCommands,
    questionCommands,
    eventCommands,
    providerCommands,
    secretCommands,
    secretSourceCommands,
    templateCommands,
    templateRunCommands,
    resourceCommands,
    serveCommands,
    mcpCommands,
    contextCommands,
    tokenCommands,
    storeCommands,
    migrateCommands,
    cloudCommands,
    reachCommands,
    poolCommands,
    runnerCommands,
    localCommands,
    demoCommands,
  ])
    add(program, run);
  mergeCommands(program.commands.find((c) => c.name() === 'change-set')!, run);
  editCommands(program, run);
  scheduleCommands(program, run);
  planPolicyCommands(program, run);
  webhookCommands(program, run);
  spreadJson(program);
  return program;
}

/** The options of every command are understood before and behind the command's name. */
function spreadJson(program: Command): void {
  const walk = (command: Command): void => {
    for (const sub of command.commands) {
      for (const option of program.options) if (!sub.options.some((o) => o.long === option.long)) sub.addOption(option);
      sub.hook('preAction', (_this, action) => {
        for (const [name, value] of Object.entries(action.opts())) {
          if (['json', 'data', 'workspace', 'server', 'context', 'as'].includes(name) && value !== undefined)
            program.setOptionValue(name, value);
        }
      });
      sub.exitOverride();
      walk(sub);
    }
  };
  walk(program);
}

interface GlobalOptions {
  readonly data?: string;
  readonly workspace?: string;
  readonly server?: string;
  readonly context?: string;
  readonly as?: string;
  readonly json?: boolean;
}

interface Frame {
  readonly options: GlobalOptions;
  readonly folder: string;
  readonly workspace: string | undefined;
  readonly actor: string | undefined;
  readonly json: boolean;
  readonly surroundings: Surroundings;
}

async function runCommand(label: string, body: (s: Session) => Promise<number | undefined>, f: Frame): Promise<number> {
  const progress = startProgress(label);
  let connection: Connection | undefined;
  // A command that works on files alone never opens the engine.
  const connected = async () => {
    connection ??= await connectionOf(f, progress);
    return connection;
  };
  const session = sessionOf(f, connected, progress);
  try {
    return (await body(session)) ?? exitCodes.ok;
  } catch (e) {
    progress.stop();
    if (e instanceof RefusalError) {
      await session.giveUp();
      return told(f, e.refusal);
    }
    if (e instanceof Fault) {
      if (f.json) printJson(faultJson(e));
      else note(e.message);
      return exitCodeOf(e.code);
    }
    throw e;
  } finally {
    progress.stop();
    await connection?.close();
  }
}

/** A server where one is named or current, else the data folder. A folder that is named goes before a current context. */
async function connectionOf(f: Frame, progress: Progress): Promise<Connection> {
  const { server, context, data } = f.options;
  const isLocal = data !== undefined && server === undefined && context === undefined;
  const target = targetOf(f.surroundings, { server, context, isLocal });
  if (target === undefined) return f.surroundings.connect(f.folder, progress.step, f.actor);
  if (f.options.as !== undefined)
    throw new Fault('server_failed', '--as is for data folders: who asks a server is told by the token');
  return f.surroundings.connectServer(target, progress.step);
}

function told(f: Frame, refusal: Refusal): number {
  if (f.json) printJson(refusalJson(refusal));
  else note(tellRefusal(refusal));
  return exitCodeOf(refusal.code);
}

function sessionOf(f: Frame, connected: () => Promise<Connection>, progress: Progress): Session {
  let opened: { readonly id: string; readonly name: string } | undefined;
  const workspace = f.workspace === undefined ? {} : { workspace: f.workspace };
  const attempt = async <T>(operation: string, params: Params = {}): Promise<Result<T>> => {
    return (await (await connected()).call(operation, { ...workspace, ...params })) as Result<T>;
  };
  const call = async <T>(operation: string, params: Params = {}): Promise<T> => {
    const result = await attempt<T>(operation, params);
    if (result.ok) return result.value;
    throw new RefusalError(result.refusal);
  };
  return {
    call,
    attempt,
    canFollow: async () => (await connected()).follow !== undefined,
    follow: async (of) => (await connected()).follow?.({ ...workspace, ...of }),
    json: f.json,
    dataFolder: f.folder,
    step: progress.step,
    surroundings: f.surroundings,
    changeSet: async (given, name) => {
      if (given !== undefined) return given;
      opened = await call<{ id: string; name: string }>('change_set.create', { name: name.slice(0, nameCharsMax) });
      return opened.id;
    },
    giveUp: async () => {
      if (opened === undefined) return false;
      const { id } = opened;
      opened = undefined;
      return (await attempt('change_set.abandon', { changeSet: id })).ok;
    },
    write: (values, lines) => {
      progress.stop();
      const texts = f.json ? values.map((value) => JSON.stringify(value)) : lines();
      for (const text of texts) process.stdout.write(`${forTerminal(text)}\n`);
    },
    print: (value, lines) => {
      progress.stop();
      if (f.json) printJson(value);
      else {
        if (opened !== undefined) note(`Opened change set ${JSON.stringify(opened.name)} (${opened.id}).`);
        for (const line of lines()) process.stdout.write(`${forTerminal(line)}\n`);
      }
    },
  };
}

/** Of a change set named after what it was opened for. */
const nameCharsMax = 120;

const examples = `
Examples:
  headwater import cloudformation template.yaml     a template becomes components in a new change set
  headwater resource import AWS::EC2::VPC --all     what is there becomes components, and nothing is done to it
  headwater change-set review CHANGE_SET            what it would change, value by value
  headwater change-set apply CHANGE_SET             make it part of Head
  headwater plan CHANGE_SET -o plan.json            the same as a file; headwater apply plan.json does exactly that
  headwater component apply -f network.yaml         components as a file declares them
  headwater component set web /domain/Port 8080     edit one value, in a new change set
  headwater component search 'schema:AWS::EC2::* & CidrBlock:10.*'
  headwater explain web /domain/Url                 where a value comes from
  headwater function test url --component web       run a function without changing anything
  headwater audit verify                            check the whole trail
  headwater member set bob approver                 from now on views, schemas and functions may ask for approval
  headwater --as bob change-set approve CHANGE_SET  approve as somebody else

On one machine --as and HEADWATER_ACTOR are a name and no proof of identity: whoever may read the data folder may be
anybody in it.

Exit codes: 0 ok, 1 error, 2 changes present (with --detailed-exitcode), 3 refused by role, approval or budget,
4 stale (read again), 75 busy (retry).`;
