// The credentials of a run: for each secret that its component uses, in order, the authentication functions of the secret's
// definition, compiled, with the content opened for this run alone. A run that cannot have all of them does not start: it would
// do something else than what it was written for.

import type { ChangeSetId, ComponentId, Hash } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { Fault, ok, type Result, refusalText, refuse } from '../base/result.ts';
import { type AuthenticationFunction, authenticationOf, type SecretUse, secretsInUse } from '../graph/secret_use.ts';
import type { Compiler } from '../ports/compiler.ts';
import type { Allowances, Authentication } from '../ports/runner.ts';
import type { Workspace } from './workspace.ts';

export interface Credentials {
  /** To run first, in order; none: the run takes no secret. */
  readonly authentication: readonly Authentication[];
  /** Every content that was opened. */
  readonly contents: readonly Json[];
  /** What the authentication functions reach themselves. */
  readonly allow: Allowances;
}

export const noCredentials: Credentials = {
  authentication: [],
  contents: [],
  allow: { network: [], commands: [] },
};

/** The credentials, or in words why there are none to be had. */
export type CredentialsOutcome =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly message: string };

/** For a run of a component in a change set, by the secrets as they are now, whatever has been computed with older ones. */
export async function credentialsOf(
  w: Workspace,
  compiler: Compiler,
  at: { readonly changeSet: ChangeSetId; readonly component: ComponentId },
): Promise<CredentialsOutcome> {
  try {
    const found = await w.branch(at.changeSet);
    if (!found.ok) return { ok: false, message: refusalText(found.refusal) };
    const { snapshot } = found.value.branch;
    const uses = await w.read(() =>
      secretsInUse(snapshot, at.component).map((use) => ({
        use,
        functions: authenticationOf(snapshot, use.record.definition),
      })),
    );
    if (uses.length === 0) return { ok: true, credentials: noCredentials };
    const authentication: Authentication[] = [];
    const contents: Json[] = [];
    const allow = { network: new Set<string>(), commands: new Set<string>() };
    for (const { use, functions } of uses) {
      if (functions.length === 0) return { ok: false, message: withoutFunction(use) };
      const secret = await contentOf(w, use);
      if (!secret.ok) return { ok: false, message: `${labelOf(use)}: ${secret.refusal.got}; ${secret.refusal.hint}` };
      contents.push(secret.value);
      for (const fn of functions) {
        const text = await w.read(() => snapshot.blob(fn.text));
        const compiled = compiler.compile(text, 'authentication');
        if (!compiled.ok) return { ok: false, message: `${fn.name} does not compile: ${refusalText(compiled.refusal)}` };
        const { hash, script, allow: own } = compiled.value;
        authentication.push(withSecret(fn, { hash, script }, secret.value));
        for (const host of own?.network ?? []) allow.network.add(host);
        for (const command of own?.commands ?? []) allow.commands.add(command);
      }
    }
    return {
      ok: true,
      credentials: {
        authentication,
        contents,
        allow: { network: [...allow.network], commands: [...allow.commands] },
      },
    };
  } catch (e) {
    if (e instanceof Fault) return { ok: false, message: e.message };
    throw e;
  }
}

function withSecret(
  { name }: AuthenticationFunction,
  code: { readonly hash: Hash; readonly script: string },
  secret: Json,
): Authentication {
  return { name, code, secret };
}

/** The content of a secret, opened. Refuses `secret_unreadable`; fault `vault_locked`. */
async function contentOf(w: Workspace, { record }: SecretUse): Promise<Result<Json>> {
  const sealed = await w.store.runs.readSealed(w.id, record.key);
  if (sealed === undefined) {
    return refuse('secret_unreadable', {
      path: 'key',
      expected: 'a content that is kept here',
      got: 'its content is not kept here',
      hint: 'set the secret again',
    });
  }
  if (w.vault === undefined) throw new Fault('vault_locked', 'secrets cannot be opened here: no vault is configured');
  return w.vault.open(w.id, sealed).then((opened) => (opened.ok ? ok(opened.value) : opened));
}

const labelOf = ({ record }: SecretUse): string => `the secret ${JSON.stringify(record.name)}`;

function withoutFunction(use: SecretUse): string {
  const definition = JSON.stringify(use.record.definition);
  return `${labelOf(use)} is of the definition ${definition}, which has no authentication function here: bind one to the schema ${definition}`;
}
