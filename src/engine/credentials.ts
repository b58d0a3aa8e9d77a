// The credentials of a run: for each secret that its component uses, in order, the authentication functions of the secret's
// definition, compiled, with the content opened for this run alone. A run that cannot have all of them does not start: it would
// do something else than what it was written for.

import type { ChangeSetId, ComponentId, SecretId } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import { Fault, type Result, refusalText, refuse } from '../base/result.ts';
import type { OpenedSecret } from '../dispatch/network_reach.ts';
import { parseSecretUse, type SecretUse, secretsInUse } from '../graph/secret_use.ts';
import { findRecord } from '../model/lookup.ts';
import type { RunRecord } from '../model/run.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { CompiledFunction, Compiler } from '../ports/compiler.ts';
import type { Allowances, Authentication } from '../ports/runner.ts';
import { contentFrom, referencesIn } from './secret_references.ts';
import type { Workspace } from './workspace.ts';

export interface Credentials {
  /** To run first, in order; none: the run takes no secret. */
  readonly authentication: readonly Authentication[];
  /** The same for the record of the run. */
  readonly given: RunRecord['credentials'];
  /** Every secret that was opened. `hidden`: what of it must not come out of the run. */
  readonly opened: readonly (OpenedSecret & { readonly hidden: Json })[];
  /** What the authentication functions reach themselves, as they say it. */
  readonly allow: Allowances;
}

export const noCredentials: Credentials = {
  authentication: [],
  given: [],
  opened: [],
  allow: { network: [], commands: [] },
};

/** The credentials, or in words why there are none to be had. */
export type CredentialsOutcome =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly message: string };

/** For which run. `secrets`: those that it is made with; absent: those of the component in the change set as it is now. */
export interface AskedCredentials {
  readonly changeSet: ChangeSetId;
  readonly component: ComponentId;
  readonly secrets: string | undefined;
}

export async function credentialsOf(
  w: Workspace,
  compiler: Compiler,
  asked: AskedCredentials,
): Promise<CredentialsOutcome> {
  if (asked.secrets === '') return { ok: true, credentials: noCredentials };
  try {
    const found = await w.branch(asked.changeSet);
    if (!found.ok) return { ok: false, message: refusalText(found.refusal) };
    const { snapshot } = found.value.branch;
    const uses =
      asked.secrets === undefined
        ? await w.read(() => secretsInUse(snapshot, asked.component))
        : parseSecretUse(asked.secrets);
    const given: Given[] = [];
    for (const use of uses) {
      const record = await w.read(() => findRecord<SecretRecord>(snapshot, 'secrets', use.secret));
      const name = record?.name ?? use.secret;
      const one = await givenBy(w, compiler, use);
      if (typeof one === 'string') return { ok: false, message: `the secret ${JSON.stringify(name)}: ${one}` };
      given.push({ ...one, name });
    }
    return { ok: true, credentials: united(given) };
  } catch (e) {
    if (e instanceof Fault) return { ok: false, message: e.message };
    throw e;
  }
}

/** What one secret gives to a run. */
interface Given extends OpenedSecret {
  readonly secret: SecretId;
  readonly functions: readonly { readonly name: string; readonly compiled: CompiledFunction }[];
}

/** In words, why it gives nothing. */
async function givenBy(w: Workspace, compiler: Compiler, use: SecretUse): Promise<Omit<Given, 'name'> | string> {
  const { definition } = use;
  if (use.functions.length === 0)
    return `its definition ${JSON.stringify(definition)} has no authentication function: bind one to the schema of that name`;
  const functions: Given['functions'][number][] = [];
  for (const { name, text } of use.functions) {
    const compiled = compiler.compile(await w.read(() => w.space.blob(text)), 'authentication');
    if (!compiled.ok) return `${name} does not compile: ${refusalText(compiled.refusal)}`;
    functions.push({ name, compiled: compiled.value });
  }
  const content = await contentOf(w, use.key).catch((e: unknown) => {
    // With the name of the secret, as a refusal is told.
    if (e instanceof Fault && e.code === 'secret_source_unavailable') return e;
    throw e;
  });
  if (content instanceof Fault) return content.message;
  if (content.ok) return { secret: use.secret, content: content.value, functions };
  const { refusal } = content;
  return refusal.code === 'secret_unreadable' ? `${refusal.got}; ${refusal.hint}` : refusalText(refusal);
}

function united(given: readonly Given[]): Credentials {
  const each = given.flatMap(({ content, functions }) => functions.map((f) => ({ ...f, content })));
  const reach = (what: keyof Allowances) => [...new Set(each.flatMap((f) => f.compiled.allow?.[what] ?? []))];
  return {
    authentication: each.map(({ name, compiled: { hash, script, plain = [] }, content }) => ({
      name,
      code: { hash, script },
      secret: content,
      plain,
    })),
    given: given.map(({ secret, functions }) => ({ secret, functions: functions.map((f) => f.name) })),
    opened: given.map(({ name, content, functions }) => {
      const plain = functions.flatMap((f) => f.compiled.plain ?? []);
      return { name, content, hidden: withoutPlain(content, plain) };
    }),
    allow: { network: reach('network'), commands: reach('commands') },
  };
}

/** A content without the members that its authentication functions say are no secrets: a region, a port, a name. */
function withoutPlain(content: Json, plain: readonly string[]): Json {
  if (!isObject(content) || plain.length === 0) return content;
  return Object.fromEntries(Object.entries(content).filter(([name]) => !plain.includes(name)));
}

/**
 * The content under a key, opened, or read where it refers to. Refuses `secret_unreadable`, `secret_source_denied`,
 * `limit_exceeded`; faults `vault_locked`, `secret_source_unavailable`, `secret_sources_unreadable`.
 */
async function contentOf(w: Workspace, key: string): Promise<Result<Json>> {
  const sealed = await w.store.runs.readSealed(w.id, key);
  if (sealed === undefined) {
    return refuse('secret_unreadable', {
      path: 'key',
      expected: 'a content that is kept here',
      got: 'its content is not kept here',
      hint: 'set the secret again',
    });
  }
  const from = referencesIn(sealed);
  if (from !== undefined) return contentFrom(w, from);
  if (w.vault === undefined) throw new Fault('vault_locked', 'secrets cannot be opened here: no vault is configured');
  return w.vault.open(w.id, sealed);
}
