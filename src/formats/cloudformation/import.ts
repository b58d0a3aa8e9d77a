// From a template to the components that it consists of. Sections become components member by member; every reference
// becomes a subscription; what cannot be live is kept and reported. The same template gives the same plan, also beside
// an earlier import, whose component ids it takes over. Making the plan true is `requests.ts`.

import type { ComponentId } from '../../base/ids.ts';
import { checkJson, isObject, type Json, type JsonObject } from '../../base/json.ts';
import { ok, type Result, refuse } from '../../base/result.ts';
import type { ComponentFlag } from '../../model/component.ts';
import { pointerOf } from '../../model/path.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';
import { intrinsicName, Translator } from './intrinsics.ts';
import {
  type Annotations,
  annotationsOf,
  type ComponentSection,
  call,
  componentSections,
  follow,
  type ImportPlan,
  literal,
  type NeededSchema,
  type TemplateComponent,
  type TemplateModel,
  type Unrepresented,
} from './model.ts';
import { keptInput, Placement } from './place.ts';
import { builtinSpecs, specFor, templateCategory, templateSchemas } from './schemas.ts';
import { Scope } from './scope.ts';

export interface ImportOptions {
  readonly template: Json;
  /** Name of the template's component. */
  readonly name: string;
  /** The schema of a type, installed or described by a catalogue; undefined where there is none. */
  readonly specOf: (type: string) => VariantSpec | undefined;
  readonly newId: () => ComponentId;
  /** What an earlier import of the same template has become. */
  readonly existing?: TemplateModel;
}

/** Nesting of a template; calls nest deeper than the functions they stand for. */
const templateDepthMax = 40;
const nameCharsMax = 200;

/** One member of a section on its way to a component. */
interface Entry {
  readonly section: ComponentSection;
  readonly name: string;
  readonly id: ComponentId;
  readonly schema: string;
  readonly spec: VariantSpec;
  readonly json: Json;
  readonly translator: Translator;
}

/** Refuses `request_malformed` and `value_not_storable`; everything else that is JSON gives a plan. */
export function planImport(options: ImportOptions): Result<ImportPlan> {
  const { template } = options;
  const storable = checkJson(template, '', templateDepthMax);
  if (!storable.ok) return storable;
  if (!isObject(template)) {
    return refuse('request_malformed', {
      path: '',
      expected: 'a template: a map of sections',
      got: Array.isArray(template) ? 'a list' : typeof template,
      hint: 'give the whole template',
    });
  }
  const known = new Map(options.existing?.components.map((c) => [identity(c), c]));
  const idOf = (key: string): ComponentId => known.get(key)?.id ?? options.newId();
  const templateId = options.existing?.template ?? options.newId();
  const pseudoKey = keyOf('', '', templateSchemas.pseudoParameters);
  const pseudoId = idOf(pseudoKey);
  const mappings = isObject(template['Mappings']) ? Object.keys(template['Mappings']) : [];
  const scope = new Scope(templateId, pseudoId, mappings);
  const types = new Types(options.specOf);
  const entries = entriesOf(template, { scope, types, idOf });

  const templateUnrepresented: Unrepresented[] = [];
  const planned = entries.map(plan);
  const withEdges = planned.map((component, i) => dependsOn(component, entries[i]!, scope));
  const pseudo = known.get(pseudoKey) ?? {
    id: pseudoId,
    schema: templateSchemas.pseudoParameters,
    name: `${options.name} pseudo parameters`,
    domain: {},
    flags: [],
    dependsOn: [],
  };
  const components = [
    templateComponent(templateId, options.name, template, templateUnrepresented),
    pseudo,
    ...withEdges.map((c) => keepValue(c, known.get(identity(c)))),
  ];
  const sum = (of: (t: Translator) => number) => entries.reduce((n, e) => n + of(e.translator), 0);
  return ok({
    template: templateId,
    components,
    install: types.install(components),
    described: [...types.described],
    report: {
      resources: count(entries, 'Resources'),
      parameters: count(entries, 'Parameters'),
      subscriptions: sum((t) => t.subscriptions),
      functionSubscriptions: sum((t) => t.functionSubscriptions),
      dependsOn: withEdges.reduce((n, c) => n + c.dependsOn.length, 0),
      unrepresented: [...templateUnrepresented, ...entries.flatMap((e) => e.translator.unrepresented)],
    },
  });
}

function count(entries: readonly Entry[], section: ComponentSection): number {
  return entries.filter((e) => e.section === section).length;
}

/** What makes a component the same one at the next import. */
function keyOf(section: string, name: string, schema: string): string {
  return JSON.stringify([section, name, schema]);
}

function identity(component: TemplateComponent): string {
  const { section = '', logicalId = '' } = annotationsOf(component);
  return keyOf(section, logicalId, component.schema);
}

/** The schemas of resource types, each looked up once. */
class Types {
  readonly described = new Set<string>();
  private readonly specOf: ImportOptions['specOf'];
  private readonly specs = new Map<string, VariantSpec>();
  private readonly own = new Set<string>();

