// From the components of a template back to the template: the inverse of `import.ts`, also after people have edited
// values, linked resources by hand, deleted some and added others. What a template cannot say is noted, never silent.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { ok, type Result, refuse } from '../../base/result.ts';
import { pointerOf } from '../../model/path.ts';
import type { Input } from '../../mutation/request.ts';
import { flagsOf } from './entry.ts';
import {
  type Annotations,
  annotationsOf,
  type ComponentSection,
  logicalIdFrom,
  type TemplateComponent,
  type TemplateModel,
  type Unrepresented,
} from './model.ts';
import { type Spelling, Spellings, unspelled } from './plain.ts';
import { sectionOfSchema, templateSchemas } from './schemas.ts';
import { Speller, type Written } from './spell.ts';

export interface Exported {
  readonly template: JsonObject;
  /** What had no form in the template, by pointer. */
  readonly notes: readonly Unrepresented[];
  /** Plain scalars of the original that the template still has: for `printTemplate`. */
  readonly spellings: readonly Spelling[];
}

/** The template alone. Refuses `component_not_found` when the model has no component of the template itself. */
export function exportTemplate(model: TemplateModel): Result<JsonObject> {
  const exported = exportWithNotes(model);
  return exported.ok ? ok(exported.value.template) : exported;
}

export function exportWithNotes(model: TemplateModel): Result<Exported> {
  const root = model.components.find((c) => c.id === model.template);
  if (root === undefined) {
    return refuse('component_not_found', {
      path: model.template,
      expected: 'the component of the template',
      got: `${model.components.length} others`,
      hint: 'export the component that the import made for the template',
    });
  }
  const names = namesOf(model);
  const notes: Unrepresented[] = [];
  const spellings: Spelling[] = [...(annotationsOf(root).plain ?? [])];
  const sections = new Map<string, Map<string, Json>>();
  const sectionOf = (name: string): Map<string, Json> => {
    const known = sections.get(name) ?? new Map<string, Json>();
    sections.set(name, known);
    return known;
  };
  const head = templateSections(root);
  for (const name of head.sections) sectionOf(name);
  for (const [section, members] of Object.entries(head.entries)) {
    if (isObject(members)) for (const [name, json] of Object.entries(members)) sectionOf(section).set(name, json);
  }
  for (const component of model.components) {
    const written = names.get(component.id);
    if (written === undefined || noSections.includes(written.section)) continue;
    const writer = new EntryWriter(component, written, names);
    sectionOf(written.section).set(written.logicalId, writer.entry());
    for (const [name, json] of writer.speller.conditions) sectionOf('Conditions').set(name, json);
    notes.push(...writer.speller.notes);
    const at = pointerOf([written.section, written.logicalId]);
    for (const spelling of annotationsOf(component).plain ?? []) spellings.push({ ...spelling, at: at + spelling.at });
  }
  const template = {
    ...head.literal,
    ...Object.fromEntries([...sections].map(([name, members]) => [name, Object.fromEntries(members)])),
  };
  const live = decode(inUsualOrder(template), annotationsOf(root));
  const { template: written, used } = unspelled(live, new Spellings(spellings));
  return ok({ template: written, notes, spellings: used });
}

/** Components that are written nowhere, or all over the template. */
const noSections: readonly string[] = ['Template', 'PseudoParameters', 'ImportedValues'];

const usualOrder = [
  'AWSTemplateFormatVersion',
  'Transform',
  'Description',
  'Metadata',
  'Parameters',
  'Rules',
  'Mappings',
  'Conditions',
  'Resources',
  'Outputs',
];

function inUsualOrder(template: JsonObject): JsonObject {
  const rank = (name: string) => (usualOrder.includes(name) ? usualOrder.indexOf(name) : usualOrder.length);
  return Object.fromEntries(Object.entries(template).sort(([a], [b]) => rank(a) - rank(b)));
}

/** What the template's own component holds, nothing of it live. */
function templateSections(root: TemplateComponent): {
  literal: JsonObject;
  entries: JsonObject;
  sections: readonly string[];
} {
  const written = new Speller(new Map(), [], { section: 'Template', logicalId: '' }).value(root.domain, '');
  const { Sections: other, Entries: entries, ...own } = isObject(written) ? written : {};
  return {
    literal: { ...own, ...(isObject(other) ? other : {}) },
    entries: isObject(entries) ? entries : {},
    sections: annotationsOf(root).sections ?? [],
  };
}

