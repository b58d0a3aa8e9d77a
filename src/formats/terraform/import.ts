// From a state to the components that it describes: one for each managed instance, one for the state itself, and what is
// known of the resources. The same state gives the same plan, also beside an earlier import, whose component ids it takes
// over; an instance that has moved to another address is known again by its resource. Making the plan true is
// `requests.ts`; recording the reality is the engine's.

import type { ComponentId } from '../../base/ids.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { pointerOf } from '../../model/path.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';
import { inputOf, isDeclarable, isName } from './declare.ts';
import {
  type Annotations,
  annotationsOf,
  type ImportPlan,
  type Instance,
  type Note,
  type StateComponent,
  type StateFile,
  type StateModel,
} from './model.ts';
import { type Placed, placeGeneric } from './place.ts';
import { awsCounterpartOf, placeAws } from './place_aws.ts';
import { orderedAfterMax, References } from './references.ts';
import { genericName, genericSpec, stateSpec, terraformCategory, terraformSchemas } from './schemas.ts';

export interface ImportOptions {
  readonly file: StateFile;
  /** Name of the state's component. */
  readonly name: string;
  /** A schema by name, installed or described by a catalogue; undefined where there is none. */
  readonly specOf: (schema: string) => VariantSpec | undefined;
  /** The id of the state's component, and of the instance with a key of its own. */
  readonly newId: (member?: { readonly state: ComponentId; readonly key: string }) => ComponentId;
  /** What an earlier import of the same state has become. */
  readonly existing?: StateModel;
}

/** Every file that could be read gives a plan. */
export function planImport(options: ImportOptions): ImportPlan {
  const { file, existing, specOf } = options;
  const described = new Map<string, VariantSpec>();
  const placed = file.instances.map((instance): Placed => {
    const known = awsCounterpartOf(instance);
    const spec = known && (described.get(known.type) ?? specOf(known.type));
    if (known === undefined || spec === undefined || spec.domain.kind !== 'object')
      return placeGeneric(instance, genericName(instance.type));
    described.set(known.type, spec);
    return placeAws(instance, known, spec);
  });
  const state = existing?.state ?? options.newId();
  const idOf = identities(placed, existing);
  const ids = placed.map((p) => idOf(p) ?? options.newId({ state, key: keyOf(p) }));
  const references = new References(placed);
  const notes: Note[] = [...file.notes];
  let subscriptions = 0;
  const components = placed.map((p, i): StateComponent => {
    const linked = new Set<string>();
    const domain = [...p.domain].map(([property, value]): [string, Input] => {
      const isLabel = p.labels.includes(property);
      const link = (text: string): Input | undefined => {
        const target = references.find(p.instance, text, isLabel);
        if (target === undefined) return undefined;
        linked.add(placed[target.index]!.instance.config);
        subscriptions++;
        return { $source: { component: ids[target.index]!, path: target.path } };
      };
      return [property, inputOf(value, link)];
    });
    const after = references.orderedAfter(p.instance, linked);
    notes.push(...p.notes, ...unlinked(p.instance, after.tooMany, references.circular(p.instance)));
    const note = annotate(p);
    notes.push(...note.notes);
    return {
      id: ids[i]!,
      schema: p.schema,
      name: componentName(p.instance.address),
      domain: Object.fromEntries(domain),
      metadata: { terraform: note.annotations as unknown as Json },
      dependsOn: after.edges.map((index) => ids[index]!).sort(),
    };
  });
  const own = stateComponent(state, options.name, file);
  return {
    state,
    components: [own.component, ...components],
    reality: placed.map((p, i) => ({
      component: ids[i]!,
      resourceId: p.resourceId,
      status: p.instance.tainted ? 'warning' : 'ok',
      payload: p.payload,
    })),
    install: schemasOf(placed, described, specOf),
    described: [...described.keys()],
    report: {
      instances: placed.length,
      described: placed.filter((p) => described.has(p.schema)).length,
      subscriptions,
      dependsOn: components.reduce((n, c) => n + c.dependsOn.length, 0),
      dataSources: file.dataSources,
      secrets: file.secrets,
      notes: [...notes, ...own.notes],
    },
  };
}

/** What makes a component the same one at the next import. */
function keyOf(p: Placed): string {
  return JSON.stringify([p.instance.address, p.schema]);
}