  constructor(specOf: ImportOptions['specOf']) {
    this.specOf = specOf;
  }

  /** The schema name and document for a type as written; a type that is no usable name has the untyped schema. */
  of(type: Json | undefined): { schema: string; spec: VariantSpec } {
    const usable =
      typeof type === 'string' &&
      /^[A-Za-z0-9@$_.-]+(::[A-Za-z0-9@$_.-]+)*$/.test(type) &&
      type.length <= nameCharsMax &&
      type !== templateSchemas.untyped &&
      !Object.hasOwn(builtinSpecs, type);
    const schema = usable ? type : templateSchemas.untyped;
    let spec = this.specs.get(schema);
    if (spec === undefined) {
      const described = usable ? this.specOf(schema) : undefined;
      spec = specFor(schema, described);
      this.specs.set(schema, spec);
      (spec === described ? this.described : this.own).add(schema);
    }
    return { schema, spec };
  }

  install(components: readonly TemplateComponent[]): NeededSchema[] {
    const used = new Set(components.map((c) => c.schema));
    const builtin = Object.entries(builtinSpecs).filter(([name]) => used.has(name));
    return [
      ...builtin.map(([name, spec]) => ({ name, category: templateCategory, origin: 'builtin', spec })),
      ...[...this.own].map((name) => ({
        name,
        category: name.includes('::') ? name.split('::').slice(0, -1).join('::') : templateCategory,
        origin: 'builtin',
        spec: this.specs.get(name)!,
      })),
    ];
  }
}

/** The members of the sections that are components, all names known to `scope` before any is translated. */
function entriesOf(
  template: JsonObject,
  deps: { scope: Scope; types: Types; idOf: (key: string) => ComponentId },
): Entry[] {
  const { scope, types, idOf } = deps;
  const out: Entry[] = [];
  const builtinOf = {
    Parameters: templateSchemas.parameter,
    Conditions: templateSchemas.condition,
    Outputs: templateSchemas.output,
  };
  for (const section of componentSections) {
    for (const [name, json] of membersOf(template, section)) {
      if (!isEntry(section, name, json)) continue;
      const type =
        section === 'Resources'
          ? types.of(member(json, 'Type'))
          : { schema: builtinOf[section], spec: builtinSpecs[builtinOf[section]]! };
      const id = idOf(keyOf(section, name, type.schema));
      if (section === 'Resources') scope.addResource(name, id, type.spec);
      if (section === 'Parameters') scope.addParameter(name, id, member(json, 'Type'));
      if (section === 'Conditions') scope.addCondition(name, id);
      out.push({ section, name, id, ...type, json, translator: new Translator(scope, id, pointerOf([section, name])) });
    }
  }
  return out;
}

function membersOf(template: JsonObject, section: string): [string, Json][] {
  const members = Object.hasOwn(template, section) ? template[section] : undefined;
  return isObject(members) ? Object.entries(members) : [];
}

function member(json: Json, name: string): Json | undefined {
  return isObject(json) && Object.hasOwn(json, name) ? json[name] : undefined;
}

/** Loops, includes and broken members are no components. */
function isEntry(section: ComponentSection, name: string, json: Json): boolean {
  if (name.startsWith('Fn::')) return false;
  return section === 'Conditions' || (isObject(json) && intrinsicName(json) === undefined);
}

