// One member of a section as a component: its tree by its schema, its annotations, its flags and what switches it. All
// names of the template are known by now (`Scope`). Ordering edges come after every reference of the template.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { unreachable } from '../../base/result.ts';
import type { ComponentFlag } from '../../model/component.ts';
import { pointerOf } from '../../model/path.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';
import { intrinsicName, type Translator } from './intrinsics.ts';
import {
  type Annotations,
  annotationsOf,
  type ComponentSection,
  call,
  follow,
  type TemplateComponent,
} from './model.ts';
import { keptInput, Placement } from './place.ts';
import type { Spelling } from './plain.ts';
import type { Scope } from './scope.ts';

const nameCharsMax = 200;

/** One member of a section on its way to a component. */
export interface Entry {
  readonly section: ComponentSection;
  readonly name: string;
  readonly id: ComponentId;
  readonly schema: string;
  readonly spec: VariantSpec;
  readonly json: Json;
  readonly translator: Translator;
  /** The plain scalars in it that say more than their JSON value. */
  readonly spellings: readonly Spelling[];
}

export function member(json: Json, name: string): Json | undefined {
  return isObject(json) && Object.hasOwn(json, name) ? json[name] : undefined;
}

/** Loops, includes and broken members are no components. */
export function isEntry(section: ComponentSection, name: string, json: Json): boolean {
  if (name.startsWith('Fn::')) return false;
  return section === 'Conditions' || (isObject(json) && intrinsicName(json) === undefined);
}

/** The component, without its ordering edges. */
export function componentOf(entry: Entry): TemplateComponent {
  const reader = new EntryReader(entry);
  switch (entry.section) {
    case 'Conditions':
      return reader.component(reader.conditionDomain());
    case 'Parameters':
      return reader.component(reader.parameterDomain());
    case 'Outputs':
      return reader.component(reader.outputDomain());
    case 'Resources':
      return reader.component(reader.resourceDomain());
    default:
      return unreachable(entry.section);
  }
}

/** Reads one entry; the section's method gives the domain and notes the rest for `component`. */
class EntryReader {
  private readonly entry: Entry;
  private readonly placement: Placement;
  private readonly note: { -readonly [K in keyof Annotations]: Annotations[K] };
  private readonly attributes: [string, Input][] = [];
  private readonly flags: ComponentFlag[] = [];
  private enabled: Input | undefined;

  constructor(entry: Entry) {
    this.entry = entry;
    this.placement = new Placement(entry.translator, entry.spec);
    this.note = { section: entry.section, logicalId: entry.name };
  }

  component(domain: Input): TemplateComponent {
    const { entry, note } = this;
    if (entry.spec.reference !== undefined) note.reference = entry.spec.reference;
    if (this.attributes.length > 0) note.attributes = Object.fromEntries(this.attributes);
    const { properties, encoded } = this.placement.kept;
    if (properties.size > 0) note.properties = keptInput(properties);
    if (encoded.length > 0) note.encoded = encoded;
    if (entry.translator.spelling.length > 0) note.spelling = entry.translator.spelling;
    if (entry.spellings.length > 0) note.plain = entry.spellings;
    return {
      id: entry.id,
      schema: entry.schema,
      name: componentName(entry.name),
      domain,
      metadata: { cloudformation: note as unknown as Json },
      ...(this.enabled === undefined ? {} : { enabled: this.enabled }),
      flags: this.flags,
      dependsOn: [],
    };
  }

  conditionDomain(): Input {
    const { json, translator } = this.entry;
    if (isObject(json) && Object.keys(json).length === 1 && typeof json['Condition'] === 'string') {
      const found = translator.condition(json['Condition']);
      if ('input' in found) return { Result: found.input };
      translator.report('', found.reason);
    }
    return this.placement.member('Result', json, '');
  }

  parameterDomain(): Input {
    const { id, json, translator } = this.entry;
    const { Value: value, ...body } = json as JsonObject;
    if (value !== undefined) {
      translator.report('/Value', 'the template language has no such member');
      this.keep('Value', value);
    }
    return {
      ...(this.placement.domain(body, '') as JsonObject),
      Value: call('parameterValue', [follow(id, '/domain/Type'), follow(id, '/domain/Default')]),
    };
  }

