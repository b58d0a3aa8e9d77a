// The intrinsic functions of the template language as inputs: a reference becomes a source, a function a call of the
// built-in function that does the same. `spell.ts` is the inverse; whatever is written here must be readable there.
// An intrinsic that cannot be live is left as plain data and reported; what stands inside it is then not looked at.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { builtins } from '../../builtins/functions/table.ts';
import { substitutionParts } from '../../builtins/functions/text.ts';
import { pointerOf } from '../../model/path.ts';
import { derefProperty, kindFits, kindOfJson, type Property } from '../../model/property.ts';
import type { Input } from '../../mutation/request.ts';
import { call, isLive, type Kind, kind, literal, type Unrepresented } from './model.ts';
import type { EntryPlain, Wanted } from './plain.ts';
import { isResolved, type Resolved, type Scope, type Unresolved } from './scope.ts';

/** An input with the kind of what it gives. */
export interface Typed {
  readonly input: Input;
  readonly kind: Kind;
}

interface ListShape {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** What the members are needed as; `result`: what the value of the function is needed as. */
  readonly wants: readonly (Wanted | 'result')[];
}

/** How the members of a function are read: their number is checked, then each is an expression. */
const plainFunctions: Readonly<Record<string, ListShape>> = {
  'Fn::Join': { name: 'join', min: 2, max: 2, wants: ['text', 'text'] },
  'Fn::Split': { name: 'split', min: 2, max: 2, wants: ['text', 'text'] },
  'Fn::Select': { name: 'select', min: 2, max: 2, wants: ['number', 'result'] },
  'Fn::Cidr': { name: 'cidr', min: 2, max: 3, wants: ['text', 'number', 'number'] },
  'Fn::Equals': { name: 'equals', min: 2, max: 2, wants: ['text', 'text'] },
};

/** Functions of one argument that is written without a list around it. */
const singleFunctions: Readonly<Record<string, string>> = {
  'Fn::Base64': 'base64',
  'Fn::Length': 'length',
  'Fn::ToJsonString': 'toJson',
};

/** Those of them that work on text. */
const textFunctions: readonly string[] = ['Fn::Base64'];

/** Functions whose arguments are conditions. */
const conditionFunctions: Readonly<Record<string, { readonly name: string; readonly max: number }>> = {
  'Fn::And': { name: 'and', max: Number.POSITIVE_INFINITY },
  'Fn::Or': { name: 'or', max: Number.POSITIVE_INFINITY },
  'Fn::Not': { name: 'not', max: 1 },
};

/** Is this the shape of an intrinsic function? */
export function intrinsicName(json: Json): string | undefined {
  if (!isObject(json)) return undefined;
  const keys = Object.keys(json);
  const name = keys[0];
  return keys.length === 1 && name !== undefined && (name === 'Ref' || name.startsWith('Fn::')) ? name : undefined;
}

/** Notes that a condition stands where its name is usual. */
export const inlineSpelling = 'inline';

/** Notes that a text was written as the document that it holds. */
export const documentSpelling = 'document';

class NotLive extends Error {}

/** Translates the values of one entry of a template. `at` is a pointer inside the entry. */
export class Translator {
  subscriptions = 0;
  functionSubscriptions = 0;
  unrepresented: Unrepresented[] = [];
  spelling: { at: string; as: Json }[] = [];
  readonly plain: EntryPlain;
  private readonly scope: Scope;
  private readonly user: ComponentId;
  private readonly entry: string;

  /** `entry` is the pointer of the entry, `user` the component that it becomes. */
  constructor(
    scope: Scope,
    options: { readonly user: ComponentId; readonly entry: string; readonly plain: EntryPlain },
  ) {
    this.scope = scope;
    this.user = options.user;
    this.entry = options.entry;
    this.plain = options.plain;
  }

  /** One reason a path: the first. */
  report(at: string, reason: string): void {
    const path = this.entry + at;
    if (!this.unrepresented.some((known) => known.path === path)) this.unrepresented.push({ path, reason });
  }

