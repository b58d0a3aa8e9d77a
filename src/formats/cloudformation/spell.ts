// Inputs as the template language writes them: the inverse of `intrinsics.ts`. Conversions are written as if they were
// not there; how a reference was spelled is repeated as long as it still means the same. What follows something outside
// the template, or a function that the language lacks, has no form: it is left out and noted.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { substitutionParts } from '../../builtins/functions/text.ts';
import { parsePointer, pointerOf } from '../../model/path.ts';
import type { Input } from '../../mutation/request.ts';
import { documentSpelling, inlineSpelling } from './intrinsics.ts';
import { referencePath, sourceOf, type Unrepresented } from './model.ts';

/** How a component is called in the template. */
export interface Written {
  readonly section: string;
  readonly logicalId: string;
  /** The reported property that a reference to it gives; absent: the id of the resource. */
  readonly reference?: string;
}

const noValue: Json = { Ref: 'AWS::NoValue' };

function orNoValue(value: Json | undefined): Json {
  return value === undefined ? noValue : value;
}

/** Written as a list of their arguments. */
const listForms: Readonly<Record<string, string>> = {
  join: 'Fn::Join',
  split: 'Fn::Split',
  select: 'Fn::Select',
  cidr: 'Fn::Cidr',
  equals: 'Fn::Equals',
};
const singleForms: Readonly<Record<string, string>> = {
  base64: 'Fn::Base64',
  importValue: 'Fn::ImportValue',
  length: 'Fn::Length',
  toJson: 'Fn::ToJsonString',
  getAzs: 'Fn::GetAZs',
};
const conditionForms: Readonly<Record<string, string>> = { and: 'Fn::And', or: 'Fn::Or', not: 'Fn::Not' };
const transparent: readonly string[] = ['identity', 'toText', 'toInteger', 'toNumber', 'toBoolean', 'toList'];

type Call = { readonly call: string; readonly args: readonly Input[] };
type Follow = { readonly component: string; readonly path: string };

/** Writes the values of one component. `names` are all components of the template that can be referred to. */
export class Speller {
  readonly notes: Unrepresented[] = [];
  private readonly names: ReadonlyMap<ComponentId, Written>;
  private readonly spelling: ReadonlyMap<string, Json>;
  /** Conditions that the component needs beside the template's own: a choice by something that is none of these. */
  readonly conditions: [string, Json][] = [];
  private readonly entry: string;
  private readonly logicalId: string;

  constructor(
    names: ReadonlyMap<ComponentId, Written>,
    spelling: readonly { readonly at: string; readonly as: Json }[],
    written: Written,
  ) {
    this.names = names;
    this.spelling = new Map(spelling.map((s) => [s.at, s.as]));
    this.entry = pointerOf([written.section, written.logicalId]);
    this.logicalId = written.logicalId;
  }

  /** The value in the template; undefined when it has none. `at` is its pointer in the entry. */
  value(input: Input, at: string): Json | undefined {
    if (this.spelling.get(at) === documentSpelling) {
      const printed = this.document(input, at);
      if (printed !== undefined) return printed;
    }
    if (Array.isArray(input)) {
      return input.map((item: Input, i) => this.value(item, `${at}/${i}`)).filter((item) => item !== undefined);
    }
    if (!isObject(input)) return input;
    const source = sourceOf(input);
    if (source === undefined) return this.members(Object.entries(input), at);
    if (!isObject(source)) return undefined;
    if (Object.hasOwn(source, 'value')) return source['value'];
    const called = asCall(source);
    if (called) return this.called(called, at);
    const followed = asFollow(source);
    if (followed) return this.followed(followed, at);
    return this.note(at, 'a secret has no form in a template');
  }

  /** The document behind its text; undefined when it is none any more. */
  private document(input: Input, at: string): Json | undefined {
    const source = sourceOf(input);
    const called = isObject(source) ? asCall(source) : undefined;
    if (called?.call === 'toJson') return this.argument(called.args[0], at);
    if (typeof input !== 'string') return undefined;
    try {
      return JSON.parse(input) as Json;
    } catch {
      // Edited to something else: text as any other.
      return undefined;
    }
  }

  /** A value of a condition: another condition is named. */
  operand(input: Input, at: string): Json | undefined {
    const name = this.conditionName(input);
    return name === undefined ? this.value(input, at) : { Condition: name };
  }

  /** The name of the condition that the input follows as it is. */
  conditionName(input: Input): string | undefined {
    const source = sourceOf(input);
    const followed = isObject(source) ? asFollow(source) : undefined;
    if (followed === undefined || followed.path !== '/domain/Result') return undefined;
    const written = this.names.get(followed.component as ComponentId);
    return written?.section === 'Conditions' ? written.logicalId : undefined;
  }

