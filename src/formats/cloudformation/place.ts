// Puts the values of one entry where its schema has room for them. What the schema does not take goes, still live,
// under the component's annotations, at the same place in the tree; a list goes there as a whole, because its elements
// move. What no path can name is kept there as JSON text. Nothing is dropped; every exception is reported.

import { isObject, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { EvaluationError } from '../../builtins/functions/builtin.ts';
import { toBoolean, toNumber } from '../../builtins/functions/convert.ts';
import { isPathKey, pointerOf } from '../../model/path.ts';
import { checkLiteral, derefProperty, kindOfJson, type Property } from '../../model/property.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';
import { documentSpelling, fitted, intrinsicName, type Translator } from './intrinsics.ts';
import { call, isLive, literal, type Unrepresented } from './model.ts';
import { wantedBy } from './plain.ts';

const any: Property = { kind: 'any' };
// Room for the annotations' own prefix and for the ids of list elements, which are longer than indexes.
const pathCharsMax = limits.pathCharsMax / 2;

/** What found no place: nested maps along the tree, inputs at the ends; and what had to become text. */
export interface Kept {
  readonly properties: Map<string, KeptNode>;
  readonly encoded: { at: string; json: string }[];
}
type KeptNode = { readonly members: Map<string, KeptNode> } | { readonly input: Input };

export function keptInput(members: ReadonlyMap<string, KeptNode>): { readonly [key: string]: Input } {
  return Object.fromEntries(
    [...members].map(([key, node]) => [key, 'input' in node ? node.input : keptInput(node.members)]),
  );
}

export class Placement {
  readonly kept: Kept = { properties: new Map(), encoded: [] };
  private readonly translator: Translator;
  private readonly spec: VariantSpec;

  constructor(translator: Translator, spec: VariantSpec) {
    this.translator = translator;
    this.spec = spec;
  }

  /**
   * The members of `body` by the properties of the schema's domain. `at` is the pointer of `body` in the entry.
   * `Result` of a condition and the like are given as a body of one member with `at` of its own.
   */
  domain(body: { readonly [key: string]: Json }, at: string): Input {
    return this.members(body, this.spec.domain, at, []);
  }

  /** One value as the member `name` of the domain, standing at `at` itself. */
  member(name: string, json: Json, at: string): Input {
    return Object.fromEntries(this.placeMember(name, json, this.memberProperty(this.spec.domain, name), at, []));
  }

  /** A value with no schema, at `at`; undefined when it had to be kept as text. */
  open(json: Json, at: string): Input | undefined {
    const placed = this.translator.try(() => this.place(json, any, at, true, at.length));
    if (placed !== undefined) return placed;
    this.encode(json, at);
    return undefined;
  }

  /** A member beside the properties, named by the template; undefined when it had to be kept as text. */
  attribute(name: string, json: Json, at: string): Input | undefined {
    if (this.isName(name, at.length)) return this.open(json, at);
    this.encode(json, at);
    return undefined;
  }

  /** Can every name in it be part of a path? */
  static nameable(json: Json): boolean {
    return nameable(json, 0);
  }

  private encode(json: Json, at: string): void {
    this.translator.report(at, 'a name in it has control characters or is too long: kept as text');
    this.kept.encoded.push({ at, json: JSON.stringify(json) });
  }

  private memberProperty(parent: Property, name: string): Property | undefined {
    const { definitions } = this.spec;
    if (parent.kind === 'any') return any;
    if (parent.kind === 'map') return derefProperty(parent.values ?? any, definitions);
    if (parent.kind !== 'object' || !Object.hasOwn(parent.properties ?? {}, name)) return undefined;
    return derefProperty(parent.properties![name]!, definitions);
  }

  private members(
    body: { readonly [key: string]: Json },
    parent: Property,
    at: string,
    steps: readonly string[],
  ): Input {
    return Object.fromEntries(
      Object.entries(body).flatMap(([name, json]) => {
        return this.placeMember(name, json, this.memberProperty(parent, name), at + pointerOf([name]), steps);
      }),
    );
  }

  /** The member as placed, or nothing when it was kept elsewhere. */
  private placeMember(
    name: string,
    json: Json,
    property: Property | undefined,
    at: string,
    steps: readonly string[],
  ): [string, Input][] {
    const path = [...steps, name];
    if (!this.isName(name, at.length)) {
      this.encode(json, at);
      return [];
    }
    let failure: Unrepresented | undefined;
    const placed = this.translator.try(() => {
      const before = this.translator.unrepresented.length;
      const refused = refusal(property);
      const input = refused === undefined ? this.place(json, property!, at, false, at.length, path) : undefined;
      if (refused !== undefined) this.translator.report(at, refused);
      else if (name.startsWith('Fn::')) this.translator.report(at, beside(name));
      if (input === undefined) failure = this.translator.unrepresented.slice(before).at(-1);
      return input;
    });
    if (placed !== undefined) return [[name, placed]];
    const open = this.open(json, at);
    // A reason that the second, open reading gave as well is not said twice.
    const said = failure !== undefined && this.translator.unrepresented.some((u) => u.path === failure!.path);
    if (failure !== undefined && !said) this.translator.unrepresented.push(failure);
    if (open !== undefined) this.keep(path, open);
    return [];
  }

  private keep(path: readonly string[], input: Input): void {
    let level = this.kept.properties;
    for (const step of path.slice(0, -1)) {
      const known = level.get(step);
      const next: KeptNode = known && 'members' in known ? known : { members: new Map() };
      level.set(step, next);
      level = next.members;
    }
    level.set(path.at(-1)!, { input });
  }

  /** `$source` as a name would be read as where a value comes from. */
  private isName(name: string, length: number): boolean {
    return isPathKey(name) && name !== '$source' && length <= pathCharsMax;
  }

  /**
   * The value in a property, or undefined when it cannot stand there (reported). `whole`: a part that fails makes the
   * whole fail, as in lists; else failing members are kept one by one, below `steps`.
   */
  private place(
    json: Json,
    property: Property,
    at: string,
    whole: boolean,
    length: number,
    steps: readonly string[] = [],
  ): Input | undefined {
    const { translator } = this;
    if (length > pathCharsMax) return this.refuse(at, 'the path is too long');
    const wanted = wantedBy(property, this.spec.definitions);
    const live = translator.intrinsic(json, at, 0, wanted);
    if (live) return fitted(live, property, this.spec.definitions);
    if (property.kind === 'json') return this.document(json, at);
    if (Array.isArray(json)) {
      if (property.kind !== 'array' && property.kind !== 'any') return this.wrongKind(json, property, at);
      const items = derefProperty(property.kind === 'any' ? any : (property.items ?? any), this.spec.definitions);
      const placed: Input[] = [];
      for (let i = 0; i < json.length; i++) {
        const item = this.place(json[i]!, items, `${at}/${i}`, true, length + 16);
        if (item === undefined) return undefined;
        placed.push(item);
      }
      return placed;
    }
    if (!isObject(json)) return this.scalar(translator.plain.live(json, at, wanted), property, at);
    if (property.kind !== 'object' && property.kind !== 'map' && property.kind !== 'any') {
      // An intrinsic that is not live has been reported already.
      return intrinsicName(json) === undefined ? this.wrongKind(json, property, at) : undefined;
    }
    const dead = intrinsicName(json) !== undefined;
    // A member `$source` would be read as a source: such a map is data as a whole.
    if (dead || Object.hasOwn(json, '$source')) {
      if (this.isOpen(property)) return this.data(json, at, length);
      return dead ? undefined : this.refuse(at, 'the schema does not take a map with the member $source');
    }
    if (!whole) return this.members(json, property, at, steps);
    const out: [string, Input][] = [];
    for (const [name, member] of Object.entries(json)) {
      const below = at + pointerOf([name]);
      if (!this.isName(name, length + name.length)) return this.refuse(below, 'a name that no path can have');
      const inner = this.memberProperty(property, name);
      const refused = refusal(inner);
      if (refused !== undefined) return this.refuse(below, refused);
      const placed = this.place(member, inner!, below, true, length + name.length + 1);
      if (placed === undefined) return undefined;
      if (name.startsWith('Fn::')) translator.report(below, beside(name));
      out.push([name, placed]);
    }
    return Object.fromEntries(out);
  }

  /** Takes any members with any values. */
  private isOpen(property: Property): boolean {
    const inner = property.kind === 'map' ? derefProperty(property.values ?? any, this.spec.definitions) : property;
    return inner.kind === 'any';
  }

  /** A property of kind json holds text: what is written as a document is printed, also with live parts. */
  private document(json: Json, at: string): Input {
    if (typeof json === 'string') return json;
    this.translator.spelling.push({ at, as: documentSpelling });
    const { input } = this.translator.expression(json, at, 0, 'either');
    return isLive(input)
      ? call('toJson', [input])
      : JSON.stringify(this.translator.plain.live(json, at, 'either'), null, 2);
  }

  /** Data in which nothing is interpreted. */
  private data(json: Json, at: string, length: number): Input | undefined {
    if (nameable(json, length)) return literal(this.translator.plain.live(json, at, 'either'));
    return this.refuse(at, 'a name that no path can have');
  }

  private scalar(json: Json, property: Property, at: string): Input | undefined {
    const fits = checkLiteral(property, json, at, () => undefined);
    if (fits.ok) return json;
    const converted = convert(json, property.kind);
    if (converted !== undefined && checkLiteral(property, converted.value, at, () => undefined).ok)
      return call(converted.by, [json]);
    const { code, expected } = fits.refusal;
    return this.refuse(at, `${code}: the schema expects ${expected}`);
  }

  private wrongKind(json: Json, property: Property, at: string): undefined {
    return this.refuse(at, `kind_mismatch: the schema expects ${property.kind}, not ${kindOfJson(json)}`);
  }

  private refuse(at: string, reason: string): undefined {
    this.translator.report(at, reason);
    return undefined;
  }
}

function beside(name: string): string {
  return `${name} beside other members is worked out by the service, not here`;
}

/** Why a property cannot be declared; undefined when it can. */
function refusal(property: Property | undefined): string | undefined {
  if (property === undefined) return 'the schema has no such property';
  if (property.readOnly) return 'the schema says that the provider sets it';
  if (property.secret) return 'the schema takes a secret reference here';
  return undefined;
}

function nameable(json: Json, length: number): boolean {
  if (length > pathCharsMax) return false;
  if (Array.isArray(json)) return json.every((item: Json) => nameable(item, length + 16));
  if (!isObject(json)) return true;
  return Object.entries(json).every(([key, member]) => isPathKey(key) && nameable(member, length + key.length + 1));
}

function convert(json: Json, to: string): { by: string; value: Json } | undefined {
  try {
    if (to === 'string' && (typeof json === 'number' || typeof json === 'boolean'))
      return { by: 'toText', value: String(json) };
    if (typeof json !== 'string') return undefined;
    if (to === 'integer' || to === 'number')
      return { by: to === 'integer' ? 'toInteger' : 'toNumber', value: toNumber(json) };
    if (to === 'boolean') return { by: 'toBoolean', value: toBoolean(json) };
  } catch (e) {
    if (!(e instanceof EvaluationError)) throw e;
  }
  return undefined;
}
