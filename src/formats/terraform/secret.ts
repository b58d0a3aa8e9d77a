// What of an instance's attributes is secret. Terraform marks values in the state; what only a provider's schema marks is
// missing in state files of many releases, so that names which say it are believed as well. What is secret is taken out,
// with the smallest part around it that can be taken out, and told by its path only.

import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { pointerOf } from '../../model/path.ts';
import type { Note } from './model.ts';

/** Which parts are secret: all of it, or by member name or index. */
export type Mask = true | { readonly [step: string]: Mask };

type Growing = Map<string, Growing | true>;

/**
 * The mask of `sensitive_attributes`, a list of paths of steps. A step that is not understood (an element of a set)
 * makes everything above it secret.
 */
export function maskOfPaths(paths: Json | undefined): Mask {
  const root: Growing = new Map();
  for (const path of Array.isArray(paths) ? (paths as readonly Json[]) : []) {
    const steps = Array.isArray(path) ? path.map(stepOf) : [undefined];
    const cut = steps.indexOf(undefined);
    const known = (cut === -1 ? steps : steps.slice(0, cut)) as string[];
    if (known.length === 0) return true;
    let at: Growing | true = root;
    known.forEach((step, i) => {
      if (at === true) return;
      const next: Growing | true | undefined = at.get(step);
      const wanted: Growing | true = i === known.length - 1 || next === true ? true : (next ?? new Map());
      at.set(step, wanted);
      at = wanted;
    });
  }
  return frozen(root);
}

function frozen(growing: Growing): Mask {
  return Object.fromEntries([...growing].map(([step, part]) => [step, part === true ? true : frozen(part)]));
}

function stepOf(step: Json): string | undefined {
  if (!isObject(step)) return undefined;
  const value = step['type'] === 'index' && isObject(step['value']) ? step['value']['value'] : step['value'];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** The mask of `sensitive_values`: the shape of the values with true where one is secret. */
export function maskOfValues(values: Json | undefined): Mask {
  if (values === undefined || values === null || values === false) return {};
  if (typeof values !== 'object') return true;
  const members: [string, Json][] = Array.isArray(values)
    ? (values as readonly Json[]).map((v, i) => [String(i), v])
    : Object.entries(values as JsonObject);
  return Object.fromEntries(members.map(([step, v]) => [step, maskOfValues(v)]));
}

const secretName =
  /(^|[_-])(password|passwd|passphrase|secret|secret_(string|binary|key|access_key|value)|private_key(_\w+)?|client_key(_data)?|(access|auth|api|bearer|refresh|session|sas|id)_token|token|api_?key|(primary|secondary)_(access_)?key|connection_string|smtp_password(_v\d+)?|bcrypt_hash|kube_config_raw)$/i;

// Behind that a name says nothing more, and a search of the whole of a long one could take long.
const nameCharsMax = 128;

/** Attributes whose names say nothing. */
const secretAttributes: Readonly<Record<string, readonly string[]>> = {
  aws_ssm_parameter: ['value'],
  random_password: ['result'],
};

export interface Open {
  readonly attributes: JsonObject;
  readonly notes: readonly Note[];
}

/** The attributes without what is secret. `at`: pointer of the attributes in the file. */
export function withoutSecrets(type: string, attributes: JsonObject, mask: Mask, at: string): Open {
  const notes: Note[] = [];
  if (mask === true) {
    notes.push({ path: at, reason: 'marked as sensitive: left out' });
    return { attributes: {}, notes };
  }
  const named = Object.hasOwn(secretAttributes, type) ? secretAttributes[type]! : [];
  const byType: Mask = Object.fromEntries(
    named.filter((name) => Object.hasOwn(attributes, name) && isText(attributes[name]!)).map((name) => [name, true]),
  );
  return { attributes: open(attributes, { ...mask, ...byType }, at, notes) as JsonObject, notes };
}

function isText(json: Json): boolean {
  return typeof json === 'string' && json !== '';
}

/** `json` without its secret parts; undefined when it has to go as a whole. */
function open(json: Json, mask: Mask, at: string, notes: Note[]): Json | undefined {
  if (mask === true) {
    // Nothing in it to hide, and nothing to tell.
    if (json === null) return json;
    notes.push({ path: at, reason: 'marked as sensitive: left out' });
    return undefined;
  }
  const maskAt = (step: string): Mask => (Object.hasOwn(mask, step) ? mask[step]! : {});
  if (Array.isArray(json)) {
    const before = notes.length;
    const items = json.map((item: Json, i) => open(item, maskAt(String(i)), `${at}/${i}`, notes));
    if (!items.includes(undefined)) return items as Json[];
    // Elements are known by their place: a list goes as a whole.
    notes.splice(before);
    notes.push({ path: at, reason: 'a list with an element marked as sensitive: left out' });
    return undefined;
  }
  if (!isObject(json)) {
    if (Object.keys(mask).length === 0) return json;
    notes.push({ path: at, reason: 'something in it is marked as sensitive: left out' });
    return undefined;
  }
  const members: [string, Json][] = [];
  for (const [key, member] of Object.entries(json)) {
    const below = at + pointerOf([key]);
    const marked = maskAt(key);
    if (marked !== true && isText(member) && secretName.test(key.slice(-nameCharsMax))) {
      notes.push({ path: below, reason: 'a secret by its name, though not marked as one: left out' });
      continue;
    }
    const kept = open(member, marked, below, notes);
    if (kept !== undefined) members.push([key, kept]);
  }
  return Object.fromEntries(members);
}
