// A second evaluator, as short as can be: plain recursion over the entries of the snapshot, no order of computation and
// nothing remembered. It shares with the first only the meaning of the built-in functions.

import type { Json } from '../../src/base/json.ts';
import { builtins, EvaluationError } from '../../src/builtins/functions/table.ts';
import type { Expr } from '../../src/model/expr.ts';
import { childProperty, type Definitions, derefProperty, type Property } from '../../src/model/property.ts';
import { rootProperty, type VariantSpec } from '../../src/model/schema.ts';
import type { Reader } from '../../src/model/state.ts';

/** A value, or nothing. Errors are thrown. */
type Maybe = Json | undefined;

class Failed extends Error {}

export class Oracle {
  readonly #entries: Map<string, string>;
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
    this.#entries = new Map(reader.scan('cells', ''));
  }

  /** The value at a stored path; 'error' when something it reads has one. */
  valueAt(component: string, path: string): Maybe | 'error' {
    try {
      return this.#read(component, path);
    } catch (e) {
      if (e instanceof Failed || e instanceof EvaluationError) return 'error';
      throw e;
    }
  }

  #read(component: string, path: string): Maybe {
    const record = this.#reader.get('components', component);
    if (record === undefined || this.#isAbsent(component)) return undefined;
    const { schema, variant } = JSON.parse(record) as { schema: string; variant: string };
    const spec = JSON.parse(
      this.#reader.blob((JSON.parse(this.#reader.get('schemas', `${schema}/${variant}`)!) as { spec: never }).spec),
    ) as VariantSpec;
    const parts = path.slice(1).split('/');
    let property: Property | undefined = rootProperty(spec);
    for (let i = 0; i < parts.length; i++) {
      const here = `/${parts.slice(0, i).join('/')}`;
      const whole = i === 0 ? undefined : this.#cell(component, here);
      if (whole !== undefined && !('c' in whole)) return inside(this.#cellValue(whole), parts.slice(i).map(keyOf));
      const element = parts[i]!.startsWith('@');
      if (element && !this.#entries.has(`${component}/${parts.slice(0, i + 1).join('/')}#`)) return undefined;
      property = childProperty(property, element ? { element: true } : { key: keyOf(parts[i]!) }, spec.definitions);
      if (property === undefined) return undefined;
    }
    return this.#build(component, path, property, spec.definitions);
  }

  #build(component: string, path: string, given: Property, definitions: Definitions): Maybe {
    const property = derefProperty(given, definitions);
    const cell = this.#cell(component, path);
    if (cell !== undefined && !('c' in cell)) return this.#cellValue(cell);
    const children = this.#children(component, path);
    const elements = children.filter((c) => c.startsWith('@'));
    if (elements.length > 0 && (property.kind === 'array' || property.kind === 'any')) {
      const order = (e: string): string[] => {
        const { o, t } = JSON.parse(this.#entries.get(`${component}${path}/${e}#`)!) as { o: string; t: string };
        return [o, t, e];
      };
      const items: Json[] = [];
      for (const e of elements.sort((a, b) => (order(a) < order(b) ? -1 : 1))) {
        const at = `${path}/${e}`;
        const value = this.#build(component, at, childProperty(property, { element: true }, definitions)!, definitions);
        const own = this.#cell(component, at);
        if (value !== undefined) items.push(value);
        else if (own === undefined || !('x' in own)) items.push(null);
      }
      return items;
    }
    const keys = children.filter((c) => !c.startsWith('@'));
    if (property.kind === 'object') {
      const names = Object.keys(property.properties ?? {});
      const declared = names.filter((n) => keys.some((k) => keyOf(k) === n));
      if (
        declared.length > 0 ||
        (property.default === undefined && cell === undefined) ||
        (cell !== undefined && property.default === undefined)
      ) {
        const out: [string, Json][] = [];
        for (const name of names) {
          const child = childProperty(property, { key: name }, definitions)!;
          const key = keys.find((k) => keyOf(k) === name);
          const value =
            key === undefined
              ? shown(property.properties![name]!, definitions, [])
              : this.#build(component, `${path}/${key}`, child, definitions);
          if (value !== undefined) out.push([name, value]);
        }
        if (declared.length > 0 || out.length > 0) return Object.fromEntries(out);
      }
    } else if ((property.kind === 'map' || property.kind === 'any') && keys.length > 0) {
      const out: [string, Json][] = [];
      for (const key of keys) {
        const child = childProperty(property, { key: keyOf(key) }, definitions)!;
        const value = this.#build(component, `${path}/${key}`, child, definitions);
        if (value !== undefined) out.push([keyOf(key), value]);
      }
      return Object.fromEntries(out);
    }
    if (cell !== undefined) return cell.c === 'array' ? [] : {};
    return shown(property, definitions, []);
  }

  /** Segments directly below a path under which something is declared, elements that are there included. */
  #children(component: string, path: string): string[] {
    const prefix = `${component}${path}/`;
    const out = new Set<string>();
    for (const key of this.#entries.keys()) {
      if (!key.startsWith(prefix)) continue;
      const parts = key.slice(prefix.length).split('/');
      // An element record names its element; anything below an element that has none is not declared.
      const segments = parts.map((s) => (s.startsWith('@') ? s.replace('#', '') : s));
      const gone = segments.some(
        (s, i) => s.startsWith('@') && !this.#entries.has(`${prefix}${segments.slice(0, i + 1).join('/')}#`),
      );
      if (!gone) out.add(segments[0]!);
    }
    return [...out];
  }

  #cellValue(cell: Record<string, never>): Maybe {
    if ('x' in cell) return this.#evaluate(cell['x']);
    if ('v' in cell) return cell['v'];
    if ('b' in cell) return JSON.parse(this.#reader.blob(cell['b'])) as Json;
    if ('k' in cell) return cell['k'];
    return undefined;
  }

  #evaluate(expr: Expr): Maybe {
    if ('v' in expr) return expr.v;
    if ('s' in expr) return this.#read(expr.s[0], expr.s[1]);
    const [name, ...args] = expr.f;
    return builtins[name]!.apply(args.map((a) => () => this.#evaluate(a as Expr)));
  }

  #cell(component: string, path: string): Record<string, never> | undefined {
    const text = this.#entries.get(component + path);
    return text === undefined ? undefined : (JSON.parse(text) as Record<string, never>);
  }

  #isAbsent(component: string): boolean {
    const id = this.#cell(component, '/si/resourceId');
    return this.#entries.has(`${component}/deleted_at`) && typeof id?.['v'] !== 'string';
  }
}

const keyOf = (segment: string): string => segment.replace(/^~2/, '@').replaceAll('~1', '/').replaceAll('~0', '~');

function inside(value: Maybe, keys: readonly string[]): Maybe {
  let here = value;
  for (const key of keys) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, Json>)[key];
  }
  return here;
}

/** The default that shows, a recursive type cut where it recurs. */
function shown(property: Property, definitions: Definitions, within: readonly string[]): Maybe {
  if (property.kind === 'ref' && within.includes(property.to!)) return undefined;
  const names = property.kind === 'ref' ? [...within, property.to!] : within;
  const p = derefProperty(property, definitions);
  if (p.default !== undefined || p.kind !== 'object') return p.default;
  const members = Object.entries(p.properties ?? {}).map(([k, m]) => [k, shown(m, definitions, names)] as const);
  const there = members.filter(([, v]) => v !== undefined);
  return there.length === 0 ? undefined : (Object.fromEntries(there) as Json);
}
