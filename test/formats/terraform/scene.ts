// What the tests of this folder share: a state read and planned with ids in order, a store of cells that the requests are
// carried out on, and the law that every import obeys.

import { expect } from 'vitest';
import type { ComponentId } from '../../../src/base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { must } from '../../../src/base/result.ts';
import { planImport } from '../../../src/formats/terraform/import.ts';
import type { ImportPlan, StateComponent, StateModel } from '../../../src/formats/terraform/model.ts';
import { parseState } from '../../../src/formats/terraform/parse.ts';
import { realityToRecord, requestsOf } from '../../../src/formats/terraform/requests.ts';
import { pointerOf } from '../../../src/model/path.ts';
import type { VariantSpec } from '../../../src/model/schema.ts';
import type { Request } from '../../../src/mutation/request.ts';
import { MemoryState, readTemplate } from '../cloudformation/state.ts';

export type SpecOf = (schema: string) => VariantSpec | undefined;

/** A workspace with one change set, as far as an import needs it. */
export class Scene {
  private readonly cells = new MemoryState();
  private readonly installed = new Map<string, VariantSpec>();
  private readonly reality = new Map<string, StateModel['reality'][number]>();
  private readonly catalogue: SpecOf;
  private state: ComponentId | undefined;
  private n = 0;

  constructor(catalogue: SpecOf = () => undefined) {
    this.catalogue = catalogue;
  }

  plan(text: string): ImportPlan {
    const existing = this.read();
    return planImport({
      file: must(parseState(text)),
      name: 'infra',
      specOf: (name) => this.installed.get(name) ?? this.catalogue(name),
      newId: () => String(++this.n).padStart(26, '0') as ComponentId,
      ...(existing === undefined ? {} : { existing }),
    });
  }

  /** What an import would ask for and record. */
  steps(text: string): { requests: Request[]; reality: StateModel['reality'] } {
    const plan = this.plan(text);
    const existing = this.read();
    return { requests: requestsOf(plan, existing), reality: realityToRecord(plan, existing) };
  }

  /** Carries it out; answers the plan. */
  import(text: string): ImportPlan {
    const plan = this.plan(text);
    const existing = this.read();
    for (const name of plan.described) {
      if (this.installed.has(name)) continue;
      this.submit({ kind: 'schema.install', name, category: 'aws', origin: 'aws', spec: this.catalogue(name)! });
    }
    for (const request of requestsOf(plan, existing)) this.submit(request);
    for (const step of realityToRecord(plan, existing)) this.reality.set(step.component, step);
    this.state = plan.state;
    return plan;
  }

  submit(request: Request): void {
    if (request.kind === 'schema.install') this.installed.set(request.name, request.spec);
    this.cells.submit(request);
  }

  /** What is declared now. */
  read(): StateModel | undefined {
    if (this.state === undefined) return undefined;
    const { components } = readTemplate(this.cells, this.state);
    const ids = new Set(components.map((c) => c.id));
    return { state: this.state, components, reality: [...this.reality.values()].filter((r) => ids.has(r.component)) };
  }
}

export function named(model: StateModel, name: string): StateComponent {
  const found = model.components.find((c) => c.name === name);
  if (found === undefined) throw new Error(`no component ${name} in ${model.components.map((c) => c.name).join(', ')}`);
  return found;
}

export function domainOf(model: StateModel, name: string): JsonObject {
  return named(model, name).domain as JsonObject;
}

export function terraformOf(model: StateModel, name: string): JsonObject {
  return (named(model, name).metadata as JsonObject)['terraform'] as JsonObject;
}

export function realityOf(model: StateModel, name: string): StateModel['reality'][number] {
  return model.reality.find((r) => r.component === named(model, name).id)!;
}

export function follow(model: StateModel, name: string, path: string): Json {
  return { $source: { component: named(model, name).id, path } };
}

export interface Given {
  readonly type: string;
  readonly name: string;
  readonly attributes?: JsonObject;
  readonly dependencies?: readonly string[];
  readonly [more: string]: unknown;
}