function plan(entry: Entry): TemplateComponent {
  const placement = new Placement(entry.translator, entry.spec);
  const note: { -readonly [K in keyof Annotations]: Annotations[K] } = {
    section: entry.section,
    logicalId: entry.name,
  };
  const attributes: [string, Input][] = [];
  const keep = (name: string, json: Json): void => {
    const at = pointerOf([name]);
    const placed = placement.attribute(name, json, at);
    if (placed !== undefined) attributes.push([name, placed]);
  };
  const flags: ComponentFlag[] = [];
  let enabled: Input | undefined;
  let domain: Input = {};
  const condition = (json: Json): void => {
    const found =
      typeof json === 'string'
        ? entry.translator.condition(json)
        : { reason: 'Condition takes the name of a condition' };
    if ('input' in found) enabled = found.input;
    else {
      entry.translator.report('/Condition', found.reason);
      keep('Condition', json);
    }
  };
  switch (entry.section) {
    case 'Conditions':
      domain = conditionDomain(entry, placement);
      break;
    case 'Parameters': {
      const { Value: _value, ...body } = entry.json as JsonObject;
      domain = {
        ...(placement.domain(body, '') as JsonObject),
        Value: call('parameterValue', [follow(entry.id, '/domain/Type'), follow(entry.id, '/domain/Default')]),
      };
      if (Object.hasOwn(entry.json as JsonObject, 'Value')) {
        entry.translator.report('/Value', 'the template language has no such member');
        keep('Value', (entry.json as JsonObject)['Value']!);
      }
      break;
    }
    case 'Outputs': {
      const { Condition: _condition, ...body } = entry.json as JsonObject;
      domain = placement.domain(body, '');
      if (Object.hasOwn(entry.json as JsonObject, 'Condition')) condition((entry.json as JsonObject)['Condition']!);
      break;
    }
    case 'Resources':
      for (const [name, json] of Object.entries(entry.json as JsonObject)) {
        if (name === 'Type') {
          if (json !== entry.schema) {
            entry.translator.report('/Type', 'no usable name of a type');
            if (typeof json === 'string') note.type = json;
            else keep('Type', json);
          }
        } else if (name === 'Properties' && isObject(json) && intrinsicName(json) === undefined) {
          if (Object.keys(json).length === 0) note.emptyProperties = true;
          domain = placement.domain(json, '/Properties');
        } else if (name === 'Condition') condition(json);
        else if (name === 'DeletionPolicy' && typeof json === 'string') {
          note.deletionPolicy = json;
          flags.push(...flagsOf(json));
        } else if (name !== 'DependsOn' || !isNames(json)) {
          if (name === 'Properties' || name === 'DependsOn' || name === 'DeletionPolicy') {
            entry.translator.report(pointerOf([name]), `${name} is not of the usual form`);
          }
          keep(name, json);
        }
      }
      break;
  }
  if (attributes.length > 0) note.attributes = Object.fromEntries(attributes);
  const { properties, encoded } = placement.kept;
  if (properties.size > 0) note.properties = keptInput(properties);
  if (encoded.length > 0) note.encoded = encoded;
  if (entry.translator.spelling.length > 0) note.spelling = entry.translator.spelling;
  return {
    id: entry.id,
    schema: entry.schema,
    name: componentName(entry.name),
    domain,
    metadata: { cloudformation: note as unknown as Json },
    ...(enabled === undefined ? {} : { enabled }),
    flags,
    dependsOn: [],
  };
}

function conditionDomain(entry: Entry, placement: Placement): Input {
  const { json, translator } = entry;
  if (isObject(json) && Object.keys(json).length === 1 && typeof json['Condition'] === 'string') {
    const found = translator.condition(json['Condition']);
    if ('input' in found) return { Result: found.input };
    translator.report('', found.reason);
  }
  return placement.member('Result', json, '');
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
function componentName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  const clean = name
    .replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
    .slice(0, nameCharsMax)
    .trim();
  return clean === '' ? 'unnamed' : clean;
}

/** Ordering edges, noted after every reference: a circle is the fault of the edge, which carries no value. */
function dependsOn(component: TemplateComponent, entry: Entry, scope: Scope): TemplateComponent {
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

/** A parameter's value is set by people, not by the template: an import leaves it. */
function keepValue(component: TemplateComponent, before: TemplateComponent | undefined): TemplateComponent {
  if (component.schema !== templateSchemas.parameter || before === undefined) return component;
  const value = member(before.domain, 'Value');
  if (value === undefined) return component;
  return { ...component, domain: { ...(component.domain as JsonObject), Value: value } };
}

const ownSections = ['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Mappings', 'Transform', 'Rules', 'Hooks'];

/** The component of the template itself: sections and entries that are no components. */
function templateComponent(
  id: ComponentId,
  name: string,
  template: JsonObject,
  unrepresented: Unrepresented[],
): TemplateComponent {
  const domain: [string, Input][] = [];
  const other: [string, Input][] = [];
  const entries: [string, Input][] = [];
  const sections: string[] = [];
  const encoded: { at: string; json: string }[] = [];
  const keep = (into: [string, Input][], key: string, json: Json, at: string): void => {
    if (Placement.nameable({ [key]: json })) into.push([key, literal(json)]);
    else encoded.push({ at, json: JSON.stringify(json) });
  };
  for (const [section, json] of Object.entries(template)) {
    const at = pointerOf([section]);
    if (!(componentSections as readonly string[]).includes(section)) {
      if (section === 'Rules') domain.push([section, literal(json)]);
      else keep(ownSections.includes(section) ? domain : other, section, json, at);
    } else if (!isObject(json)) {
      unrepresented.push({ path: at, reason: 'the section is not a map' });
      keep(other, section, json, at);
    } else {
      sections.push(section);
      const rest: [string, Input][] = [];
      for (const [key, entry] of Object.entries(json)) {
        if (isEntry(section as ComponentSection, key, entry)) continue;
        unrepresented.push({ path: at + pointerOf([key]), reason: 'no component: a loop, a macro or not a map' });
        keep(rest, key, entry, at + pointerOf([key]));
      }
      if (rest.length > 0) entries.push([section, Object.fromEntries(rest)]);
    }
  }
  if (other.length > 0) domain.push(['Sections', Object.fromEntries(other)]);
  if (entries.length > 0) domain.push(['Entries', Object.fromEntries(entries)]);
  const note: Annotations = { sections, ...(encoded.length > 0 ? { encoded } : {}) };
  return {
    id,
    schema: templateSchemas.template,
    name: componentName(name),
    domain: Object.fromEntries(domain),
    metadata: { cloudformation: note as unknown as Json },
    flags: [],
    dependsOn: [],
  };
}