  private note(at: string, reason: string): undefined {
    this.notes.push({ path: this.entry + at, reason });
    return undefined;
  }

  private members(members: readonly (readonly [string, Input])[], at: string): JsonObject {
    return Object.fromEntries(
      members.flatMap(([key, member]) => {
        const value = this.value(member, at + pointerOf([key]));
        return value === undefined ? [] : [[key, value] as const];
      }),
    );
  }

  private argument(input: Input | undefined, at: string): Json {
    return orNoValue(input === undefined ? undefined : this.value(input, at));
  }

  private followed(source: Follow, at: string): Json | undefined {
    const written = this.names.get(source.component as ComponentId);
    if (written === undefined)
      return this.note(at, `follows ${source.component} ${source.path}, which is not in the template`);
    const steps = parsePointer(source.path);
    if (!steps.ok) return this.note(at, `follows ${source.path}, which is no path`);
    const [root, first, ...rest] = steps.value;
    const here = source.path;
    switch (written.section) {
      case 'Parameters':
      case 'PseudoParameters':
        if (written.section === 'Parameters' ? here === '/domain/Value' : root === 'domain' && rest.length === 0) {
          return { Ref: written.section === 'Parameters' ? written.logicalId : `AWS::${first}` };
        }
        break;
      case 'ImportedValues':
        if (root === 'domain' && first === 'Values' && rest.length === 1) return { 'Fn::ImportValue': rest[0]! };
        break;
      case 'Conditions':
        if (here === '/domain/Result') return { 'Fn::If': [written.logicalId, true, false] };
        break;
      case 'Template':
        if (root === 'domain' && first === 'Mappings' && rest.length === 3) return { 'Fn::FindInMap': rest };
        break;
      case 'Resources': {
        if (here === '/si/resourceId' || here === referencePath(written.reference)) return { Ref: written.logicalId };
        if ((root !== 'resource_value' && root !== 'domain') || first === undefined) break;
        return { 'Fn::GetAtt': this.attribute(written.logicalId, [first, ...rest].join('.'), at) };
      }
      default:
        break;
    }
    return this.note(at, `follows ${here} of ${written.logicalId}, which a template cannot refer to`);
  }

  /** `[resource, attribute]`, or as it was written if that still means the same. */
  private attribute(resource: string, attribute: string, at: string): Json {
    const as = this.spelling.get(at);
    const dotted = Array.isArray(as) ? as.join('.') : as;
    return as !== undefined && dotted === `${resource}.${attribute}` ? as : [resource, attribute];
  }

  private called({ call: name, args }: Call, at: string): Json | undefined {
    const inside = (form: string, i?: number) => `${at}${pointerOf([form])}${i === undefined ? '' : `/${i}`}`;
    if (transparent.includes(name)) return args[0] === undefined ? undefined : this.value(args[0], at);
    if (Object.hasOwn(listForms, name)) {
      const form = listForms[name]!;
      return { [form]: args.map((arg, i) => this.argument(arg, inside(form, i))) };
    }
    if (Object.hasOwn(singleForms, name))
      return { [singleForms[name]!]: this.argument(args[0], inside(singleForms[name]!)) };
    if (Object.hasOwn(conditionForms, name)) {
      const form = conditionForms[name]!;
      return { [form]: args.map((arg, i) => orNoValue(this.operand(arg, inside(form, i)))) };
    }
    switch (name) {
      case 'noValue':
        return noValue;
      case 'array':
        return args.map((arg, i) => this.value(arg, `${at}/${i}`)).filter((item) => item !== undefined);
      case 'object':
        return this.members(pairs(args), at);
      case 'sub':
        return this.substitution(args, at, inside('Fn::Sub', 1));
      case 'concat':
        return this.concatenation(args, inside('Fn::Sub', 1));
      case 'if': {
        const condition = this.choice(args[0], inside('Fn::If'));
        if (condition === undefined) return this.note(at, 'what the choice is made by is not in the template');
        return {
          'Fn::If': [
            condition,
            this.argument(args[1], inside('Fn::If', 1)),
            this.argument(args[2], inside('Fn::If', 2)),
          ],
        };
      }
      case 'findInMap':
        return this.findInMap(args, at, (i) => inside('Fn::FindInMap', i));
      default:
        return this.note(at, `the function ${name} has no form in a template`);
    }
  }

