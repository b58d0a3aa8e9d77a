// One component as the planner sees it: what is declared of it, what its provider reported, and the functions that can act on
// it, read from a state.

import type { ComponentId } from '../base/ids.ts';
import type { Evaluated } from '../builtins/evaluated.ts';
import { edgesInto } from '../graph/edges.ts';
import type { OverrideRecord } from '../model/action.ts';
import type { ComponentFlag } from '../model/component.ts';
import { readElements } from '../model/declared.ts';
import type { Source } from '../model/expr.ts';
import { flagKey } from '../model/keys.ts';
import {
  findComponent,
  hasResource,
  isAnswered,
  isMarked,
  isResource,
  reportedOf,
  sharingResource,
  specOfComponent,
} from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import { hasPassedOn } from '../model/moved.ts';
import { childPath, elementPath, type Path, parsePath, pointerOf, segmentsOf, wellKnown } from '../model/path.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { ActionFunction, ActionTable } from './action_functions.ts';

export interface Subject {
  readonly component: ComponentId;
  readonly spec: VariantSpec;
  /** For deletion. */
  readonly marked: boolean;
  /** False: in the model, but never planned. */
  readonly enabled: boolean;
  readonly protected: boolean;
  readonly retained: boolean;
  readonly createFirst: boolean;
  /** Pointers whose changes are not acted on. */
  readonly ignored: readonly string[];
  /** Another component, not marked, claims the same resource. */
  readonly shared: boolean;
  /** Another component has taken its resource over, and with it the place for what is known of one. */
  readonly passedOn: boolean;
  /** What was reported of a resource that is there. */
  readonly resource: ResourceRecord | undefined;
  /** It has a resource: reported, or said by its id and not reported yet. */
  readonly exists: boolean;
  readonly functions: readonly ActionFunction[];
  /** Those that still say something: what was asked for and carried out is not among them. */
  readonly overrides: readonly OverrideRecord[];
  /** Its /domain as evaluated. */
  readonly inputs: Evaluated;
  /** Pointers of those of its inputs that are known only after other actions, in no order. */
  awaited(): readonly string[];
}

/** undefined: the component or its schema is not in the state. */
export function subjectOf(
  reader: Reader,
  component: ComponentId,
  { table, valueAt }: { readonly table: ActionTable; readonly valueAt: (at: Source) => Evaluated },
): Subject | undefined {
  const record = findComponent(reader, component);
  const spec = record && specOfComponent(reader, record);
  if (record === undefined || spec === undefined) return undefined;
  const reported = reportedOf(reader, component);
  const marked = isMarked(reader, component);
  const enabled = valueAt({ component, path: wellKnown.enabled });
  const isSet = (flag: ComponentFlag): boolean => reader.get('components', flagKey(component, flag)) !== undefined;
  const isThere = reported !== undefined && isResource(reported);
  return {
    component,
    spec,
    marked,
    enabled: enabled.state !== 'value' || enabled.value !== false,
    protected: isSet('protect'),
    retained: isSet('retain'),
    createFirst: isSet('create_first') || spec.replace === 'create-first',
    ignored: ignoredBy(reader, component),
    shared: sharingResource(reader, component).length > 0,
    passedOn: hasPassedOn(reader, component),
    resource: isThere ? reported : undefined,
    exists: hasResource(reader, component),
    functions: table.of(record),
    overrides: [...reader.scan('overrides', `${component}/`)]
      .map(([, text]) => JSON.parse(text) as OverrideRecord)
      .filter((o) => !isAnswered(reader, component, o)),
    inputs: valueAt({ component, path: wellKnown.domain }),
    awaited: () => awaitedIn(reader, component, valueAt),
  };
}

function awaitedIn(reader: Reader, component: ComponentId, valueAt: (at: Source) => Evaluated): string[] {
  const made = new Set(edgesInto(reader, { component, path: wellKnown.domain }).map((e) => e.user.path));
  return [...made].flatMap((path) => {
    const value = valueAt({ component, path });
    const pointer = 'awaits' in value && value.awaits === true ? pointerNow(reader, component, path) : undefined;
    return pointer === undefined ? [] : [pointer];
  });
}

function ignoredBy(reader: Reader, component: ComponentId): string[] {
  const prefix = `${component}/ignore`;
  return [...reader.scan('components', `${prefix}/`)].flatMap(([key]) => {
    const path = parsePath(key.slice(prefix.length));
    const pointer = path.ok ? pointerNow(reader, component, path.value) : undefined;
    return pointer === undefined ? [] : [pointer];
  });
}

/** The pointer to a stored path, list elements by where they stand now; undefined: one is gone. */
function pointerNow(reader: Reader, component: ComponentId, path: Path): string | undefined {
  const keys: string[] = [];
  let here = '' as Path;
  for (const segment of segmentsOf(path)) {
    if (segment.key !== undefined) {
      keys.push(segment.key);
      here = childPath(here, segment.key);
      continue;
    }
    const index = readElements(reader, component, here).findIndex((e) => e.id === segment.element);
    if (index < 0) return undefined;
    keys.push(String(index));
    here = elementPath(here, segment.element);
  }
  return pointerOf(keys);
}
