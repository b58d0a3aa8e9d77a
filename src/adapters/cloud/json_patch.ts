// JSON patches (RFC 6902) as an update carries them. All operations are applied or none; the document given is never
// changed.

import jsonpatch from 'fast-json-patch';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { done, fail, type Outcome } from './outcome.ts';

const operations = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

/** A patch document from outside: a list of operations, each with what it needs. */
export function parsePatch(x: Json): Outcome<readonly JsonObject[]> {
  if (!Array.isArray(x)) return malformed('the patch is not a list of operations');
  for (const [i, step] of x.entries()) {
    if (!isObject(step)) return malformed(`operation ${i} is not an object`);
    const { op, path, from, value } = step;
    if (typeof op !== 'string' || !operations.includes(op)) return malformed(`operation ${i} has no op of RFC 6902`);
    if (!isPointer(path)) return malformed(`operation ${i} has no path that is a JSON pointer`);
    if ((op === 'move' || op === 'copy') && !isPointer(from))
      return malformed(`operation ${i} has no from that is a JSON pointer`);
    if ((op === 'add' || op === 'replace' || op === 'test') && value === undefined)
      return malformed(`operation ${i} has no value`);
  }
  return done(x as readonly JsonObject[]);
}

/** The document after the patch; a failure when an operation does not apply to it. */
export function applyPatch(document: JsonObject, patch: readonly JsonObject[]): Outcome<JsonObject> {
  let patched: unknown;
  try {
    const steps = structuredClone(patch) as unknown as jsonpatch.Operation[];
    patched = jsonpatch.applyPatch(structuredClone(document), steps, true, true, true).newDocument;
  } catch (e) {
    // The library refuses by throwing: its own errors, and a TypeError for a path with __proto__.
    if (!(e instanceof jsonpatch.JsonPatchError) && !(e instanceof TypeError)) throw e;
    return malformed(e.message.split('\n')[0]!);
  }
  return isObject(patched) ? done(patched) : malformed('it leaves no object');
}

function isPointer(x: Json | undefined): boolean {
  return typeof x === 'string' && (x === '' || /^(\/([^~/]|~[01])*)+$/.test(x));
}

function malformed(why: string): ReturnType<typeof fail> {
  return fail('InvalidRequestException', `Invalid patch update: ${why}`);
}
