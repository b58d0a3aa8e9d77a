// Plain (unquoted) scalars: what one stands for in JSON, which is what the core schema of YAML 1.2 says, and when its
// text says more than that: `054676820928` is an account and not a quantity, `1.10` a version, `yes` a truth value to
// readers of YAML 1.1, `2012-10-17` a date to them. Such a text is remembered by its place as a `Spelling`; the live
// value is the text where text counts, and an export gives back the JSON value, in YAML the very text.

import { compareText, isObject, type Json, type JsonObject } from '../../base/json.ts';
import { pointerOf } from '../../model/path.ts';
import { type Definitions, derefProperty, type Property } from '../../model/property.ts';

/** A plain scalar that JSON alone does not give back. Pointers name members by their JSON names. */
export interface Spelling {
  /** Pointer of the value; of the map when it is a key. */
  readonly at: string;
  readonly text: string;
  /** The text is a member's name. */
  readonly key?: true;
}

/** What a value is needed as where it stands; `either`: the place does not tell. */
export type Wanted = 'text' | 'number' | 'boolean' | 'either';

/** What values of a property are needed as; of a list, its elements. */
export function wantedBy(property: Property, definitions: Definitions): Wanted {
  const target = derefProperty(property, definitions);
  switch (target.kind) {
    case 'string':
      return 'text';
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'number':
      return 'number';
    case 'array': {
      const items = derefProperty(target.items ?? { kind: 'any' }, definitions);
      return items.kind === 'array' ? 'either' : wantedBy(items, definitions);
    }
    default:
      return 'either';
  }
}

/** The value by the core schema. A number that cannot be stored (infinite, an integer beyond 2^53 - 1) is its text. */
export function plainScalar(text: string): Json {
  if (/^(?:~|[Nn]ull|NULL)?$/.test(text)) return null;
  if (/^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$/.test(text)) return text[0] === 't' || text[0] === 'T';
  const n = plainNumber(text);
  if (n === undefined || !Number.isFinite(n) || (Number.isInteger(n) && !Number.isSafeInteger(n))) return text;
  // JSON has no negative zero.
  return n === 0 ? 0 : n;
}

function plainNumber(text: string): number | undefined {
  if (/^0o[0-7]+$/.test(text)) return Number.parseInt(text.slice(2), 8);
  if (/^0x[0-9a-fA-F]+$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^[-+]?[0-9]+$/.test(text)) return Number.parseInt(text, 10);
  return /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text) ? Number.parseFloat(text) : undefined;
}

/** The name that a plain key stands for. */
export function plainKey(text: string): string {
  const value = plainScalar(text);
  return value === null ? '' : String(value);
}

// What YAML 1.1, as its readers have it, takes for something else than text.
const words11 = /^(?:y|n|yes|no|on|off|true|false|null|~)$/i;
const numbers11 =
  /^[-+]?(?=.*\d)(?:0b[01_]+|0o[0-7]+|0x[\da-f_]+|[\d_]*\.?[\d_]*(?:e[-+]?\d+)?|\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?)$/i;
const dates11 = /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?)?$/;
const endless11 = /^(?:[-+]?\.inf|\.nan)$/i;

/** Would some reader of YAML take the plain text for something else than text? */
export function isAmbiguous(text: string): boolean {
  if (text.length > 400) return typeof plainScalar(text) !== 'string';
  return [words11, numbers11, dates11, endless11].some((kind) => kind.test(text)) || text === '=' || text === '';
}

/** Does the JSON value of the plain text, printed, read differently from the text somewhere? */
export function isSpelling(text: string, key: boolean): boolean {
  // Longer ones are kept as what they are: nobody writes them, and the annotations would carry them.
  if (text === '' || text.length > 400 || !isAmbiguous(text)) return false;
  const value = plainScalar(text);
  if (key) return value !== null;
  return typeof value === 'string' || (typeof value === 'number' && String(value) !== text);
}

/** The live value of a plain scalar where `wanted` is needed. */
function liveScalar(text: string, wanted: Wanted): Json {
  const json = plainScalar(text);
  if (wanted === 'text') return text;
  if (wanted === 'boolean') return truth11(text) ?? json;
  // Zeros in front: it names something. The number is not what is meant.
  return wanted === 'either' && typeof json === 'number' && /^[-+]?0\d/.test(text) ? text : json;
}

/** What a reader of YAML 1.1 takes for a truth value, beside `true` and `false`. */
function truth11(text: string): boolean | undefined {
  if (/^(?:y|yes|on)$/i.test(text)) return true;
  return /^(?:n|no|off)$/i.test(text) ? false : undefined;
}

/** Are `value` and the plain text the same, whichever of its readings was taken for the live value? */
function isReading(text: string, value: Json): boolean {
  return value === text || value === plainScalar(text) || (typeof value === 'boolean' && value === truth11(text));
}

/**
 * The spellings of a template by the entry that they stand in, relative to it; what stands in no entry of `entries`
 * (pointers of two steps) is under ''. In order of place, so that the order of a document does not matter.
 */
