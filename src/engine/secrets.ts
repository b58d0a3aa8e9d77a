// Secrets: setting one, listing them, the workspace's keys. A content is sealed before anything is written, and lies in the store
// under a fresh key before the commit that names this key; what a commit names is therefore always there, and what a crash
// leaves without a name is collected later. Contents are in no refusal, no audit entry, no log and no idempotency record.

import type { Principal } from '../access/role.ts';
import type { Branded, ChangeSetId, SchemaId, SecretId } from '../base/ids.ts';
import { compareText, type Json } from '../base/json.ts';
import { attempt, Fault, must, ok, type Result, refuse } from '../base/result.ts';
import { authenticationOf, slotsOf } from '../graph/secret_use.ts';
import { idLength } from '../model/keys.ts';
import { findRecord, findVariant, resolveSecret, specOf, variantInWork } from '../model/lookup.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { Reader } from '../model/state.ts';
import type { Request } from '../mutation/request.ts';
import type { Vault } from '../ports/vault.ts';
import { noteOnHead } from './audit.ts';
import type { Branch } from './branch.ts';
import { caughtUp } from './catch_up.ts';
import { askOf, repeated, untilWon } from './idempotency.ts';
import { permit } from './permit.ts';
import { checkReferences, keptText, parseReferences, type References, referencesIn } from './secret_references.ts';
import { type Ask, type SubmitReply, submitNow } from './submit.ts';
import type { Workspace } from './workspace.ts';

/** The key of a sealed content, a ULID: when it was made can be read from it. */
type ContentKey = Branded<string, 'ContentKey'>;

/** What `secret.set` takes. */
interface SetSecret {
  readonly changeSet: ChangeSetId;
  /** One of that name is replaced, else it is created. With `secret`: its name from now on. */
  readonly name: string;
  /** Id or name of the one that is changed; without a content it keeps the one it has. */
  readonly secret?: string;
  /** With `secret`: only if this is its id. */
  readonly id?: string;
  /** One of that name is not replaced. */
  readonly mustBeNew?: boolean;
  /** The schema whose authentication functions take it; may be left out where a content is replaced. */
  readonly definition?: string;
  readonly description?: string;
  /**
   * Exactly one of the three (with `secret` none will do): the content, what a client sealed to the workspace's public key, or where
   * the content is read whenever a run needs it.
   */
  readonly content?: Json;
  readonly sealed?: string;
  readonly from?: References;
  readonly idempotencyKey?: string;
}

export interface SetSecretReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly secret: SecretId;
  readonly name: string;
  readonly definition: string;
  readonly created: boolean;
  /** Authentication functions of its definition; 0: a function that needs the secret cannot run yet. */
  readonly authentication: number;
}

/** A secret without its content. */
export interface SecretLine {
  readonly id: SecretId;
  readonly name: string;
  readonly definition: string;
  readonly description: string;
  /** Another whenever the content is. */
  readonly key: string;
  /** Slots that name it, as component id and path. */
  readonly slots: readonly { readonly component: string; readonly path: string }[];
  readonly authentication: readonly string[];
  /** Where its content is, if it is not kept here. */
  readonly from?: References;
}

/**
 * Refuses what submitting refuses, and `request_malformed`, `name_taken`, `secret_not_found`, `value_not_storable`, `limit_exceeded`, `secret_unreadable`,
 * `secret_source_denied`. Faults: `vault_locked`, `secret_sources_unreadable`.
 */
export async function setSecret(
  w: Workspace,
  principal: Principal,
  params: { readonly changeSet: ChangeSetId; readonly [name: string]: Json | undefined },
): Promise<Result<SetSecretReply>> {
  const may = await permit(w, principal, 'edit', { operation: 'set a secret', subject: params.changeSet });
  if (!may.ok) return may;
  const parsed = parseSetting(params);
  if (!parsed.ok) return parsed;
  const given = parsed.value;
  const vault = vaultOf(w);
  const ask = await askFor(w, vault, given);
  if (!ask.ok) return ask;
  return repeated<SetSecretReply>(w, { principal: principal.id, ...ask.value }, async () => {
    if (given.content === undefined && given.sealed === undefined && given.from === undefined)
      return named(w, principal, given, undefined, ask.value);
    const sealed = await keptOf(w, vault, given);
    if (!sealed.ok) return sealed;
    const key = w.world.ids.ulid<ContentKey>();
    await w.store.runs.putSealed(w.id, key, sealed.value);
    const done = await named(w, principal, given, key, ask.value);
    // Nothing names it; had this process ended here, it would be collected.
    if (!done.ok) await w.store.runs.removeSealed(w.id, [key]);
    return done;
  });
}

