// A described thing with the components that it manages, as formats read it from a state: an imported template, an imported
// Terraform state. What is declared is in the author's form, so that it can be compared with what is to be.

import { type ComponentId, type Digest, idFromHash } from '../base/ids.ts';
import { type ComponentFlag, componentFlags } from '../model/component.ts';
import { isDeclared, readDeclared } from '../model/declared.ts';
import { dependsKey, flagKey, index, indexUser } from '../model/keys.ts';
import { findComponent, findSchema, findVariant, isMarked, nameOf, resolveSchema, specOf } from '../model/lookup.ts';
import { takersOf } from '../model/moved.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Input } from '../mutation/request.ts';
import { inputOfTree, treeOfDeclared } from '../mutation/tree.ts';

/** The component of a schema and name that is not to go; undefined: there is none. */
export function findManager(state: Reader, schema: string, name: string): ComponentId | undefined {
  for (const [key] of state.scan('index', index.named(name))) {
    const id = indexUser(key) as ComponentId;
    const record = findComponent(state, id);
    if (record !== undefined && findSchema(state, record.schema)?.name === schema && !isMarked(state, id)) return id;
  }
  return undefined;
}

/** The component itself and those that it manages, without those marked for deletion. */
export function membersOf(state: Reader, manager: ComponentId): ComponentId[] {
  const prefix = `${manager}/manages/`;
  const members = [...state.scan('components', prefix)].map(([key]) => key.slice(prefix.length) as ComponentId);
  return [manager, ...members].filter((id) => !isMarked(state, id));
}

/** A component by what is declared on it. */
export interface Member {
  readonly id: ComponentId;
  readonly schema: string;
  readonly name: string;
  readonly domain: Input;
  readonly metadata?: Input;
  readonly enabled?: Input;
  readonly flags: readonly ComponentFlag[];
  readonly dependsOn: readonly ComponentId[];
}

export function readMember(state: Reader, id: ComponentId): Member {
  const record = findComponent(state, id)!;
  const input = (path: Path): Input | undefined => {
    const declared = readDeclared(state, id, path);
    const tree = isDeclared(declared) ? treeOfDeclared(state, declared) : undefined;
    return tree && inputOfTree(state, tree);
  };
  const metadata = input(wellKnown.metadata);
  const enabled = input(wellKnown.enabled);
  const depends = dependsKey(id, '' as ComponentId);
  return {
    id,
    schema: findSchema(state, record.schema)?.name ?? '',
    name: nameOf(state, id),
    domain: input(wellKnown.domain) ?? {},
    ...(metadata === undefined ? {} : { metadata }),
    ...(enabled === undefined ? {} : { enabled }),
    flags: componentFlags.filter((f) => state.get('components', flagKey(id, f)) !== undefined),
    dependsOn: [...state.scan('components', depends)].map(([key]) => key.slice(depends.length) as ComponentId),
  };
}

/**
 * The id of a member that is new to its manager: the same for whoever adds it to the same one, so that two change sets
 * that both add it come to one component. One that was added before and deleted keeps its id; the next one has another, and so
 * has one whose resource has passed to another component.
 */
export function memberId(
  state: Reader,
  digest: Digest,
  member: { readonly manager: ComponentId; readonly key: string },
): ComponentId {
  const { manager, key } = member;
  for (let n = 1; ; n++) {
    // Beside its manager: the beginning of an id is its place among all.
    const hash = digest(`${manager} ${key} ${n}`);
    const id = (manager.slice(0, 10) + idFromHash(hash).slice(10)) as ComponentId;
    if (state.get('components', id) === undefined && takersOf(state, id).length === 0) return id;
  }
}

/** Of the default variant of a schema that is installed. */
export function installedSpec(state: Reader, type: string): VariantSpec | undefined {
  const id = resolveSchema(state, type);
  const variant = id.ok ? findSchema(state, id.value)?.defaultVariant : undefined;
  const record = id.ok && variant ? findVariant(state, id.value, variant) : undefined;
  return record && specOf(state, record.spec);
}