const resourceMembers = ['type', 'name', 'mode', 'module', 'provider', 'each'];

/** A state file of version 4, each resource with one instance unless it says `instances`. */
export function stateOf(resources: readonly Given[], head: JsonObject = {}): string {
  return JSON.stringify({
    version: 4,
    terraform_version: '1.9.0',
    serial: 7,
    lineage: 'aaaa-bbbb',
    ...head,
    resources: resources.map(({ instances, ...r }) => {
      const of = (inside: boolean) =>
        Object.fromEntries(Object.entries(r).filter(([k]) => resourceMembers.includes(k) === inside));
      return { mode: 'managed', ...of(true), instances: instances ?? [of(false)] };
    }),
  });
}

/** Imports, reads back, imports again: nothing to do, and the same from the start. */
export function importTwice(text: string, catalogue?: SpecOf): ImportPlan {
  const scene = new Scene(catalogue);
  const plan = scene.import(text);
  const sorted = (m: StateModel) => [...m.components].sort((a, b) => (a.id < b.id ? -1 : 1));
  expect(sorted(scene.read()!).map((c) => [c.id, c.name, c.domain, [...c.dependsOn].sort()])).toEqual(
    sorted(plan).map((c) => [c.id, c.name, c.domain, c.dependsOn]),
  );
  expect(scene.steps(text)).toEqual({ requests: [], reality: [] });
  expect(new Scene(catalogue).plan(text)).toEqual(plan);
  return plan;
}

/** Leaves of the file that are neither in a component, nor in what is recorded, nor told. Null says that nothing is set. */
export function lostLeaves(text: string, plan: ImportPlan): string[] {
  const there = new Set<string>();
  const texts: string[] = [];
  const collect = (json: Json): void => {
    if (json !== null && typeof json === 'object') Object.values(json).forEach(collect);
    else {
      there.add(String(json));
      if (typeof json === 'string') texts.push(json);
    }
  };
  for (const c of plan.components) {
    collect([c.name, c.domain, c.metadata ?? null]);
    // What is kept as text is there as well.
    const own = isObject(c.metadata) ? c.metadata['terraform'] : undefined;
    const encoded = isObject(own) ? (own['encoded'] as readonly { json: string }[] | undefined) : undefined;
    for (const e of encoded ?? []) collect(JSON.parse(e.json) as Json);
  }
  for (const r of plan.reality) collect([r.resourceId, r.payload]);
  // Documents are no text any more.
  const documents = (value: string): boolean => {
    try {
      const leaves = new Set<string>();
      const walk = (json: Json): void => {
        if (json !== null && typeof json === 'object') Object.values(json).forEach(walk);
        else leaves.add(String(json));
      };
      walk(JSON.parse(value) as Json);
      return /^\s*\{/.test(value) && [...leaves].every((leaf) => there.has(leaf));
    } catch {
      return false;
    }
  };
  const told = plan.report.notes.map((note) => note.path);
  const isTold = (at: string) => told.some((path) => at === path || at.startsWith(`${path}/`));
  const lost: string[] = [];
  const walk = (json: Json, at: string, name: string): void => {
    // These only say what is secret.
    if (name === 'sensitive_attributes' || name === 'sensitive_values') return;
    if (json !== null && typeof json === 'object') {
      for (const [key, member] of Object.entries(json)) walk(member, at + pointerOf([key]), key);
      return;
    }
    if (json === null || there.has(String(json)) || isTold(at)) return;
    // Module, type and name are parts of the address; a type is its schema.
    if (/^(module|type|name|index_key|index|address|mode)$/.test(name)) {
      if (name === 'mode' || texts.some((t) => t.includes(String(json)) || t.includes(JSON.stringify(json)))) return;
    }
    if (typeof json === 'string' && documents(json)) return;
    lost.push(`${at}: ${JSON.stringify(json)}`);
  };
  walk(JSON.parse(text) as Json, '', '');
  return lost;
}