/** Parameters as a setting. No refusal repeats what may be a content. */
function parseSetting(params: { readonly changeSet: ChangeSetId; readonly [name: string]: Json | undefined }) {
  for (const name of ['name', 'definition', 'description', 'sealed', 'secret', 'id', 'idempotencyKey']) {
    const value = params[name];
    if (typeof value === 'string' || (value === undefined && name !== 'name')) continue;
    return refuse('request_malformed', {
      path: name,
      expected: 'text',
      got: value === undefined ? 'nothing' : `${value === null ? 'null' : typeof value} (not shown)`,
      hint: 'see the help of the command',
    });
  }
  const there = ['content', 'sealed', 'from'].filter((member) => params[member] !== undefined);
  if (there.length > 1 || (there.length === 0 && params['secret'] === undefined)) {
    return refuse('request_malformed', {
      path: 'content',
      expected: 'the content, what was sealed by the client, or where it comes from',
      got: ['neither', '', 'both', 'all three'][there.length]!,
      hint: 'give one of them',
    });
  }
  const { changeSet, name, definition, description, content, sealed, secret, id, idempotencyKey } = params;
  const references = params['from'] === undefined ? undefined : parseReferences(params['from']);
  if (references?.ok === false) return references;
  const from = references?.value;
  const mustBeNew = params['mustBeNew'] === true ? true : undefined;
  const given = {
    changeSet,
    name,
    definition,
    description,
    content,
    sealed,
    from,
    secret,
    id,
    mustBeNew,
    idempotencyKey,
  };
  return ok(
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as unknown as SetSecret,
  );
}

/** What the request is remembered by: a keyed hash stands for the content. What a client sealed differs each time by itself. */
async function askFor(w: Workspace, vault: Vault, given: SetSecret): Promise<Result<Ask>> {
  const { content, sealed, idempotencyKey, ...rest } = given;
  let about: string | undefined = sealed;
  if (content !== undefined && idempotencyKey !== undefined) {
    const mark = await vault.keyedHash(w.id, content);
    if (!mark.ok) return unsaid(mark);
    about = mark.value;
  }
  return askOf(w, idempotencyKey, { secret: { ...rest, about: about ?? '' } });
}

/** What is kept under the key of the content. */
async function keptOf(w: Workspace, vault: Vault, { content, sealed, from }: SetSecret): Promise<Result<string>> {
  if (from !== undefined) {
    const allowed = checkReferences(w, from);
    return allowed.ok ? ok(keptText(from)) : allowed;
  }
  if (sealed === undefined) return unsaid(await vault.seal(w.id, content!));
  const opens = await vault.accept(w.id, sealed);
  return opens.ok ? ok(sealed) : opens;
}

/** A refusal of a content does not say where in it, or what was there. */
function unsaid<T>(result: Result<T>): Result<T> {
  if (result.ok) return result;
  const { code, expected, hint } = result.refusal;
  return refuse(code, { path: 'content', expected, got: 'a content (not shown)', hint });
}

async function named(
  w: Workspace,
  principal: Principal,
  given: SetSecret,
  key: ContentKey | undefined,
  ask: Ask,
): Promise<Result<SetSecretReply>> {
  return untilWon(w, { principal: principal.id, ...ask }, async () => {
    const found = await caughtUp(w, given.changeSet);
    if (!found.ok) return found;
    return w.read(() => nameNow(w, principal, found.value.branch, { given, key, ask }));
  });
}

function nameNow(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  { given, key, ask }: { readonly given: SetSecret; readonly key: ContentKey | undefined; readonly ask: Ask },
): Promise<Result<SetSecretReply> | 'lost'> {
  const { snapshot } = branch;
  const request = attempt(() => requestFor(snapshot, given, key));
  if (!request.ok) return Promise.resolve(request);
  const { definition, created } = request.value;
  const authentication = authenticationOf(snapshot, definition).length;
  const as = ({ changeSet, version, steps }: SubmitReply): SetSecretReply => ({
    changeSet,
    version,
    secret: steps[0]!.subject as SecretId,
    name: given.name,
    definition,
    created,
    authentication,
  });
  const done = submitNow(w, principal, branch, { mutations: [request.value.request], ask: { ...ask, as } });
  return done.then((reply) => (reply === 'lost' || !reply.ok ? reply : ok(as(reply.value))));
}

function requestFor(
  reader: Reader,
  { name, secret, id, mustBeNew, definition, description }: SetSecret,
  key: ContentKey | undefined,
): { readonly request: Request; readonly definition: string; readonly created: boolean } {
  const found = secret === undefined ? resolveSecret(reader, name, 'name') : resolveSecret(reader, secret);
  if (!found.ok && (secret !== undefined || found.refusal.code !== 'secret_not_found')) must(found);
  if (found.ok && secret !== undefined && id !== undefined && id !== found.value) {
    must(
      refuse('request_malformed', {
        path: 'id',
        expected: `${found.value}, the id of ${JSON.stringify(secret)}`,
        got: JSON.stringify(id),
        hint: 'name the secret that is meant in both places',
      }),
    );
  }
  if (found.ok && mustBeNew === true) {
    must(
      refuse('name_taken', {
        path: 'name',
        expected: 'a name that no secret has',
        got: JSON.stringify(name),
        hint: 'choose another name, or replace the content of that one',
      }),
    );
  }
  const before = found.ok ? findRecord<SecretRecord>(reader, 'secrets', found.value)! : undefined;
  const of = definition ?? before?.definition;
  if (of === undefined) {
    return must(
      refuse('request_malformed', {
        path: 'definition',
        expected: 'the name of the secret definition of a new secret',
        got: 'nothing',
        hint: 'name the schema whose authentication functions take the secret',
      }),
    );
  }
  const about = { definition: of, key: key ?? before!.key, ...(description === undefined ? {} : { description }) };
  if (!found.ok) return { request: { kind: 'secret.put', name, ...about }, definition: of, created: true };
  // Without another one given, the description stays.
  const kept = { description: before!.description, ...about };
  return {
    request: { kind: 'secret.put', secret: found.value, name, ...kept },
    definition: of,
    created: false,
  };
}

