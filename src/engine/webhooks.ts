// Webhooks of a workspace: where what happens is told, which kinds of events, and a key to sign with that is shown once and kept
// sealed. One document of the store, changed by owners, each change in Head's audit chain. Delivering is in webhook_work.ts.

import { randomBytes } from 'node:crypto';
import type { Principal } from '../access/role.ts';
import type { Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Fault, ok, type Result, refuse } from '../base/result.ts';
import { durableKinds, type EventKind } from './event_shape.ts';
import { changeList, listSetting, readList } from './list_setting.ts';
import { permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

export interface Webhook {
  readonly id: string;
  readonly url: string;
  /** Empty: all that are durable. */
  readonly kinds: readonly EventKind[];
  readonly createdBy: string;
  readonly createdAtMs: number;
  /** Why nothing is sent any more; absent: it is. */
  readonly disabled?: string;
}

/** As it is kept. */
export interface KeptWebhook extends Webhook {
  /** The signing key, sealed. */
  readonly sealed: string;
  /** Events behind this position are told. */
  readonly after: number;
}

const setting = listSetting<KeptWebhook>('webhooks', 'webhooks');

export const keptWebhooks = (w: Workspace): Promise<readonly KeptWebhook[]> => readList(w, setting);

export const webhookOf = ({ sealed: _s, after: _a, ...hook }: KeptWebhook): Webhook => hook;

/**
 * Tells what happens from now on. `secret` is not told again. Refuses `access_denied`, `request_malformed`, `limit_exceeded`.
 * Fault `vault_locked`.
 */
export async function createWebhook(
  w: Workspace,
  principal: Principal,
  given: { readonly url: unknown; readonly kinds?: unknown },
): Promise<Result<Webhook & { readonly secret: string }>> {
  const may = await permit(w, principal, 'manage', { operation: 'make a webhook', subject: w.id });
  if (!may.ok) return may;
  const { url, kinds = [] } = given;
  if (!isUrl(url)) return wrong('url', 'an http or https address without a user, at most 2048 characters', url);
  if (!Array.isArray(kinds) || !kinds.every((k) => (durableKinds as readonly unknown[]).includes(k)))
    return wrong('kinds', `some of ${durableKinds.join(', ')}`, kinds);
  if (w.vault === undefined) throw new Fault('vault_locked', 'this engine has no vault to keep the signing key in');
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const sealed = await w.vault.seal(w.id, secret);
  if (!sealed.ok) return sealed;
  const { last } = await w.store.readEvents(w.id, Number.MAX_SAFE_INTEGER, 0);
  const hook: KeptWebhook = {
    id: w.world.ids.ulid<never>() as string,
    url,
    kinds: durableKinds.filter((k) => kinds.includes(k)),
    createdBy: principal.id,
    createdAtMs: w.world.clock.nowMs(),
    sealed: sealed.value,
    after: last,
  };
  const done = await change(w, principal.id, { subject: hook.id, sentence: `make a webhook to ${url}` }, (all) => {
    if (all.length < limits.webhooksMax) return ok([...all, hook]);
    return refuse('limit_exceeded', {
      path: 'url',
      expected: `at most ${limits.webhooksMax} webhooks`,
      got: String(all.length + 1),
      hint: 'remove one: headwater webhook remove ID',
    });
  });
  if (!done.ok) return done;
  w.webhooks.wake();
  return ok({ ...webhookOf(hook), secret });
}

/** Refuses `access_denied`, `webhook_not_found`. */
export async function removeWebhook(w: Workspace, principal: Principal, id: string): Promise<Result<Webhook>> {
  const may = await permit(w, principal, 'manage', { operation: 'remove a webhook', subject: id });
  if (!may.ok) return may;
  return changeOne(w, principal.id, id, { verb: 'remove', next: () => undefined });
}

/** Goes on with what was not told meanwhile. Refuses `access_denied`, `webhook_not_found`. */
export async function enableWebhook(w: Workspace, principal: Principal, id: string): Promise<Result<Webhook>> {
  const may = await permit(w, principal, 'manage', { operation: 'enable a webhook', subject: id });
  if (!may.ok) return may;
  return changeOne(w, principal.id, id, { verb: 'enable', next: ({ disabled: _, ...hook }) => hook });
}

/** By the engine, when it fails again and again. */
export function disableWebhook(w: Workspace, actor: string, id: string, why: string): Promise<Result<Webhook>> {
  return changeOne(w, actor, id, { verb: `disable (${why})`, next: (hook) => ({ ...hook, disabled: why }) });
}

async function changeOne(
  w: Workspace,
  actor: string,
  id: string,
  what: { readonly verb: string; readonly next: (hook: KeptWebhook) => KeptWebhook | undefined },
): Promise<Result<Webhook>> {
  const known = (await keptWebhooks(w)).find((h) => h.id === id);
  if (known === undefined) return noWebhook(id);
  let changed = known;
  const done = await change(w, actor, { subject: id, sentence: `${what.verb} the webhook to ${known.url}` }, (all) => {
    // Changed or removed meanwhile.
    const hook = all.find((h) => h.id === id);
    if (hook === undefined) return noWebhook(id);
    const next = what.next(hook);
    changed = next ?? hook;
    return ok(all.flatMap((h) => (h.id !== id ? [h] : next === undefined ? [] : [next])));
  });
  if (!done.ok) return done;
  w.webhooks.wake();
  return ok(webhookOf(changed));
}

export function noWebhook(id: string): Result<never> {
  return refuse('webhook_not_found', {
    path: 'id',
    expected: 'a webhook of this workspace',
    got: JSON.stringify(id),
    hint: 'list them: headwater webhook list',
  });
}

function change(
  w: Workspace,
  actor: string,
  fact: { readonly subject: string; readonly sentence: string },
  next: (all: readonly KeptWebhook[]) => Result<readonly KeptWebhook[]>,
): Promise<Result<readonly KeptWebhook[]>> {
  return changeList(w, { id: actor, role: 'owner' }, setting, { kind: 'webhook.set', ...fact, next });
}

function isUrl(url: unknown): url is string {
  if (typeof url !== 'string' || url.length > 2_048 || !URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

function wrong(path: string, expected: string, got: unknown): Result<never> {
  const hint = 'see headwater webhook create --help';
  return refuse('request_malformed', { path, expected, got: JSON.stringify(got as Json) ?? 'nothing', hint });
}
