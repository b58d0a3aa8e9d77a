// From a template to the components that it consists of. Sections become components member by member; every reference
// becomes a subscription; what cannot be live is kept and reported. The same template gives the same plan, also beside
// an earlier import, whose component ids it takes over. Making the plan true is `requests.ts`.

import type { ComponentId } from '../../base/ids.ts';
import { checkJson, isObject, type Json, type JsonObject } from '../../base/json.ts';
import { ok, type Result, refuse } from '../../base/result.ts';
import { pointerOf } from '../../model/path.ts';
import type { VariantSpec } from '../../model/schema.ts';
import { componentName, componentOf, type Entry, isEntry, member, withEdges } from './entry.ts';
import { Translator } from './intrinsics.ts';
import {
  annotationsOf,
  type ComponentSection,
  componentSections,
  type ImportPlan,
  logicalIdFrom,
  type TemplateComponent,
  type TemplateModel,
  type Unrepresented,
} from './model.ts';
import { EntryPlain, type Spelling, Spellings, spellingsByEntry } from './plain.ts';
import { ResourceSchemas } from './resource_schemas.ts';
import { builtinSpecs, sectionOfSchema, templateSchemas } from './schemas.ts';
import { Scope } from './scope.ts';
import { templateComponent } from './template_component.ts';

export interface ImportOptions {
  readonly template: Json;
  /** As `parseSpelled` answers them. */
  readonly spellings?: readonly Spelling[];
  /** Name of the template's component. */
  readonly name: string;
  /** The schema of a type, installed or described by a catalogue; undefined where there is none. */
  readonly specOf: (type: string) => VariantSpec | undefined;
  /** The id of the template's component, and of the member with a key of its own. */
  readonly newId: (member?: { readonly template: ComponentId; readonly key: string }) => ComponentId;
  /** What an earlier import of the same template has become. */
  readonly existing?: TemplateModel;
}

/** Nesting of a template; calls nest deeper than the functions they stand for. */
const templateDepthMax = 40;

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
  const templateId = options.existing?.template ?? options.newId();
  const idOf = (key: string): ComponentId => known.get(key)?.id ?? options.newId({ template: templateId, key });
  const pseudoKey = keyOf('', '', templateSchemas.pseudoParameters);
  const pseudoId = idOf(pseudoKey);
  const importedKey = keyOf('', '', templateSchemas.importedValues);
  const importedId = idOf(importedKey);
  const spellings = spellingsByEntry(options.spellings ?? [], entryPointers(template));
  const own = spellings.get('') ?? [];
  const mapped = new Spellings(own).mappings(member(template, 'Mappings') ?? null, '/Mappings');
  const mappings = isObject(mapped) ? Object.keys(mapped) : [];
  const scope = new Scope({ template: templateId, pseudo: pseudoId, imported: importedId }, mappings);
  const types = new ResourceSchemas(options.specOf);
  const entries = entriesOf(template, { scope, types, idOf, spellings });

  const templateUnrepresented: Unrepresented[] = [];
  const planned = withOwnNames(entries.map(componentOf));
  const linked = planned.map((component, i) => withEdges(component, entries[i]!, scope));
  // What stands in these is said by people and no template.
  const beside = (id: ComponentId, schema: string, what: string): TemplateComponent => ({
    id,
    schema,
    name: `${options.name} ${what}`,
    domain: {},
    flags: [],
    dependsOn: [],
  });
  const pseudo = known.get(pseudoKey) ?? beside(pseudoId, templateSchemas.pseudoParameters, 'pseudo parameters');
  const imported = known.get(importedKey) ?? beside(importedId, templateSchemas.importedValues, 'imported values');
  const components = [
    templateComponent(templateId, options.name, template, {
      unrepresented: templateUnrepresented,
      spellings: own,
    }),
    pseudo,
    ...(scope.importsValues || known.has(importedKey) ? [imported] : []),
    ...linked.map((c) => keepValue(c, known.get(identity(c)))),
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
      dependsOn: linked.reduce((n, c) => n + c.dependsOn.length, 0),
      unrepresented: [...templateUnrepresented, ...entries.flatMap((e) => e.translator.unrepresented)],
    },
  });
}

/** People look components up by name: an output that is called like something else says that it is the output. */
function withOwnNames(components: readonly TemplateComponent[]): TemplateComponent[] {
  const isOutput = (c: TemplateComponent) => c.schema === templateSchemas.output;
  const others = new Set(components.filter((c) => !isOutput(c)).map((c) => c.name));
  return components.map((c) =>
    isOutput(c) && others.has(c.name) ? { ...c, name: componentName(c.name, ' (output)') } : c,
  );
}

function count(entries: readonly Entry[], section: ComponentSection): number {
  return entries.filter((e) => e.section === section).length;
}

/** What makes a component the same one at the next import. */
function keyOf(section: string, name: string, schema: string): string {
  return JSON.stringify([section, name, schema]);
}

function identity(component: TemplateComponent): string {
  const { pseudoParameters, importedValues } = templateSchemas;
  if (component.schema === pseudoParameters || component.schema === importedValues)
    return keyOf('', '', component.schema);
  // One that was added by hand is taken for the member that an export makes of it.
  const { section = sectionOfSchema(component.schema), logicalId = logicalIdFrom(component.name) } =
    annotationsOf(component);
  return keyOf(section, logicalId, component.schema);
}

/** The members of the sections that are components, all names known to `scope` before any is translated. */
function entriesOf(
  template: JsonObject,
  deps: {
    scope: Scope;
    types: ResourceSchemas;
    idOf: (key: string) => ComponentId;
    spellings: ReadonlyMap<string, readonly Spelling[]>;
  },
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
      const at = pointerOf([section, name]);
      const spellings = deps.spellings.get(at) ?? [];
      const plain = new EntryPlain(spellings, section, member(json, 'Type'));
      const translator = new Translator(scope, { user: id, entry: at, plain });
      out.push({ section, name, id, ...type, json, translator, spellings });
    }
  }
  return out;
}

/** Pointers of the members of sections that are components. */
function entryPointers(template: JsonObject): Set<string> {
  return new Set(
    componentSections.flatMap((section) =>
      membersOf(template, section).flatMap(([name, json]) =>
        isEntry(section, name, json) ? [pointerOf([section, name])] : [],
      ),
    ),
  );
}

function membersOf(template: JsonObject, section: string): [string, Json][] {
  const members = Object.hasOwn(template, section) ? template[section] : undefined;
  return isObject(members) ? Object.entries(members) : [];
}

/** A parameter's value is set by people, not by the template: an import leaves it. */
function keepValue(component: TemplateComponent, before: TemplateComponent | undefined): TemplateComponent {
  if (component.schema !== templateSchemas.parameter || before === undefined) return component;
  const value = member(before.domain, 'Value');
  if (value === undefined) return component;
  return { ...component, domain: { ...(component.domain as JsonObject), Value: value } };
}
