// A state as a document, page by page: every component with its values, declared and computed, what is reported of its resource,
// and what could not be computed. For tools that read what there is; a change set is handed on by its edits (promotion.ts).

import type { ChangeSetId, ComponentId, Hash, WorkspaceId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { ViewProblem } from '../builtins/evaluate.ts';
import { dependsKey } from '../model/keys.ts';
import { resourceIdOf } from '../model/lookup.ts';
import { idsAfter, lineOf } from './component.ts';
import type { State } from './operation.ts';

export const stateFormat = 'headwater.state';
/** 1: the first. */
export const stateFormatVersion = 1;

export interface StateComponent {
  readonly id: ComponentId;
  readonly name: string;
  readonly schema: string;
  readonly toDelete: boolean;
  /** Declared or reported. */
  readonly resourceId: string | null;
  readonly dependsOn: readonly ComponentId[];
  /** The whole tree: `domain`, `resource_value`, `si` and the other roots. */
  readonly value: Json;
  readonly problems: readonly ViewProblem[];
}

export interface StatePage {
  readonly format: typeof stateFormat;
  readonly formatVersion: typeof stateFormatVersion;
  readonly workspace: WorkspaceId;
  readonly changeSet: {
    readonly id: ChangeSetId;
    readonly name: string;
    readonly version: number;
    /** Of what is declared. */
    readonly intentRoot: Hash;
    readonly realityRoot: Hash;
  };
  /** In order of id. */
  readonly components: readonly StateComponent[];
  /** Pass it as `cursor`, with the same version, for the next page; null: this was the last. */
  readonly nextCursor: string | null;
}

/** `viewOf`: the values as they stand. Call it in `read`. */
export function statePage(
  { w, row, version, snapshot }: State,
  viewOf: (component: ComponentId) => { readonly value: Json; readonly problems: readonly ViewProblem[] },
  { cursor, limit }: { readonly cursor: string; readonly limit: number },
): StatePage {
  const { intent, reality } = snapshot.roots();
  const components: StateComponent[] = [];
  let nextCursor: string | null = null;
  for (const id of idsAfter(snapshot, cursor)) {
    if (components.length === limit) {
      nextCursor = components.at(-1)!.id;
      break;
    }
    const { name, schema, toDelete } = lineOf(snapshot, id)!;
    const { value, problems } = viewOf(id);
    const prefix = dependsKey(id, '' as ComponentId);
    const dependsOn = [...snapshot.scan('components', prefix)].map(([key]) => key.slice(prefix.length) as ComponentId);
    const resourceId = resourceIdOf(snapshot, id) ?? null;
    components.push({ id, name, schema, toDelete, resourceId, dependsOn, value, problems });
  }
  return {
    format: stateFormat,
    formatVersion: stateFormatVersion,
    workspace: w.id,
    changeSet: { id: row.id, name: row.name, version, intentRoot: intent, realityRoot: reality },
    components,
    nextCursor,
  };
}