  outputDomain(): Input {
    const { Condition: condition, ...body } = this.entry.json as JsonObject;
    if (condition !== undefined) this.condition(condition);
    return this.placement.domain(body, '');
  }

  resourceDomain(): Input {
    let domain: Input = {};
    for (const [name, json] of Object.entries(this.entry.json as JsonObject)) {
      if (name === 'Properties' && isObject(json) && intrinsicName(json) === undefined) {
        if (Object.keys(json).length === 0) this.note.emptyProperties = true;
        domain = this.placement.domain(json, '/Properties');
      } else if (name === 'Type') this.type(json);
      else if (name === 'Condition') this.condition(json);
      else if (name === 'DeletionPolicy' && typeof json === 'string') {
        this.note.deletionPolicy = json;
        this.flags.push(...flagsOf(json));
      } else if (name !== 'DependsOn' || !isNames(json)) this.attribute(name, json);
    }
    return domain;
  }

  private type(json: Json): void {
    if (json === this.entry.schema) return;
    this.entry.translator.report('/Type', 'no usable name of a type');
    if (typeof json === 'string') this.note.type = json;
    else this.keep('Type', json);
  }

  private condition(json: Json): void {
    const { translator } = this.entry;
    const found =
      typeof json === 'string' ? translator.condition(json) : { reason: 'Condition takes the name of a condition' };
    if ('input' in found) this.enabled = found.input;
    else {
      translator.report('/Condition', found.reason);
      this.keep('Condition', json);
    }
  }

  private attribute(name: string, json: Json): void {
    if (name === 'Properties' || name === 'DependsOn' || name === 'DeletionPolicy') {
      this.entry.translator.report(pointerOf([name]), `${name} is not of the usual form`);
    }
    this.keep(name, json);
  }

  private keep(name: string, json: Json): void {
    const placed = this.placement.attribute(name, json, pointerOf([name]));
    if (placed !== undefined) this.attributes.push([name, placed]);
  }
}

/** The flags that a DeletionPolicy stands for. */
export function flagsOf(policy: string): ComponentFlag[] {
  if (policy === 'Retain' || policy === 'RetainExceptOnCreate') return ['retain'];
  return policy === 'Snapshot' ? ['protect'] : [];
}

function isNames(json: Json): json is string | readonly string[] {
  return typeof json === 'string' || (Array.isArray(json) && json.every((name) => typeof name === 'string'));
}

/** Names are for people: without control characters, not empty, not too long. The exact one is in the annotations. */
export function componentName(name: string, suffix = ''): string {
  const clean = name
    .replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
    .slice(0, nameCharsMax - suffix.length)
    .trim();
  return (clean === '' ? 'unnamed' : clean) + suffix;
}

/** Ordering edges, noted after every reference: a circle is the fault of the edge, which carries no value. */
export function withEdges(component: TemplateComponent, entry: Entry, scope: Scope): TemplateComponent {
  const written = entry.section === 'Resources' ? member(entry.json, 'DependsOn') : undefined;
  if (written === undefined || !isNames(written)) return component;
  const edges: ComponentId[] = [];
  const other: string[] = [];
  const names = typeof written === 'string' ? [written] : written;
  names.forEach((name, i) => {
    const id = scope.resourceId(name);
    const circle = id === undefined ? undefined : scope.use(entry.id, id);
    if (id !== undefined && circle === undefined) {
      if (!edges.includes(id)) edges.push(id);
      return;
    }
    other.push(name);
    const at = typeof written === 'string' ? '/DependsOn' : `/DependsOn/${i}`;
    entry.translator.report(
      at,
      circle === undefined ? `${JSON.stringify(name)} is no resource of the template` : `circular reference: ${circle}`,
    );
  });
  const note: Annotations = { ...annotationsOf(component), dependsOn: { as: written, other } };
  return { ...component, dependsOn: edges, metadata: { cloudformation: note as unknown as Json } };
}
