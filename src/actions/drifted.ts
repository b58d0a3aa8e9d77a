// What reality has otherwise than a component says, as people decide about it: property by property, or that the whole
// resource is gone. What a component is about to become is no drift: it is compared with what its own state says.

import type { Json } from '../base/json.ts';
import { reportedOf } from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import { isWithin } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { type Difference, differences } from './drift.ts';
import type { Subject } from './subject.ts';

export type Drift =
  /** In canonical order of the paths, at least one. */
  | { readonly state: 'changed'; readonly differences: readonly Difference[] }
  /** There was a resource, and somebody took it away. `lost`: its id. */
  | { readonly state: 'gone'; readonly lost: string | null }
  | { readonly state: 'none' }
  /** It cannot be told now; for people, why. */
  | { readonly state: 'unknown'; readonly why: string };

const none: Drift = { state: 'none' };

/** undefined: nothing was ever reported, or it is none of the model's business: marked, or not enabled. */
export function driftOf(reader: Reader, subject: Subject): Drift | undefined {
  const record = reportedOf(reader, subject.component);
  if (record === undefined || subject.marked || !subject.enabled) return undefined;
  if (record.status === 'absent') return record.lost === undefined ? undefined : { state: 'gone', lost: record.lost };
  if (record.payload === null) return undefined;
  if (record.isStale) return { state: 'unknown', why: 'it was not looked at since something was sent' };
  const { inputs } = subject;
  if (inputs.state === 'pending') return { state: 'unknown', why: 'its values are still being computed' };
  if (inputs.state === 'error') return { state: 'unknown', why: `its values have errors: ${inputs.message}` };
  const found = differencesWith(subject, record, inputs.state === 'value' ? inputs.value : {});
  return found.length === 0 ? none : { state: 'changed', differences: found };
}

function differencesWith({ spec, ignored }: Subject, record: ResourceRecord, inputs: Json): Difference[] {
  const isUnsent = (record.sentHash ?? record.sent) == null;
  const found = differences({ spec, inputs, payload: record.payload, isUnsent });
  return found.filter((d) => !ignored.some((i) => isWithin(d.path, i)));
}