/** What every component is called: as imported, or after its name, made unique, for one added by hand. */
function namesOf(model: TemplateModel): Map<ComponentId, Written> {
  const out = new Map<ComponentId, Written>();
  // A template may use a name in two sections; names made here are new in all of them.
  const taken = new Set<string>();
  const everywhere = new Set<string>();
  const key = (section: string, name: string) => `${section}/${name}`;
  const add = (component: TemplateComponent, section: string, logicalId: string): void => {
    taken.add(key(section, logicalId));
    everywhere.add(logicalId);
    const { reference } = annotationsOf(component);
    out.set(component.id, { section, logicalId, ...(typeof reference === 'string' ? { reference } : {}) });
  };
  const unnamed: [TemplateComponent, string][] = [];
  for (const component of model.components) {
    const section = sectionOfSchema(component.schema);
    const name = annotationsOf(component).logicalId;
    // A copy of a component has the same annotations: the first keeps the name.
    if (typeof name === 'string' && !taken.has(key(section, name))) add(component, section, name);
    else unnamed.push([component, section]);
  }
  for (const [component, section] of unnamed) {
    const base = logicalIdFrom(component.name) || section.slice(0, -1);
    let name = base;
    for (let n = 2; everywhere.has(name); n++) name = `${base}${n}`;
    add(component, section, name);
  }
  return out;
}

/** Writes one member of a section. */
class EntryWriter {
  readonly speller: Speller;
  private readonly component: TemplateComponent;
  private readonly written: Written;
  private readonly note: Annotations;
  private readonly names: ReadonlyMap<ComponentId, Written>;

  constructor(component: TemplateComponent, written: Written, names: ReadonlyMap<ComponentId, Written>) {
    this.component = component;
    this.written = written;
    this.names = names;
    this.note = annotationsOf(component);
    this.speller = new Speller(names, this.note.spelling ?? [], written);
  }

  entry(): Json {
    const written = this.unencoded();
    return isObject(written) ? decode(written, this.note) : written;
  }

  private unencoded(): Json {
    const { component, speller, note } = this;
    switch (this.written.section as ComponentSection) {
      case 'Conditions': {
        const result = isObject(component.domain) ? component.domain['Result'] : undefined;
        const input = result === undefined ? note.properties?.['Result'] : result;
        if (input === undefined) return whole(note);
        const value = speller.operand(input, '');
        return value === undefined ? { Ref: 'AWS::NoValue' } : value;
      }
      case 'Parameters': {
        const { Value: _value, ...body } = this.body('');
        return { ...body, ...this.attributes() };
      }
      case 'Outputs':
        return { ...this.body(''), ...this.condition(), ...this.attributes() };
      case 'Resources':
        return this.resource();
    }
  }

  private resource(): JsonObject {
    const { component, note } = this;
    const { Type: type, ...attributes } = this.attributes();
    const known = component.schema === templateSchemas.untyped ? note.type : component.schema;
    const typed = type === undefined ? known : type;
    const properties = this.body('/Properties');
    const encoded = note.encoded?.some((e) => e.at.startsWith('/Properties/')) === true;
    const shown = Object.keys(properties).length > 0 || note.emptyProperties === true || encoded;
    return {
      ...(typed === undefined ? {} : { Type: typed }),
      ...this.condition(),
      ...this.dependsOn(),
      ...this.deletionPolicy(attributes),
      ...(shown ? { Properties: properties } : {}),
      ...attributes,
      ...this.retainOver(attributes),
    };
  }

  /** The declared tree with what the schema did not take back in its places. */
  private body(at: string): JsonObject {
    const domain = this.component.domain;
    const own =
      this.component.schema === templateSchemas.parameter && isObject(domain) ? without(domain, 'Value') : domain;
    const placed = this.speller.value(own, at);
    const kept = this.note.properties === undefined ? {} : this.speller.value(this.note.properties as Input, at);
    return merged(isObject(placed) ? placed : {}, isObject(kept) ? kept : {});
  }