  /** Runs `body`; when it answers undefined, nothing that it counted or reported counts. */
  try<T>(body: () => T | undefined): T | undefined {
    const { subscriptions, functionSubscriptions } = this;
    const lengths = [this.unrepresented.length, this.spelling.length] as const;
    const result = body();
    if (result === undefined) {
      Object.assign(this, { subscriptions, functionSubscriptions });
      this.unrepresented.length = lengths[0];
      this.spelling.length = lengths[1];
    }
    return result;
  }

  /**
   * The intrinsic function that `json` is, live; undefined when it is none, or one that cannot be live (reported).
   * `depth` counts the functions around it, `wanted` is what its value is needed as.
   */
  intrinsic(json: Json, at: string, depth: number, wanted: Wanted): Typed | undefined {
    const name = intrinsicName(json);
    if (name === undefined) return undefined;
    let reason = '';
    const typed = this.try(() => {
      try {
        return this.translate(name, (json as JsonObject)[name]!, at, { depth, wanted });
      } catch (e) {
        if (!(e instanceof NotLive)) throw e;
        reason = e.message;
        return undefined;
      }
    });
    if (typed === undefined) this.report(at, reason);
    return typed;
  }

  /** Any value as one argument: lists and maps that hold something live become calls that build them. */
  expression(json: Json, at: string, depth: number, wanted: Wanted): Typed {
    const own = this.intrinsic(json, at, depth, wanted);
    if (own) return own;
    const live = this.plain.live(json, at, wanted);
    const data: Typed = { input: literal(live), kind: kind(literalKind(live)) };
    if (intrinsicName(json) !== undefined) return data;
    if (Array.isArray(json)) {
      const items = json.map((item: Json, i) => this.expression(item, `${at}/${i}`, depth, wanted));
      return items.some((item) => isLive(item.input))
        ? callOf(
            'array',
            items.map((item) => item.input),
          )
        : data;
    }
    if (!isObject(json)) return data;
    const members = Object.entries(json).map(
      ([key, member]) => [key, this.expression(member, at + pointerOf([key]), depth, wanted)] as const,
    );
    if (!members.some(([, member]) => isLive(member.input))) return data;
    return callOf(
      'object',
      members.flatMap(([key, member]) => [key, member.input]),
    );
  }

  /** A condition by name; counts as one reference inside a function. */
  condition(name: string): Typed | Unresolved {
    return this.used(this.scope.condition(name), 1);
  }

  private used(found: Resolved | Unresolved, depth: number): Typed | Unresolved {
    if (!isResolved(found)) return found;
    const circle = this.scope.use(this.user, found.component);
    if (circle !== undefined) return { reason: `circular reference: ${circle}` };
    if (depth === 0) this.subscriptions++;
    else this.functionSubscriptions++;
    return found;
  }

  private must(found: Typed | Unresolved): Typed {
    if ('input' in found) return found;
    throw new NotLive(found.reason);
  }

  private translate(
    name: string,
    body: Json,
    at: string,
    { depth, wanted }: { readonly depth: number; readonly wanted: Wanted },
  ): Typed {
    const inside = `${at}${pointerOf([name])}`;
    if (name === 'Ref') return this.ref(body, depth);
    if (name === 'Fn::GetAtt') return this.getAtt(body, at, depth);
    if (name === 'Fn::Sub') return this.sub(body, inside, depth + 1);
    if (name === 'Fn::If') return this.if(body, inside, depth + 1, wanted);
    if (name === 'Fn::FindInMap') return this.findInMap(body, inside, depth + 1, wanted);
    if (name === 'Fn::GetAZs') {
      const region = this.expression(body, inside, depth + 1, 'text').input;
      return callOf('getAzs', body === '' || body === null ? [region, this.scope.region()] : [region]);
    }
    if (name === 'Fn::ImportValue') {
      const exported = this.expression(body, inside, depth + 1, 'text').input;
      return callOf('importValue', [exported, this.scope.importedValues()]);
    }
    if (Object.hasOwn(singleFunctions, name)) {
      const as = textFunctions.includes(name) ? 'text' : 'either';
      return callOf(singleFunctions[name]!, [this.expression(body, inside, depth + 1, as).input]);
    }
    if (Object.hasOwn(conditionFunctions, name)) {
      const operands = listOf(body, name, 1, conditionFunctions[name]!.max);
      return callOf(
        conditionFunctions[name]!.name,
        operands.map((operand, i) => this.operand(operand, `${inside}/${i}`, depth + 1).input),
      );
    }
    if (Object.hasOwn(plainFunctions, name)) {
      const shape = plainFunctions[name]!;
      const members = listOf(body, name, shape.min, shape.max);
      return callOf(
        shape.name,
        members.map((member, i) => {
          const as = shape.wants[i] === 'result' ? wanted : (shape.wants[i] as Wanted);
          return this.expression(member, `${inside}/${i}`, depth + 1, as).input;
        }),
      );
    }
    throw new NotLive(`${name} is worked out by the service, not here`);
  }

