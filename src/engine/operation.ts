// What every operation has in common: who calls, how parameters are read, which workspace and state they name. The
// operations themselves are in operations.ts, and by subject beside it.

import { authorise, type Permission, type Principal } from '../access/role.ts';
import type { ChangeSetId } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import { must, type Result, refuse } from '../base/result.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import { presentOf } from './catch_up.ts';
import { resolveChangeSet } from './change_set.ts';
import type { Engine } from './engine.ts';
import type { Progress } from './maintain.ts';
import { permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

export const defaultWorkspace = 'default';

export interface Call {
  readonly engine: Engine;
  readonly principal: Principal;
  readonly progress: Progress;
}

export type Params = { readonly [name: string]: Json | undefined };
export type Handler = (c: Call, p: Params) => Promise<Result<unknown>>;

export interface State {
  readonly w: Workspace;
  readonly branch: Branch;
  readonly row: ChangeSetRow;
  readonly version: number;
  readonly snapshot: Snapshot;
}

/** The workspace named, or the default one, which is created when there is none at all. */
export async function inWorkspace(
  c: Call,
  p: Params,
  permission: Permission | ((w: Workspace) => Promise<Result<unknown>>),
  body?: (w: Workspace) => Promise<Result<unknown>>,
): Promise<Result<unknown>> {
  const run = typeof permission === 'string' ? body! : permission;
  const name = text(p, 'workspace', defaultWorkspace);
  if (p['workspace'] === undefined && (await c.engine.listWorkspaces()).length === 0) {
    must(authorise(c.principal, 'edit'));
    const created = await c.engine.createWorkspace(c.principal, defaultWorkspace);
    // Somebody else's first command may have come before.
    if (!created.ok && created.refusal.code !== 'name_taken') return created;
  }
  const found = await c.engine.workspace(name);
  if (!found.ok) return found;
  const { workspace } = found.value;
  const needs = typeof permission === 'string' ? permission : 'read';
  const may = await permit(workspace, c.principal, needs, { operation: needs, subject: workspace.id });
  return may.ok ? run(workspace) : may;
}

/** The state named by `changeSet` (default: Head) and `version` (default: the present one), once it is durable. */
export function inState(c: Call, p: Params, body: (s: State) => Promise<Result<unknown>>): Promise<Result<unknown>> {
  return inWorkspace(c, p, async (w) =>
    body(
      await stateOf(w, text(p, 'changeSet', 'HEAD'), p['version'] === undefined ? undefined : integer(p, 'version')),
    ),
  );
}

export async function stateOf(w: Workspace, name: string, version: number | undefined): Promise<State> {
  const id = must(await resolveChangeSet(w, name));
  const { branch, row, snapshot } = must(await presentOf(w, id));
  if (version === undefined || version === row.version) return { w, branch, row, version: row.version, snapshot };
  return { w, branch, row, version, snapshot: must(await w.stateAt(row, version)) };
}

export async function changeSetOf(w: Workspace, p: Params): Promise<ChangeSetId> {
  return must(await resolveChangeSet(w, text(p, 'changeSet')));
}

export function text(p: Params, name: string, otherwise?: string): string {
  const value = p[name] ?? otherwise;
  return typeof value === 'string' ? value : wrong(name, 'text', value ?? null);
}

/** Those of the parameters that are there, each text. */
export function texts<K extends string>(p: Params, names: readonly K[]): { [name in K]?: string } {
  const out: { [name in K]?: string } = {};
  for (const name of names) if (p[name] !== undefined) out[name] = text(p, name);
  return out;
}

/** Zero or more. */
export function integer(p: Params, name: string, otherwise?: number): number {
  const value = p[name] ?? otherwise;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : wrong(name, 'a whole number, 0 or more', value ?? null);
}

/** One or several of `known`, with commas between; absent: undefined. */
export function listed<T extends string>(p: Params, name: string, known: readonly T[]): readonly T[] | undefined {
  if (p[name] === undefined) return undefined;
  const given = text(p, name)
    .split(',')
    .map((s) => s.trim());
  const unknown = given.find((s) => !(known as readonly string[]).includes(s));
  if (unknown === undefined) return given as T[];
  return must<never>(
    refuse('request_malformed', {
      path: name,
      expected: known.join(', '),
      got: JSON.stringify(unknown),
      hint: 'name one or several of them, with commas between',
    }),
  );
}

/** A list of texts. Refuses `request_malformed`. */
export function textList(p: Params, name: string): readonly string[] {
  const value = p[name];
  if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value as string[];
  return wrong(name, 'a list of texts', value ?? null);
}

/** Texts by name; absent: none. Refuses `request_malformed`. */
export function textsOf(p: Params, name: string): Record<string, string> {
  const given = p[name] ?? {};
  if (isObject(given) && Object.values(given).every((t) => typeof t === 'string'))
    return given as Record<string, string>;
  return wrong(name, 'texts by name', given);
}

export function wrong(path: string, expected: string, got: Json): never {
  return must<never>(
    refuse('request_malformed', { path, expected, got: JSON.stringify(got), hint: 'see the help of the command' }),
  );
}