  private attributes(): JsonObject {
    const written = this.speller.value((this.note.attributes ?? {}) as Input, '');
    return isObject(written) ? written : {};
  }

  /** `Condition`, from what switches the component. One that is no plain condition gets a condition of its own. */
  private condition(): JsonObject {
    const enabled = this.component.enabled;
    if (enabled === undefined || enabled === true) return {};
    const name = this.speller.conditionName(enabled);
    if (name !== undefined) return { Condition: name };
    const expression: Json | undefined =
      enabled === false ? { 'Fn::Equals': ['enabled', 'disabled'] } : this.speller.operand(enabled, '/Condition');
    if (expression === undefined) return {};
    const own = `${this.written.logicalId}Enabled`;
    this.speller.conditions.push([own, expression]);
    return { Condition: own };
  }

  /** `DependsOn` as it was written, less the edges that are gone, with the new ones behind. */
  private dependsOn(): JsonObject {
    const edges = this.component.dependsOn.flatMap((id) => {
      const on = this.names.get(id);
      return on?.section === 'Resources' ? [on.logicalId] : [];
    });
    const as = this.note.dependsOn?.as;
    const other = this.note.dependsOn?.other ?? [];
    const before = (as === undefined ? [] : Array.isArray(as) ? as : [as]) as readonly Json[];
    const stay = before.filter((name) => other.includes(name) || edges.includes(name as string));
    const all = [...stay, ...edges.filter((name) => !stay.includes(name))];
    if (all.length === 0) return Array.isArray(as) && as.length === 0 ? { DependsOn: [] } : {};
    return { DependsOn: all.length === 1 && !Array.isArray(as) ? all[0]! : all };
  }

  /** `DeletionPolicy` as written while the flags are what it stands for; else what the flags stand for. */
  private deletionPolicy(attributes: JsonObject): JsonObject {
    if (Object.hasOwn(attributes, 'DeletionPolicy')) return {};
    const as = this.note.deletionPolicy;
    const flags = this.component.flags;
    const implied = typeof as === 'string' ? flagsOf(as) : [];
    if (flags.length === implied.length && flags.every((flag) => implied.includes(flag)))
      return as === undefined ? {} : { DeletionPolicy: as };
    return flags.length === 0 ? {} : { DeletionPolicy: flags.includes('retain') ? 'Retain' : 'Snapshot' };
  }

  /** A flag set by hand goes before a computed policy. */
  private retainOver(attributes: JsonObject): JsonObject {
    const flags = this.component.flags;
    if (!Object.hasOwn(attributes, 'DeletionPolicy') || flags.length === 0) return {};
    return { DeletionPolicy: flags.includes('retain') ? 'Retain' : 'Snapshot' };
  }
}

function without(map: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => key !== name));
}

/** Both trees as one; where both have a value, the first has it. */
function merged(a: JsonObject, b: JsonObject): JsonObject {
  const out = new Map(Object.entries(a));
  for (const [key, value] of Object.entries(b)) {
    const own = out.get(key);
    if (own === undefined) out.set(key, value);
    else if (isObject(own) && isObject(value)) out.set(key, merged(own, value));
  }
  return Object.fromEntries(out);
}

/** An entry that was kept as text as a whole. */
function whole(note: Annotations): Json {
  const text = note.encoded?.find((e) => e.at === '')?.json;
  return text === undefined ? null : (JSON.parse(text) as Json);
}

/** Puts back the parts that were kept as text, where nothing else stands now. */
function decode(entry: JsonObject, note: Annotations): JsonObject {
  let out = entry;
  for (const { at, json } of note.encoded ?? []) {
    if (at !== '') out = put(out, stepsOf(at), JSON.parse(json) as Json);
  }
  return out;
}

function put(into: JsonObject, steps: readonly string[], value: Json): JsonObject {
  const [first, ...rest] = steps;
  const known = Object.hasOwn(into, first!) ? into[first!] : undefined;
  if (rest.length === 0) return known === undefined ? { ...into, [first!]: value } : into;
  if (known !== undefined && !isObject(known)) return into;
  return { ...into, [first!]: put(known ?? {}, rest, value) };
}

/** The names of a pointer that may hold what a path cannot. */
function stepsOf(at: string): string[] {
  return at
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