/** All secrets in order of their names. Call it in `read`. */
export function listSecrets(reader: Reader): readonly SecretLine[] {
  const lines = [...reader.scan('secrets', '')].map(([id]) => lineOf(reader, id as SecretId));
  return lines.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
}

/** A kind of secret, and those of it. */
export interface SecretGroup {
  readonly definition: string;
  /** What a content of it has, as far as a schema says so. */
  readonly fields: readonly { readonly name: string; readonly kind: string }[];
  readonly secrets: readonly SecretLine[];
}

/** Every definition that a schema has or a secret names, in order, with its secrets. Call it in `read`. */
export function secretsByDefinition(reader: Reader): readonly SecretGroup[] {
  const groups = new Map<string, { fields: SecretGroup['fields']; secrets: SecretLine[] }>();
  for (const [key] of reader.scan('schemas', '')) {
    const variant = key.length === idLength ? variantInWork(reader, key as SchemaId) : undefined;
    const record = variant && findVariant(reader, key as SchemaId, variant);
    const of = record && specOf(reader, record.spec).secretDefinition;
    if (of === undefined) continue;
    const fields = Object.entries(of.fields.properties ?? {});
    groups.set(of.name, { fields: fields.map(([name, p]) => ({ name, kind: p.widget ?? p.kind })), secrets: [] });
  }
  for (const line of listSecrets(reader)) {
    const group = groups.get(line.definition) ?? { fields: [], secrets: [] };
    group.secrets.push(line);
    groups.set(line.definition, group);
  }
  return [...groups].sort(([a], [b]) => compareText(a, b)).map(([definition, group]) => ({ definition, ...group }));
}

/** One secret by id or name, without its content. Refuses `secret_not_found`, `ambiguous_name`. */
export function getSecret(reader: Reader, name: string): Result<SecretLine> {
  const id = resolveSecret(reader, name);
  return id.ok ? ok(lineOf(reader, id.value)) : id;
}

function lineOf(reader: Reader, id: SecretId): SecretLine {
  const { name, definition, description, key } = findRecord<SecretRecord>(reader, 'secrets', id)!;
  return {
    id,
    name,
    definition,
    description,
    key,
    slots: slotsOf(reader, id),
    authentication: authenticationOf(reader, definition).map((f) => f.name),
  };
}

/** What clients seal to. Fault `vault_locked`. */
export async function publicKeyOf(w: Workspace): Promise<{ readonly generation: number; readonly publicKey: string }> {
  return vaultOf(w).publicKey(w.id);
}

export interface RotateReply {
  readonly generation: number;
  /** Contents sealed anew, and those that were sealed to the newest key already. */
  readonly resealed: number;
  readonly current: number;
  /** Keys of contents that do not open, left as they are. */
  readonly unreadable: readonly string[];
}

/**
 * A new key pair, and every content sealed to it. With `onlyReseal` no new pair: for what an interrupted rotation left. Refuses
 * `access_denied`. Fault `vault_locked`.
 */
export async function rotateKeys(
  w: Workspace,
  { principal, progress }: { readonly principal: Principal; readonly progress: (line: string) => void },
  onlyReseal: boolean,
): Promise<Result<RotateReply>> {
  const may = await permit(w, principal, 'maintain', { operation: 'rotate the keys of secrets', subject: w.id });
  if (!may.ok) return may;
  const vault = vaultOf(w);
  const { generation } = onlyReseal ? await vault.publicKey(w.id) : await vault.rotate(w.id);
  if (!onlyReseal) {
    const sentence = `rotate the keys of secrets to generation ${generation}`;
    await noteOnHead(w, principal.id, { kind: 'secret.rotate', subject: w.id, path: '', sentence });
  }
  const keys = await w.store.runs.listSealed(w.id);
  let [resealed, current] = [0, 0];
  const unreadable: string[] = [];
  for (const [i, key] of keys.entries()) {
    progress(`content ${i + 1} of ${keys.length}`);
    const before = await w.store.runs.readSealed(w.id, key);
    // Of what is kept elsewhere there is nothing to seal.
    if (before === undefined || referencesIn(before) !== undefined) continue;
    const after = await vault.reseal(w.id, before);
    if (!after.ok) unreadable.push(key);
    else if (after.value === before) current++;
    else {
      await w.store.runs.putSealed(w.id, key, after.value);
      resealed++;
    }
  }
  return ok({ generation, resealed, current, unreadable });
}

function vaultOf(w: Workspace): Vault {
  if (w.vault === undefined) throw new Fault('vault_locked', 'this engine has no vault: secrets cannot be kept here');
  return w.vault;
}
