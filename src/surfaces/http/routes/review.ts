// The review of a change set as clients of the public API read it: flat lines of what was and what is, with where either comes
// from, by path. What nobody declared is left out; a component of which nothing is left is, too.

import { type Static, Type } from 'typebox';
import type { AttributeChange, ComponentChange, Side } from '../../../engine/compare.ts';
import type { ResultChanges } from '../../../engine/result_changes.ts';
import { alignLists } from '../../../mutation/align.ts';
import { anyJson, shape } from '../model.ts';
import type { RouteCall } from '../route.ts';

const attributeDiff = shape('AttributeDiffV1', {
  changeType: Type.String({ description: 'added, modified or removed.' }),
  newValue: Type.Optional(anyJson),
  oldValue: Type.Optional(anyJson),
  newSourceType: Type.Optional(Type.String({ description: 'value, subscription or prototype.' })),
  oldSourceType: Type.Optional(Type.String()),
  newSourceComponentName: Type.Optional(Type.String()),
  newSourceComponentId: Type.Optional(Type.String()),
  newSourcePath: Type.Optional(Type.String()),
  oldSourceComponentName: Type.Optional(Type.String()),
  oldSourceComponentId: Type.Optional(Type.String()),
  oldSourcePath: Type.Optional(Type.String()),
  fromSchema: Type.Optional(Type.Boolean({ description: 'The value is the default of the schema.' })),
});

const resourceDiff = shape('ResourceDiffV1', {
  current: Type.Union([Type.String(), Type.Null()], {
    description: 'Its properties in the change set, as JSON text; null: it is removed.',
  }),
  diff: Type.String({ description: 'The lines of either, with + and - in front of those that the other has not.' }),
});

export const componentReview = shape('ComponentReviewV1', {
  componentId: Type.String(),
  componentName: Type.String(),
  schemaName: Type.String(),
  diffStatus: Type.String(),
  attributeDiffs: Type.Record(Type.String(), attributeDiff),
  resourceDiff: Type.Optional(resourceDiff),
});

const resultSide = shape('ResultSideV1', {
  state: Type.String({ description: 'value, error or pending.' }),
  value: Type.Optional(anyJson),
  chars: Type.Optional(
    Type.Integer({ description: 'The JSON text of the value has so many characters; `value` is how it begins.' }),
  ),
  message: Type.Optional(Type.String()),
});

export const resultChanges = shape('ResultChangesV1', {
  changed: Type.Array(
    shape('ResultChangeV1', {
      componentId: Type.String(),
      componentName: Type.String(),
      schemaName: Type.String(),
      function: Type.Object({ id: Type.String(), name: Type.String() }),
      kind: Type.String({ description: 'qualification, code-generation or attribute, among others.' }),
      path: Type.String(),
      diffStatus: Type.String(),
      was: Type.Union([resultSide, Type.Null()], { description: 'null: there was none.' }),
      is: Type.Union([resultSide, Type.Null()]),
    }),
    { description: 'What fails stands first.' },
  ),
  leftOut: Type.Integer({ description: 'So many more are others.' }),
  isCut: Type.Boolean({ description: 'The change reaches more values than were looked at.' }),
});

/** Of a review what is told here. */
export interface Reviewed {
  readonly changeSet: { readonly id: string };
  readonly components: readonly ComponentChange[];
  readonly results: ResultChanges;
}

type ComponentReview = Static<typeof componentReview>;
type AttributeDiff = Static<typeof attributeDiff>;
type Operation = RouteCall<unknown, unknown>['operation'];