  /** What a choice is made by: a condition's name; one written in place stays there, any other gets a name. */
  private choice(input: Input | undefined, at: string): Json | undefined {
    if (input === undefined) return undefined;
    const inline = this.spelling.get(at) === inlineSpelling;
    const name = this.conditionName(input);
    if (name !== undefined) return inline ? { Condition: name } : name;
    const expression = this.operand(input, `${at}/0`);
    if (inline || expression === undefined) return expression;
    const own = `${this.logicalId}Choice${this.conditions.length + 1}`;
    this.conditions.push([own, expression]);
    return own;
  }

  private findInMap(args: readonly Input[], at: string, inside: (i: number) => string): Json | undefined {
    const map = this.mapName(args[0], inside(0));
    if (map === undefined) return this.note(at, 'looks something up outside the mappings of the template');
    const keys = [this.argument(args[1], inside(1)), this.argument(args[2], inside(2))];
    const otherwise =
      args[3] === undefined ? [] : [{ DefaultValue: this.argument(args[3], `${inside(3)}/DefaultValue`) }];
    return { 'Fn::FindInMap': [map, ...keys, ...otherwise] };
  }

  private mapName(input: Input | undefined, at: string): Json | undefined {
    const source = sourceOf(input);
    if (!isObject(source)) return undefined;
    const called = asCall(source);
    if (called?.call === 'get') return this.argument(called.args[1], at);
    const steps = parsePointer(asFollow(source)?.path);
    return steps.ok && steps.value[1] === 'Mappings' && steps.value.length === 3 ? steps.value[2] : undefined;
  }

  /** A text with variables. An implied variable that leads elsewhere than its name says gets the right name. */
  private substitution(args: readonly Input[], at: string, inside: string): Json | undefined {
    const template = args[0];
    if (typeof template !== 'string') return this.note(at, 'the text with the variables is computed');
    const implied = new Map(objectMembers(args[1]));
    const explicit = args[2] === undefined ? undefined : objectMembers(args[2]);
    const defined = new Map(explicit);
    let text = '';
    for (const part of substitutionParts(template)) {
      if (part.text !== undefined) text += part.raw;
      else if (defined.has(part.name)) text += part.raw;
      else {
        const source = implied.get(part.name);
        const name = source === undefined || sourceOf(source) === undefined ? part.name : this.variable(source, inside);
        if (name !== undefined) text += name === part.name ? part.raw : `\${${name}}`;
      }
    }
    return { 'Fn::Sub': explicit === undefined ? text : [text, this.members(explicit, inside)] };
  }

  /** The name under which a source can stand in a text; undefined when it has none. */
  private variable(source: Input, at: string): string | undefined {
    const value = this.value(source, at);
    if (!isObject(value)) return undefined;
    if (typeof value['Ref'] === 'string') return value['Ref'];
    const attribute = value['Fn::GetAtt'];
    return Array.isArray(attribute) ? attribute.join('.') : undefined;
  }

  private concatenation(parts: readonly Input[], inside: string): Json {
    let text = '';
    const variables: [string, Json][] = [];
    for (const part of parts) {
      if (typeof part === 'string') text += part.replaceAll(/\$\{([^{}]*)\}/g, (_all, name) => `\${!${name}}`);
      else if (!isObject(part)) text += String(part);
      else {
        const name = sourceOf(part) === undefined ? undefined : this.variable(part, inside);
        if (name !== undefined) text += `\${${name}}`;
        else {
          variables.push([`Part${variables.length + 1}`, this.argument(part, inside)]);
          text += `\${Part${variables.length}}`;
        }
      }
    }
    return { 'Fn::Sub': variables.length === 0 ? text : [text, Object.fromEntries(variables)] };
  }
}

function asCall(source: JsonObject): Call | undefined {
  const name = source['call'];
  const args = source['args'];
  if (typeof name === 'string') return { call: name, args: Array.isArray(args) ? args : [] };
  // The short form: one function over one source.
  const through = source['func'];
  const { func: _func, ...rest } = source;
  return typeof through === 'string' ? { call: through, args: [{ $source: rest }] } : undefined;
}

function asFollow(source: JsonObject): Follow | undefined {
  const { component, path } = source;
  return typeof component === 'string' && typeof path === 'string' ? { component, path } : undefined;
}

function pairs(args: readonly Input[]): [string, Input][] {
  const out: [string, Input][] = [];
  for (let i = 0; i + 1 < args.length; i += 2) out.push([String(args[i]), args[i + 1]!]);
  return out;
}

/** The members of a map given as a literal or built by `object`. */
function objectMembers(input: Input | undefined): [string, Input][] {
  const source = sourceOf(input);
  if (source === undefined) return isObject(input) ? Object.entries(input) : [];
  if (!isObject(source)) return [];
  if (isObject(source['value'])) return Object.entries(source['value']);
  const called = asCall(source);
  return called?.call === 'object' ? pairs(called.args) : [];
}
