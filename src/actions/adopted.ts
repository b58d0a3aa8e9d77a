// Inputs that reality has already. Who accepts what was changed behind the model edits the inputs to what is reported: then
// they differ from what was sent, and there is nothing to send. Only what was reported after the last time something was sent
// can say so, and only of properties that are reported.

import { isObject, type Json } from '../base/json.ts';
import type { ResourceRecord } from '../model/module.ts';
import { isWithin } from '../model/path.ts';
import type { VariantSpec } from '../model/schema.ts';
import { changedPaths, childAt, keysOf, memberOf, rootOf } from './changed_paths.ts';
import { differences } from './drift.ts';

export interface AdoptionQuery {
  readonly spec: VariantSpec;
  readonly resource: Pick<ResourceRecord, 'payload' | 'isStale'>;
  /** What was sent last. */
  readonly sent: Json;
  readonly inputs: Json;
}

/** Pointers at which the inputs differ from what was sent and are not what is reported, in canonical order. */
export function unmet({ spec, resource, sent, inputs }: AdoptionQuery): string[] {
  const changed = changedPaths(sent, inputs, '/domain');
  const { payload } = resource;
  if (changed.length === 0 || resource.isStale || !isObject(payload)) return changed;
  const other = differences({ spec, inputs, payload }).map((d) => d.path);
  return changed.filter(
    (path) => other.some((o) => isWithin(o, path) || isWithin(path, o)) || !isReported(spec, path, { inputs, payload }),
  );
}

/** Do they differ from what was sent (undefined: not kept), only by what is reported? */
export function isAdopted(q: Omit<AdoptionQuery, 'sent'> & { readonly sent: Json | undefined }): boolean {
  const { sent } = q;
  if (sent === undefined) return false;
  return changedPaths(sent, q.inputs, '/domain').length > 0 && unmet({ ...q, sent }).length === 0;
}

/** Does what is reported say something of the property there? That an entry of a map is not there says so, too. */
function isReported(
  spec: VariantSpec,
  pointer: string,
  { inputs, payload }: { readonly inputs: Json; readonly payload: Json },
): boolean {
  let property = rootOf(spec);
  let [mine, theirs]: [Json | undefined, Json | undefined] = [inputs, payload];
  for (const [i, key] of keysOf(pointer).entries()) {
    const isEntry = i > 0 && (property.kind === 'map' || property.kind === 'any');
    property = childAt(property, key, spec) ?? { kind: 'any' };
    if (property.readOnly || property.writeOnly || property.secret) return false;
    [mine, theirs] = [memberOf(mine, key), memberOf(theirs, key)];
    if (theirs == null) return mine == null && isEntry;
    // A document is one value, however it is written.
    if (property.kind === 'json') break;
  }
  return mine != null;
}