  /** A value of a condition: `{Condition: name}` is the condition of that name. */
  operand(json: Json, at: string, depth: number): Typed {
    if (isObject(json) && Object.keys(json).length === 1 && typeof json['Condition'] === 'string') {
      const found = this.condition(json['Condition']);
      if ('input' in found) return found;
      this.report(at, found.reason);
      return { input: literal(json), kind: kind({ kind: 'any' }) };
    }
    return this.expression(json, at, depth, 'boolean');
  }

  private ref(body: Json, depth: number): Typed {
    if (typeof body !== 'string') throw new NotLive('Ref takes a name');
    if (body === 'AWS::NoValue') return callOf('noValue', []);
    return this.must(this.used(this.scope.reference(body), depth));
  }

  private getAtt(body: Json, at: string, depth: number): Typed {
    const parts: readonly Json[] = Array.isArray(body) ? body : [body];
    if (!parts.every((part) => typeof part === 'string')) throw new NotLive('the attribute name is computed');
    if (Array.isArray(body) && body.length < 2) throw new NotLive('Fn::GetAtt takes a resource and an attribute');
    const dotted = parts.join('.');
    const typed = this.must(this.used(this.scope.attribute(dotted), depth));
    const dot = dotted.indexOf('.');
    const usual = Array.isArray(body) && body.length === 2 && body[0] === dotted.slice(0, dot);
    if (!usual) this.spelling.push({ at, as: body });
    return typed;
  }

  private sub(body: Json, inside: string, depth: number): Typed {
    const [template, map, ...rest] = Array.isArray(body) ? (body as readonly Json[]) : [body];
    if (typeof template !== 'string' || rest.length > 0 || (Array.isArray(body) && !isObject(map))) {
      throw new NotLive('Fn::Sub takes a text, or a text and a map');
    }
    const explicit = new Map<string, Input>();
    for (const [key, member] of isObject(map) ? Object.entries(map) : []) {
      explicit.set(key, this.expression(member, `${inside}/1${pointerOf([key])}`, depth, 'text').input);
    }
    const implied = new Map<string, Input>();
    for (const part of substitutionParts(template)) {
      if (part.name === undefined || explicit.has(part.name)) continue;
      // Stands for nothing inside a text.
      if (part.name === 'AWS::NoValue') implied.set(part.name, '');
      else {
        const found = part.name.includes('.') ? this.scope.attribute(part.name) : this.scope.reference(part.name);
        implied.set(part.name, this.must(this.used(found, depth)).input);
      }
    }
    const args: Input[] = [template];
    if (implied.size > 0 || map !== undefined) args.push(objectOf(implied));
    if (map !== undefined) args.push(objectOf(explicit));
    return callOf('sub', args);
  }

  private if(body: Json, inside: string, depth: number, wanted: Wanted): Typed {
    const [name, then, otherwise] = listOf(body, 'Fn::If', 3, 3);
    const condition =
      typeof name === 'string' ? this.must(this.condition(name)).input : this.inlineCondition(name!, inside, depth);
    const branches = [
      this.expression(then!, `${inside}/1`, depth, wanted),
      this.expression(otherwise!, `${inside}/2`, depth, wanted),
    ];
    return {
      input: call('if', [condition, ...branches.map((branch) => branch.input)]),
      kind: commonKind(branches.filter((branch) => !isNoValue(branch.input)).map((branch) => branch.kind)),
    };
  }