export function spellingsByEntry(
  spellings: readonly Spelling[],
  entries: ReadonlySet<string>,
): Map<string, Spelling[]> {
  const out = new Map<string, Spelling[]>();
  const order = (a: Spelling, b: Spelling) => compareText(a.at, b.at) || compareText(a.text, b.text);
  for (const spelling of [...spellings].sort(order)) {
    const head = spelling.at.split('/').slice(0, 3).join('/');
    const entry = entries.has(head) ? head : '';
    const own = { ...spelling, at: spelling.at.slice(entry.length) };
    const known = out.get(entry);
    if (known) known.push(own);
    else out.set(entry, [own]);
  }
  return out;
}

/** Spellings looked up by place. */
export class Spellings {
  private readonly values = new Map<string, string>();
  private readonly keys = new Map<string, string[]>();

  constructor(spellings: readonly Spelling[]) {
    for (const { at, text, key } of spellings) {
      if (key !== true) this.values.set(at, text);
      else if (this.keys.has(at)) this.keys.get(at)!.push(text);
      else this.keys.set(at, [text]);
    }
  }

  get size(): number {
    return this.values.size + this.keys.size;
  }

  value(at: string): string | undefined {
    return this.values.get(at);
  }

  /** The plain text of the member `name` of the map at `at`, by either of its names. */
  key(at: string, name: string): string | undefined {
    return this.keys.get(at)?.find((text) => text === name || plainKey(text) === name);
  }

  /** `json`, which stands at `at`, with live values. */
  live(json: Json, at: string, wanted: Wanted): Json {
    return this.size === 0 ? json : this.walk(json, at, (text) => liveScalar(text, wanted), false);
  }

  /**
   * Mappings live: the language knows only text in them. Names are as spelled too, because they are what is looked up.
   * A number in another base than ten is one all the same: no conversion reads it.
   */
  mappings(json: Json, at: string): Json {
    const decimal = (text: string) => !/^0[xo]/.test(text);
    return this.size === 0
      ? json
      : this.walk(json, at, (text) => liveScalar(text, decimal(text) ? 'text' : 'number'), true);
  }

  /** Every scalar that has a spelling by `scalar`; `keys`: names as spelled. */
  private walk(json: Json, at: string, scalar: (text: string) => Json, keys: boolean): Json {
    if (Array.isArray(json)) return json.map((item: Json, i) => this.walk(item, `${at}/${i}`, scalar, keys));
    if (isObject(json)) {
      return Object.fromEntries(
        Object.entries(json).map(([name, member]) => [
          (keys ? this.key(at, name) : undefined) ?? name,
          this.walk(member, at + pointerOf([name]), scalar, keys),
        ]),
      );
    }
    const text = this.value(at);
    return text === undefined ? json : scalar(text);
  }
}

/** The spellings of one entry, read with what the template language says of its members. */
export class EntryPlain {
  private readonly spellings: Spellings;
  private readonly section: string;
  private readonly type: Json | undefined;

  /** `type` is that of a parameter. */
  constructor(spellings: readonly Spelling[], section: string, type: Json | undefined) {
    this.spellings = new Spellings(spellings);
    this.section = section;
    this.type = type;
  }

  /** `json`, which stands at `at` of the entry, with live values. */
  live(json: Json, at: string, wanted: Wanted): Json {
    return this.spellings.live(json, at, wanted === 'either' && this.isText(at) ? 'text' : wanted);
  }

  /** Outputs are text, and so are the values of a parameter that is no number. */
  private isText(at: string): boolean {
    if (this.section === 'Outputs') return true;
    return this.section === 'Parameters' && this.type !== 'Number' && /^\/(Default|AllowedValues)(\/|$)/.test(at);
  }
}

/** The inverse: live values that are still what was spelled become their JSON value; answers which those are. */
export function unspelled(template: JsonObject, spellings: Spellings): { template: JsonObject; used: Spelling[] } {
  const used: Spelling[] = [];
  const walk = (json: Json, at: string): Json => {
    if (Array.isArray(json)) return json.map((item: Json, i) => walk(item, `${at}/${i}`));
    if (isObject(json)) {
      const taken = new Set(Object.keys(json));
      return Object.fromEntries(
        Object.entries(json).map(([name, member]) => {
          const text = spellings.key(at, name);
          const own = text === undefined || !isSpelling(text, true) ? undefined : plainKey(text);
          // Another member may have been given that name since.
          const fits = own !== undefined && (own === name || !taken.has(own));
          if (fits) used.push({ at, text: text!, key: true });
          const written = fits ? own : name;
          return [written, walk(member, at + pointerOf([written]))];
        }),
      );
    }
    const text = spellings.value(at);
    if (text === undefined || !isSpelling(text, false) || !isReading(text, json)) return json;
    used.push({ at, text });
    return plainScalar(text);
  };
  return { template: walk(template, '') as JsonObject, used };
}
