// One template from import to nothing: given its parameters, applied, compared with what the cloud has, taken away.

import { differences } from '../../src/actions/drift.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { isObject } from '../../src/base/json.ts';
import { must } from '../../src/base/result.ts';
import type { ImportReply } from '../../src/engine/template.ts';
import { parseTemplate } from '../../src/formats/cloudformation/parse.ts';
import { sectionOfSchema, templateSchemas } from '../../src/formats/cloudformation/schemas.ts';
import { pointerOf } from '../../src/model/path.ts';
import { update } from '../cloud/world.ts';
import { type AwsHouse, catalogue, region, secret } from './aws_house.ts';

/** The component of a resource of the template. */
interface Member {
  readonly id: string;
  readonly name: string;
  readonly schema: string;
}

export class TemplateRun {
  readonly a: AwsHouse;
  readonly template: JsonObject;
  readonly text: string;
  readonly #name: string;
  /** Effects before. */
  #from = 0;

  constructor(a: AwsHouse, name: string, text: string) {
    this.a = a;
    this.text = text;
    this.template = must(parseTemplate(text)) as JsonObject;
    this.#name = name;
  }

  get resources(): { readonly [name: string]: JsonObject } {
    return this.template['Resources'] as { readonly [name: string]: JsonObject };
  }