/** Components of an earlier import by address; where an address is new, by the resource that had another one. */
function identities(
  placed: readonly Placed[],
  existing: StateModel | undefined,
): (p: Placed) => ComponentId | undefined {
  const byKey = new Map<string, ComponentId>();
  const byResource = new Map<string, ComponentId | undefined>();
  const wanted = new Set(placed.map(keyOf));
  const resourceKey = (schema: string, id: string) => JSON.stringify([schema, id]);
  for (const component of existing?.components ?? []) {
    const { address, id } = annotationsOf(component);
    if (address === undefined) continue;
    const key = JSON.stringify([address, component.schema]);
    byKey.set(key, component.id);
    if (wanted.has(key) || id === undefined) continue;
    const resource = resourceKey(component.schema, id);
    byResource.set(resource, byResource.has(resource) ? undefined : component.id);
  }
  const moved = new Map<string, number>();
  for (const p of placed) {
    if (p.resourceId === null || byKey.has(keyOf(p))) continue;
    const resource = resourceKey(p.schema, p.resourceId);
    moved.set(resource, (moved.get(resource) ?? 0) + 1);
  }
  return (p) => {
    const known = byKey.get(keyOf(p));
    if (known !== undefined || p.resourceId === null) return known;
    const resource = resourceKey(p.schema, p.resourceId);
    return moved.get(resource) === 1 ? byResource.get(resource) : undefined;
  };
}

/** Names are for people: without control characters, not empty, not too long. The address is in the annotations. */
export function componentName(address: string): string {
  const clean = address
    .replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
    .slice(0, limits.nameCharsMax)
    .replace(/[\ud800-\udbff]$/, '')
    .trim();
  return clean === '' ? 'unnamed' : clean;
}

function unlinked(instance: Instance, tooMany: readonly string[], circular: readonly string[]): Note[] {
  return [
    ...tooMany.map((config) => `more than ${orderedAfterMax} instances of ${config}: no order after them`),
    ...circular.map((config) => `${config} depends on it in turn: no reference to it`),
  ].map((reason) => ({ path: instance.at, reason }));
}

function annotate(p: Placed): { annotations: Annotations; notes: Note[] } {
  const { instance } = p;
  const more = declared(instance.more, instance.at, '/more');
  const kept = [...p.kept].map(([name, value]): [string, Input] => [name, plain(value)]);
  const encoded = [...p.encoded, ...more.encoded];
  return {
    annotations: {
      address: instance.address,
      ...(p.schema === terraformSchemas.untyped ? { type: instance.type } : {}),
      ...(p.resourceId === null ? {} : { id: p.resourceId }),
      ...(instance.dependencies.length === 0 ? {} : { dependencies: instance.dependencies }),
      ...(Object.keys(more.input).length === 0 ? {} : { more: more.input }),
      ...(kept.length === 0 ? {} : { attributes: Object.fromEntries(kept) }),
      ...(encoded.length === 0 ? {} : { encoded }),
    },
    notes: more.notes,
  };
}

function plain(json: Json): Input {
  return inputOf(json, () => undefined);
}

/** The members that a path can name as inputs, the others as text. `from`: how their pointers begin in what is kept. */
function declared(
  members: JsonObject,
  at: string,
  from: string,
): { input: { readonly [name: string]: Input }; encoded: { at: string; json: string }[]; notes: Note[] } {
  const input: [string, Input][] = [];
  const encoded: { at: string; json: string }[] = [];
  const notes: Note[] = [];
  for (const [name, value] of Object.entries(members)) {
    if (value === null) continue;
    if (isName(name, 0) && isDeclarable(value, 2 * name.length)) input.push([name, plain(value)]);
    else {
      encoded.push({ at: from + pointerOf([name]), json: JSON.stringify(value) });
      notes.push({
        path: at + pointerOf([name]),
        reason: 'a name in it has control characters or is too long: kept as text',
      });
    }
  }
  return { input: Object.fromEntries(input), encoded, notes };
}

function stateComponent(id: ComponentId, name: string, file: StateFile): { component: StateComponent; notes: Note[] } {
  const head = declared(file.head, '', '/File');
  const outputs = declared(file.outputs, file.form === 'state' ? '/outputs' : '/values/outputs', '/Outputs');
  const encoded = [...head.encoded, ...outputs.encoded];
  return {
    component: {
      id,
      schema: terraformSchemas.state,
      name: componentName(name),
      domain: { File: head.input, Outputs: outputs.input },
      ...(encoded.length === 0 ? {} : { metadata: { terraform: { encoded } } }),
      dependsOn: [],
    },
    notes: [...head.notes, ...outputs.notes],
  };
}

/** Schemas that are missing, or that have to be wider for this state. */
function schemasOf(
  placed: readonly Placed[],
  described: ReadonlyMap<string, VariantSpec>,
  specOf: ImportOptions['specOf'],
): ImportPlan['install'] {
  const generic = new Map<string, JsonObject[]>();
  for (const p of placed) {
    if (described.has(p.schema)) continue;
    const attributes = generic.get(p.schema) ?? [];
    generic.set(p.schema, attributes);
    attributes.push(Object.fromEntries(p.domain));
  }
  const out: { name: string; spec: VariantSpec }[] = [];
  if (specOf(terraformSchemas.state) === undefined) out.push({ name: terraformSchemas.state, spec: stateSpec });
  for (const [name, attributes] of generic) {
    const present = specOf(name);
    const spec = genericSpec(attributes, present);
    if (spec !== present) out.push({ name, spec });
  }
  return out.map((schema) => ({ ...schema, category: terraformCategory, origin: 'user' }));
}
