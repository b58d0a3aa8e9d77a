// Which function does what to the resources of a component: those bound to its variant, and those bound to its schema, which
// count for every variant and take the place of one of the same kind.

import type { FunctionId } from '../base/ids.ts';
import type { ComponentRecord } from '../model/component.ts';
import type { ActionKind, BindingRecord, FunctionRecord } from '../model/function.ts';
import { index, indexUser } from '../model/keys.ts';
import { findRecord } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';

export interface ActionFunction {
  readonly function: FunctionId;
  readonly kind: ActionKind;
  /** The function's. */
  readonly name: string;
}

/** In order: those of the schema first, each by kind and name. */
export function actionFunctionsOf(reader: Reader, of: Pick<ComponentRecord, 'schema' | 'variant'>): ActionFunction[] {
  const overlays = boundTo(reader, of.schema);
  const isReplaced = (own: ActionFunction): boolean =>
    overlays.some((o) => o.kind === own.kind && (own.kind !== 'manual' || o.name === own.name));
  return [...overlays, ...boundTo(reader, of.variant).filter((own) => !isReplaced(own))];
}

/** `name`: of a manual one; '' for the others. */
export function actionFunctionOf(
  reader: Reader,
  of: Pick<ComponentRecord, 'schema' | 'variant'>,
  kind: ActionKind,
  name: string,
): ActionFunction | undefined {
  return actionFunctionsOf(reader, of).find((f) => f.kind === kind && (kind !== 'manual' || f.name === name));
}

function boundTo(reader: Reader, target: string): ActionFunction[] {
  const out: ActionFunction[] = [];
  for (const [key] of reader.scan('index', index.bindingsOf(target))) {
    const record = findRecord<BindingRecord>(reader, 'bindings', indexUser(key));
    if (record?.action == null) continue;
    const fn = findRecord<FunctionRecord>(reader, 'functions', record.function);
    if (fn !== undefined) out.push({ function: record.function, kind: record.action, name: fn.name });
  }
  const rank = (f: ActionFunction): string => `${f.kind}\n${f.name}`;
  return out.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