  /** Answers why parts of it cannot be made, each with the names of the resources; none: all that is to be there is. */
  async apply(): Promise<string[]> {
    this.#from = (await this.a.cloud.effects()).length;
    const changeSet = await this.a.open(this.#name);
    const what = { name: this.#name, text: this.text };
    const imported = await this.a.call<ImportReply>('import.cloudformation', { changeSet, ...what });
    await this.#giveParameters(changeSet);
    await this.a.call('secret.use', { changeSet, secret });
    const review = await this.a.call<{ notPlanned: { sentence: string }[] }>('change_set.review', { changeSet });
    const open = await this.a.applied(changeSet);
    const why = new Set<string>();
    const disabled = new Set<string>();
    for (const { sentence } of review.notPlanned) {
      const [, name] = /^create of (.*): the component is disabled$/.exec(sentence) ?? [];
      if (name === undefined) why.add(sentence);
      else disabled.add(name);
    }
    for (const action of open)
      if (action.failure !== null) why.add(`${action.componentName}: ${action.failure.message}`);
    for (const { path, reason } of imported.unrepresented)
      if (path.startsWith('/Resources/')) why.add(`${path}: ${reason}`);
    for (const { name, schema } of await this.members())
      if ((catalogue.load(schema)?.primaryIdentifier ?? []).length === 0)
        why.add(`${name}: Cloud Control has no ${schema}`);
    // Nothing is said to be there that is not.
    for (const { id, name } of why.size === 0 ? await this.members() : [])
      if (!disabled.has(name) && (await this.a.resourceId(id)) === undefined) why.add(`${name}: it was not made`);
    return [...why];
  }

  async members(): Promise<Member[]> {
    return (await this.a.components()).filter((c) => sectionOfSchema(c.schema) === 'Resources');
  }

  /** What a person is asked for: parameters without a default. */
  async #giveParameters(changeSet: string): Promise<void> {
    const given = isObject(this.template['Parameters']) ? this.template['Parameters'] : {};
    const all = await this.a.components(changeSet);
    const mutations: Json[] = all
      .filter((c) => c.schema === templateSchemas.pseudoParameters)
      .map(({ id }) => ({ kind: 'attribute.set', component: id, path: '/domain/Region', value: region }));
    // Of what was given to parameters follows what is imported.
    const values = new Map<string, Json>(
      Object.entries(given).map(([name, p]) => [name, givenTo(name, p as JsonObject)]),
    );
    for (const { id } of all.filter((c) => c.schema === templateSchemas.importedValues))
      for (const [name, value] of Object.entries(importedIn(this.template, values)))
        mutations.push({ kind: 'attribute.set', component: id, path: pointerOf(['domain', 'Values', name]), value });
    for (const { id, name, schema } of all) {
      const parameter = schema === templateSchemas.parameter ? (given[name] as JsonObject) : undefined;
      if (parameter === undefined || Object.hasOwn(parameter, 'Default')) continue;
      mutations.push({ kind: 'attribute.set', component: id, path: '/domain/Value', value: valueFor(name, parameter) });
    }
    await this.a.call('submit', { changeSet, mutations });
  }

  /** Effects of this run: operation, type and identifier. */
  async effects(): Promise<string[]> {
    return (await this.a.cloud.effects()).slice(this.#from);
  }

  /** Pairs of resources of which the first is made of the second and was made earlier. */
  async wrongOrder(): Promise<string[]> {
    const created = (await this.effects()).filter((e) => e.startsWith('CREATE '));
    const placeOf = new Map<string, number>();
    for (const { id, name, schema } of await this.members()) {
      const identifier = await this.a.resourceId(id);
      if (identifier !== undefined) placeOf.set(name, created.indexOf(`CREATE ${schema} ${identifier}`));
    }
    const wrong: string[] = [];
    for (const [name, entry] of Object.entries(this.resources))
      for (const needed of usedIn(entry)) {
        const [mine, first] = [placeOf.get(name), placeOf.get(needed)];
        if (mine !== undefined && first !== undefined && mine < first) wrong.push(`${name} before ${needed}`);
      }
    return wrong;
  }

  /** Number of resources whose order is given by a reference: that `wrongOrder` looked at something. */
  references(): number {
    const names = Object.keys(this.resources);
    return Object.values(this.resources).reduce(
      (n, e) => n + [...usedIn(e)].filter((u) => names.includes(u)).length,
      0,
    );
  }

  /** Paths at which resources are not as declared. */
  async drift(): Promise<string[]> {
    const out: string[] = [];
    for (const { id, name, schema } of await this.members()) {
      const spec = catalogue.load(schema);
      const { domain, resource } = await this.a.seen(id);
      const payload = (resource as JsonObject | undefined)?.['payload'];
      if (spec === undefined || payload === undefined) continue;
      out.push(...differences({ spec, inputs: domain ?? {}, payload: payload as Json }).map((d) => `${name}${d.path}`));
    }
    return out;
  }

  /**
   * Changes one property of one resource at the cloud, as somebody would by hand: a truth, a number or a text that is declared and
   * may be updated. Answers where; undefined: there is none.
   */
  async changeByHand(): Promise<{ readonly id: string; readonly name: string; readonly path: string } | undefined> {
    for (const { id, name, schema } of await this.members()) {
      const identifier = await this.a.resourceId(id);
      const { domain } = await this.a.seen(id);
      if (identifier === undefined || !isObject(domain)) continue;
      for (const [property, value] of Object.entries(domain)) {
        const other = anotherThan(value);
        if (other === undefined) continue;
        const patch = [{ op: 'replace', path: pointerOf([property]), value: other }];
        // What may not be changed, the cloud refuses.
        const done = await update(this.a.cloud.client(), schema, identifier, patch).catch((e: Error) => {
          if (!refusals.includes(e.name)) throw e;
        });
        if (done?.OperationStatus === 'SUCCESS') return { id, name, path: pointerOf(['domain', property]) };
      }
    }
    return undefined;
  }

  /** Identifiers that were made and are still there. */
  async left(): Promise<string[]> {
    const there = new Set<string>();
    for (const effect of await this.effects()) {
      const [operation, ...what] = effect.split(' ');
      if (operation === 'DELETE') there.delete(what.join(' '));
      else there.add(what.join(' '));
    }
    return [...there];
  }
}

const refusals = ['ValidationException', 'InvalidRequestException', 'NotUpdatableException'];

function anotherThan(value: Json): Json | undefined {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  return typeof value === 'string' ? `${value}x` : undefined;
}

/** Names of what an entry refers to or depends on. */
function usedIn(entry: JsonObject): Set<string> {
  const out = new Set<string>();
  const walk = (json: Json): void => {
    if (Array.isArray(json)) for (const x of json) walk(x as Json);
    else if (isObject(json)) {
      const { Ref: ref, 'Fn::GetAtt': att, 'Fn::Sub': sub } = json;
      if (typeof ref === 'string') out.add(ref);
      if (att !== undefined) out.add(String(Array.isArray(att) ? att[0] : att).split('.')[0]!);
      const text = Array.isArray(sub) ? sub[0] : sub;
      for (const [, name] of typeof text === 'string' ? text.matchAll(/\$\{([^!}.]+)[^}]*\}/g) : []) out.add(name!);
      for (const x of Object.values(json)) walk(x as Json);
    }
  };
  walk(entry['Properties'] ?? null);
  const { DependsOn: depends = [] } = entry as { readonly DependsOn?: Json };
  for (const name of Array.isArray(depends) ? depends : [depends]) out.add(String(name));
  return out;
}

