// A state in memory, enough to carry out an import's requests with the real mutations and to read the template back.

import { createHash } from 'node:crypto';
import type { ChangeSetId, ComponentId, ElementId, Hash } from '../../../src/base/ids.ts';
import { refusalText } from '../../../src/base/result.ts';
import type { ImportPlan, TemplateComponent, TemplateModel } from '../../../src/formats/cloudformation/model.ts';
import { requestsOf } from '../../../src/formats/cloudformation/requests.ts';
import { componentFlags } from '../../../src/model/component.ts';
import { isDeclared, readDeclared } from '../../../src/model/declared.ts';
import { dependsKey, flagKey } from '../../../src/model/keys.ts';
import { findComponent, findSchema, isMarked, nameOf } from '../../../src/model/lookup.ts';
import { type Path, wellKnown } from '../../../src/model/path.ts';
import type { Category, Draft, Reader } from '../../../src/model/state.ts';
import { compileRequest } from '../../../src/mutation/compile.ts';
import type { Input, Request } from '../../../src/mutation/request.ts';
import { inputOfTree, treeOfDeclared } from '../../../src/mutation/tree.ts';
import type { SpecOf } from './planning.ts';

export class MemoryState implements Draft {
  private readonly maps = new Map<Category, Map<string, string>>();
  private readonly blobs = new Map<Hash, string>();
  private sorted = new Map<Category, string[]>();
  private next = 0;

  readonly digest = (text: string): Hash => createHash('sha256').update(text).digest('hex') as Hash;
  private map(category: Category): Map<string, string> {
    const known = this.maps.get(category) ?? new Map<string, string>();
    this.maps.set(category, known);
    return known;
  }
  get(category: Category, key: string): string | undefined {
    return this.map(category).get(key);
  }
  *scan(category: Category, prefix: string, after = ''): Iterable<readonly [string, string]> {
    const keys = this.sorted.get(category) ?? [...this.map(category).keys()].sort();
    this.sorted.set(category, keys);
    let low = 0;
    for (let high = keys.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (keys[middle]! < prefix) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < keys.length && keys[i]!.startsWith(prefix); i++) {
      if (keys[i]! > after) yield [keys[i]!, this.map(category).get(keys[i]!)!];
    }
  }
  blob(hash: Hash): string {
    return this.blobs.get(hash)!;
  }
  put(category: Category, key: string, text: string): void {
    if (!this.map(category).has(key)) this.sorted.delete(category);
    this.map(category).set(key, text);
  }
  remove(category: Category, key: string): void {
    this.map(category).delete(key);
    this.sorted.delete(category);
  }
  putBlob(text: string): Hash {
    const hash = this.digest(text);
    this.blobs.set(hash, text);
    return hash;
  }

  /** Carries out one request; throws what refuses it. Answers the number of edits. */
  submit(request: Request): number {
    const ids = {
      ulid: <T>(): T => String(500_000 + this.next++).padStart(26, '0') as T,
      element: () => (this.next++).toString().padStart(12, '0') as ElementId,
    };
    const done = compileRequest(this, '0'.repeat(26) as ChangeSetId, ids, request);
    if (!done.ok)
      throw new Error(`${request.kind} ${JSON.stringify(request).slice(0, 300)}\n${refusalText(done.refusal)}`);
    return done.value.mutations.length;
  }

  /** Makes the plan true; answers the number of edits. */
  carryOut(plan: ImportPlan, specOf: SpecOf, existing?: TemplateModel): number {
    let edits = 0;
    for (const name of existing ? [] : plan.described) {
      edits += this.submit({ kind: 'schema.install', name, category: 'test', origin: 'test', spec: specOf(name)! });
    }
    for (const request of requestsOf(plan, existing)) edits += this.submit(request);
    return edits;
  }
}

/** The template as it stands in a state. */
export function readTemplate(state: Reader, template: ComponentId): TemplateModel {
  const prefix = `${template}/manages/`;
  const members = [...state.scan('components', prefix)].map(([key]) => key.slice(prefix.length) as ComponentId);
  return {
    template,
    components: [template, ...members].filter((id) => !isMarked(state, id)).map((id) => readMember(state, id)),
  };
}

function readMember(state: Reader, id: ComponentId): TemplateComponent {
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
    schema: findSchema(state, findComponent(state, id)!.schema)!.name,
    name: nameOf(state, id),
    domain: input(wellKnown.domain) ?? {},
    ...(metadata === undefined ? {} : { metadata }),
    ...(enabled === undefined ? {} : { enabled }),
    flags: componentFlags.filter((flag) => state.get('components', flagKey(id, flag)) !== undefined),
    dependsOn: [...state.scan('components', depends)].map(([key]) => key.slice(depends.length) as ComponentId),
  };
}