export async function reviewOf({ changeSet, components, results }: Reviewed, withText: boolean, operation: Operation) {
  const lines: ComponentReview[] = [];
  for (const component of components) {
    const attributeDiffs = diffsOf(component.attributes);
    if (component.status === 'Modified' && Object.keys(attributeDiffs).length === 0) continue;
    lines.push({
      componentId: component.id,
      componentName: component.name,
      schemaName: component.schema,
      diffStatus: component.status,
      attributeDiffs,
      ...(withText ? { resourceDiff: await textOf(changeSet.id, component, operation) } : {}),
    });
  }
  const count = (status: string): number => lines.filter((l) => l.diffStatus === status).length;
  const summary = {
    totalComponents: lines.length,
    added: count('Added'),
    modified: count('Modified'),
    removed: count('Removed'),
  };
  const changed = results.changed.map(({ component, name, schema, status, ...rest }) => ({
    componentId: component,
    componentName: name,
    schemaName: schema,
    diffStatus: status,
    ...rest,
  }));
  return { components: lines, summary, results: { ...results, changed } };
}

/** What the engine keeps for itself, and people do not declare. */
const internal: readonly string[] = ['/si/type', '/si/color', '/si/protected'];

function diffsOf(attributes: readonly AttributeChange[]): Record<string, AttributeDiff> {
  const shown = attributes.filter((a) => !internal.includes(a.path) && !isEmptyDefault(a));
  return Object.fromEntries(shown.map((a) => [a.path, diffOf(a)]));
}

/** A side on which nobody said anything and nothing is. */
function isEmptyDefault({ old, new: now }: AttributeChange): boolean {
  const isNothing = (side: Side | null): boolean =>
    side === null ||
    (side.source === 'default' && isEmpty(side.value)) ||
    (side.source === 'none' && !('value' in side));
  return (old !== null || now !== null) && isNothing(old) && isNothing(now);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

const changeTypes = { Added: 'added', Modified: 'modified', Removed: 'removed' } as const;

function diffOf({ status, old, new: now }: AttributeChange): AttributeDiff {
  const isDefault = now === null ? old?.source === 'default' : now.source === 'default';
  return {
    changeType: changeTypes[status],
    ...(now === null ? {} : told('new', now)),
    ...(old === null ? {} : told('old', old)),
    ...(isDefault ? { fromSchema: true } : {}),
  };
}

function told(which: 'new' | 'old', side: Side): Partial<AttributeDiff> {
  const source = side.sources?.[0];
  const type = side.source === 'subscription' ? (source === undefined ? 'prototype' : 'subscription') : 'value';
  return {
    ...(side.value === undefined ? {} : { [`${which}Value`]: side.value }),
    [`${which}SourceType`]: type,
    ...(source === undefined
      ? {}
      : {
          [`${which}SourceComponentName`]: source.name,
          [`${which}SourceComponentId`]: source.component,
          [`${which}SourcePath`]: source.path,
        }),
  };
}

async function textOf(changeSet: string, { id, status }: ComponentChange, operation: Operation) {
  const of = async (where: string): Promise<string[]> => {
    const { value } = await operation<{ value: { domain?: unknown } }>('component.get', {
      changeSet: where,
      component: id,
    });
    return JSON.stringify(value.domain ?? {}, null, 2).split('\n');
  };
  const before = status === 'Added' ? [] : await of('HEAD');
  const after = status === 'Removed' ? [] : await of(changeSet);
  return { current: after.length === 0 ? null : after.join('\n'), diff: lineDiff(before, after).join('\n') };
}

/** Lines that both have in one order, and around them what either has alone. */
function lineDiff(before: readonly string[], after: readonly string[]): string[] {
  const out: string[] = [];
  const match = alignLists(before, after);
  let next = 0;
  let added: string[] = [];
  const changeTo = (end: number): void => {
    for (; next < end; next++) out.push(`- ${before[next]}`);
    out.push(...added);
    added = [];
  };
  for (const [i, line] of after.entries()) {
    const at = match[i];
    if (at === undefined || at < next || before[at] !== line) {
      added.push(`+ ${line}`);
      continue;
    }
    changeTo(at);
    out.push(`  ${line}`);
    next = at + 1;
  }
  changeTo(before.length);
  return out;
}