const givenTo = (name: string, parameter: JsonObject): Json =>
  Object.hasOwn(parameter, 'Default') ? parameter['Default']! : valueFor(name, parameter);

/** What other stacks would export, by the names under which the template asks for it. */
function importedIn(template: Json, values: ReadonlyMap<string, Json>): JsonObject {
  const names = new Set<string>();
  const textOf = (json: Json): string => {
    if (!isObject(json)) return String(json);
    const { Ref: ref, 'Fn::Sub': sub, 'Fn::Join': join } = json;
    if (ref !== undefined) return String(values.get(String(ref)));
    if (typeof sub === 'string') return sub.replace(/\$\{(\w+)\}/g, (_, name) => String(values.get(name)));
    const [between, parts] = join as unknown as [string, Json[]];
    return parts.map(textOf).join(between);
  };
  const walk = (json: Json): void => {
    if (Array.isArray(json)) for (const x of json) walk(x as Json);
    else if (isObject(json)) {
      if (json['Fn::ImportValue'] !== undefined) names.add(textOf(json['Fn::ImportValue']));
      for (const x of Object.values(json)) walk(x as Json);
    }
  };
  walk(template);
  return Object.fromEntries([...names].map((name) => [name, exportedAs(name)]));
}

function exportedAs(name: string): string {
  if (/port/i.test(name)) return '8080';
  return /subnets/i.test(name)
    ? 'subnet-1,subnet-2,subnet-3'
    : `${name.toLowerCase().replace(/[^a-z0-9]/g, '-')}-value`;
}

/** Something that fits the parameter's type and constraints, as a person would give it. */
function valueFor(name: string, parameter: JsonObject): Json {
  const {
    Type: type,
    AllowedValues: allowed,
    MinValue: least,
    MinLength: shortest,
  } = parameter as {
    readonly Type?: string;
    readonly AllowedValues?: readonly Json[];
    readonly MinValue?: Json;
    readonly MinLength?: Json;
  };
  const one = (): Json => {
    if (allowed !== undefined && allowed.length > 0) return allowed[0]!;
    const [, kind] = /AWS::EC2::(\w+)::Id/.exec(String(type)) ?? [];
    if (kind !== undefined) return `${kind.toLowerCase()}-0123456789abcdef0`;
    if (type === 'Number') return Number(least ?? 1);
    if (/cidr/i.test(name)) return '10.1.0.0/16';
    return `${name.toLowerCase().replace(/[^a-z0-9]/g, '')}example`.slice(0, 24).padEnd(Number(shortest ?? 1), 'x');
  };
  const isList = type === 'CommaDelimitedList' || String(type).startsWith('List<');
  return isList ? [1, 2, 3, 4, 5, 6].map((n) => `${String(one()).slice(0, -1)}${n}`) : one();
}