  /** Some macros take the condition itself instead of its name. */
  private inlineCondition(json: Json, inside: string, depth: number): Input {
    const { input } = this.operand(json, `${inside}/0`, depth);
    if (!isLive(input)) throw new NotLive('Fn::If takes the name of a condition');
    this.spelling.push({ at: inside, as: inlineSpelling });
    return input;
  }

  private findInMap(body: Json, inside: string, depth: number, wanted: Wanted): Typed {
    const [name, top, second, option] = listOf(body, 'Fn::FindInMap', 3, 4);
    const isDefault = isObject(option) && Object.keys(option).length === 1 && option['DefaultValue'] !== undefined;
    if (option !== undefined && !isDefault)
      throw new NotLive('the fourth member of Fn::FindInMap is {DefaultValue: …}');
    const at = (i: number) => `${inside}/${i}`;
    let map: Input | undefined;
    if (typeof name === 'string') {
      map = this.scope.mapping(name);
      if (map === undefined) throw new NotLive(`${JSON.stringify(name)} is no mapping of the template`);
    } else map = call('get', [this.scope.allMappings(), this.expression(name!, at(0), depth, 'text').input]);
    const args = [map, ...[top!, second!].map((key, i) => this.expression(key, at(i + 1), depth, 'text').input)];
    if (isDefault)
      args.push(this.expression((option as JsonObject)['DefaultValue']!, `${at(3)}/DefaultValue`, depth, wanted).input);
    return callOf('findInMap', args);
  }
}

function listOf(body: Json, name: string, min: number, max: number): readonly Json[] {
  if (Array.isArray(body) && body.length >= min && body.length <= max) return body;
  const count = min === max ? `${min}` : max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  throw new NotLive(`${name} takes a list of ${count}`);
}

function callOf(name: string, args: readonly Input[]): Typed {
  return { input: call(name, args), kind: kind(builtins[name]!.result) };
}

function objectOf(members: ReadonlyMap<string, Input>): Input {
  return members.size === 0 ? {} : call('object', [...members].flat());
}

function isNoValue(input: Input): boolean {
  return isObject(input) && isObject(input['$source']) && input['$source']['call'] === 'noValue';
}

function literalKind(json: Json): Property {
  const found = kindOfJson(json);
  return { kind: found === 'null' ? 'any' : found };
}

/** The kind of a choice: that of the branches where they agree. */
function commonKind(kinds: readonly Kind[]): Kind {
  const first = kinds[0];
  const agree = first !== undefined && kinds.every((k) => k.property.kind === first.property.kind);
  return agree ? first : kind({ kind: 'any' });
}

const scalarConversions: Readonly<Record<string, string>> = {
  string: 'toText',
  integer: 'toInteger',
  number: 'toNumber',
  boolean: 'toBoolean',
};

/**
 * The input made to fit a property: converted where the kinds differ, `identity` where no conversion applies and the
 * template has to be believed. `spell.ts` writes both as if they were not there.
 */
export function fitted(typed: Typed, to: Property, definitions: Kind['definitions']): Input {
  const target = derefProperty(to, definitions);
  const from = derefProperty(typed.kind.property, typed.kind.definitions);
  const conversion = scalarConversions[target.kind];
  if (target.kind === 'any' || target.kind === 'json' || isNoValue(typed.input)) return typed.input;
  // A choice or a lookup often gives text where a number is wanted.
  if (from.kind === 'any')
    return conversion === undefined || target.kind === 'string' ? typed.input : call(conversion, [typed.input]);
  if (kindFits(target, from, definitions, typed.kind.definitions)) return typed.input;
  const scalar = Object.hasOwn(scalarConversions, from.kind) || from.kind === 'json';
  return call(conversion !== undefined && scalar ? conversion : 'identity', [typed.input]);
}
