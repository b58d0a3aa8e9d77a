// Secrets whose content is kept elsewhere. Under the key of such a secret the store has what it refers to in place of a sealed
// content: no secret itself, told to whoever may see the secret. It is resolved for one run that needs it, each time anew; what
// comes of it is stored nowhere. What is allowed is the installation's business, so it is asked when it is set and when it is
// resolved: a text that got into the store by another way reads nothing more.

import { canonical, isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { parseReference, type SecretReference } from '../model/secret_reference.ts';
import type { SecretGroup, SecretLine } from './secrets.ts';
import type { Workspace } from './workspace.ts';

/** One: the content is its text. By name: the content is an object with a text in each of those members. */
export type References = string | { readonly [member: string]: string };

/** 1: `hwr1.` and the references as canonical JSON. */
const prefix = 'hwr1.';
const membersMax = 32;
const memberName = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** Refuses `request_malformed`; what does not read is not repeated: somebody may have given a content by mistake. */
export function parseReferences(given: Json): Result<References> {
  const members = isObject(given) ? Object.entries(given) : [];
  const isShaped =
    typeof given === 'string' ||
    (members.length > 0 && members.length <= membersMax && members.every(([name]) => memberName.test(name)));
  const texts = typeof given === 'string' ? [given] : members.map(([, text]) => text);
  if (isShaped && texts.every((text) => typeof text === 'string' && parseReference(text) !== undefined))
    return ok(given as References);
  return refuse('request_malformed', {
    path: 'from',
    expected: `env:NAME, file:/path or vault:MOUNT/PATH#FIELD, or up to ${membersMax} of them by member`,
    got: 'something else (not shown)',
    hint: 'see the help of `headwater secret set`; variables that begin with HEADWATER_ or VAULT_ are never read',
  });
}

/** Refuses `secret_source_denied`. Fault `secret_sources_unreadable`. */
export function checkReferences(w: Workspace, from: References): Result<void> {
  for (const [, reference] of entriesOf(from)) {
    const allowed = w.secretSource?.check(reference) ?? noSource;
    if (!allowed.ok) return allowed;
  }
  return ok(undefined);
}

/** What is kept under the key. */
export const keptText = (from: References): string => `${prefix}${canonical(from)}`;

/** Undefined: it is a sealed content. */
export function referencesIn(kept: string): References | undefined {
  if (!kept.startsWith(prefix)) return undefined;
  let given: Json;
  try {
    given = JSON.parse(kept.slice(prefix.length)) as Json;
  } catch {
    return undefined;
  }
  const parsed = parseReferences(given);
  return parsed.ok ? parsed.value : undefined;
}

/**
 * The content at this moment. Refuses `secret_source_denied`, `limit_exceeded`. Faults: `secret_source_unavailable`,
 * `secret_sources_unreadable`.
 */
export async function contentFrom(w: Workspace, from: References): Promise<Result<Json>> {
  const members: [string, string][] = [];
  for (const [name, reference] of entriesOf(from)) {
    const text = w.secretSource === undefined ? noSource : await w.secretSource.read(reference);
    if (!text.ok) return text;
    members.push([name, text.value]);
  }
  const bytes = members.reduce((sum, [name, text]) => sum + bytesOf(name) + bytesOf(text), 0);
  if (bytes > limits.secretBytesMax) {
    return refuse('limit_exceeded', {
      path: 'from',
      expected: `at most ${limits.secretBytesMax} bytes in all members`,
      got: `${bytes}`,
      hint: 'leave members out that no function needs',
    });
  }
  return ok(typeof from === 'string' ? members[0]![1] : Object.fromEntries(members));
}

/** The line with what its secret refers to. */
export async function withReferences(w: Workspace, line: SecretLine): Promise<SecretLine> {
  const kept = await w.store.runs.readSealed(w.id, line.key);
  const from = kept === undefined ? undefined : referencesIn(kept);
  return from === undefined ? line : { ...line, from };
}

export const linesWithReferences = (w: Workspace, lines: readonly SecretLine[]): Promise<SecretLine[]> =>
  Promise.all(lines.map((line) => withReferences(w, line)));

export const groupsWithReferences = (w: Workspace, groups: readonly SecretGroup[]): Promise<SecretGroup[]> =>
  Promise.all(groups.map(async (group) => ({ ...group, secrets: await linesWithReferences(w, group.secrets) })));

function entriesOf(from: References): (readonly [string, SecretReference])[] {
  const members = typeof from === 'string' ? [['', from] as const] : Object.entries(from);
  return members.map(([name, text]) => [name, parseReference(text)!]);
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

const noSource = refuse('secret_source_denied', {
  path: 'from',
  expected: 'an engine that reads contents from elsewhere',
  got: 'one that does not',
  hint: 'set the content itself',
});
