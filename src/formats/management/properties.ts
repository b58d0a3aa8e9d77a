// `properties`: a component's tree as a function has it at hand, often the one that it was given, with something changed. What
// equals what it was given says nothing, so that values which follow something go on following it; what differs is set. What
// has no place in the component is left out, and said to be.

import { isObject, type Json, type JsonObject, sameJson } from '../../base/json.ts';
import { pointerOf } from '../../model/path.ts';
import { childProperty, type Definitions, type Property } from '../../model/property.ts';
import { rootProperty, type VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';
import { below, type LeftOut } from './reading.ts';

/** One value to be set. */
export interface ValueEdit {
  /** A pointer into the component. */
  readonly path: string;
  readonly value: Input;
  /** Where in the result it stands. */
  readonly from: string;
}

/** What a function was given of a component and what it gave back. */
interface Given {
  readonly spec: VariantSpec;
  /** Absent: a component that is new. */
  readonly seen: Json | undefined;
  /** Where the tree stands in the result. */
  readonly at: string;
}

export function editsOfProperties(tree: JsonObject, { spec, seen, at }: Given, leftOut: LeftOut[]): ValueEdit[] {
  const walk = new Walk(spec.definitions, leftOut);
  walk.members(rootProperty(spec), tree, isObject(seen) ? seen : {}, { path: '', from: at });
  return walk.edits;
}

interface Place {
  readonly path: string;
  readonly from: string;
}

const reported = 'is not set by edits, but by the engine or the provider';

class Walk {
  readonly edits: ValueEdit[] = [];
  readonly #definitions: Definitions;
  readonly #leftOut: LeftOut[];

  constructor(definitions: Definitions, leftOut: LeftOut[]) {
    this.#definitions = definitions;
    this.#leftOut = leftOut;
  }

  /** Members that are absent stay as they are. */
  members(of: Property, given: JsonObject, seen: JsonObject, at: Place): void {
    for (const [key, value] of Object.entries(given)) {
      const before = Object.hasOwn(seen, key) ? seen[key] : undefined;
      if (sameJson(value, before) || (value === null && before === undefined)) continue;
      const here = { path: at.path + pointerOf([key]), from: below(at.from, key) };
      const property = childProperty(of, { key }, this.#definitions);
      if (property === undefined) this.#leave(here, 'has no place in the schema');
      else if (property.readOnly) this.#leave(here, reported);
      else if (property.secret || here.path === '/secrets')
        this.#leave(here, 'is a secret: refer to it in `attributes`');
      else this.#value(property, value, before, here);
    }
  }

  #value(property: Property, value: Json, before: Json | undefined, at: Place): void {
    if (property.kind === 'object' && isObject(value)) {
      this.members(property, value, isObject(before) ? before : {}, at);
    } else if (property.kind === 'map' && isObject(value) && isObject(before)) {
      // Of a map nothing is left out by accident: the keys that it has not any more are removed.
      for (const key of Object.keys(before)) {
        const gone = { path: at.path + pointerOf([key]), from: at.from };
        if (!Object.hasOwn(value, key)) this.edits.push({ ...gone, value: { $source: null } });
      }
      this.members(property, value, before, at);
    } else {
      // Nothing in a tree of values is interpreted.
      this.edits.push({ ...at, value: { $source: value === null ? null : { value } } });
    }
  }

  #leave({ from }: Place, why: string): void {
    this.#leftOut.push({ path: from, why });
  }
}
