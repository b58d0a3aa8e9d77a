// What there is to ask about, as earlier answers have told it: ids and names by the kind of thing that they name. What one
// answer told, with what its request had named, stays together as one finding, so that a later request can be about a variant
// and its own function, or a run and its own change set. Nothing here is written down by hand but what words mean.

import { isObject, type Json } from '../../../src/base/json.ts';
import type { Route } from '../../../src/surfaces/http/route.ts';
import { chance, type Numbers, oneOf } from '../../laws/numbers.ts';

/** The first that a name contains, in small letters, says what it names. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/debugfuncjob/, 'debug'],
  [/managementfuncjob/, 'management'],
  [/prototype|binding/, 'binding'],
  [/changeset|^into$/, 'changeset'],
  [/variant/, 'variant'],
  [/schema/, 'schema'],
  [/run/, 'run'],
  [/action/, 'action'],
  [/func/, 'func'],
  [/component/, 'component'],
  [/workspace/, 'workspace'],
  [/view/, 'view'],
  [/secret/, 'secret'],
  [/requirement/, 'requirement'],
  [/edit/, 'edit'],
  [/webhook/, 'webhook'],
  [/report/, 'report'],
  [/token/, 'token'],
  [/scheduled|^applies/, 'scheduled'],
  [/freeze|window/, 'window'],
  [/cursor/, 'cursor'],
  [/user|email|member/, 'user'],
  [/resource/, 'resource'],
];

/** What a member or a part of a path names; undefined: nothing that answers tell of. `within`: what it stands in. */
export function kindOf(name: string, within: string): string | undefined {
  const plain = name.toLowerCase().replaceAll(/[^a-z]/g, '');
  if (/(kind|type|status|state|color|category|code|path|version|url|description|message)$/.test(plain))
    return undefined;
  const own = kinds.find(([word]) => word.test(plain));
  if (own !== undefined) return own[1];
  const around = within.toLowerCase();
  return plain === 'id' || plain === 'ids' || plain === 'name'
    ? kinds.find(([word]) => word.test(around))?.[1]
    : undefined;
}

export const groupOf = (id: string): string => id.split('.')[0]!;

/** Things by their kind, that belong together. */
type Finding = Map<string, string[]>;

/** Words of an operation's id: `Views.addComponent` has `views`, `add` and `component`. */
const wordsOf = (id: string): readonly string[] => id.match(/[A-Z]?[a-z]+/g)?.map((w) => w.toLowerCase()) ?? [];

const findingsMax = 150;
const perKindMax = 6;
const depthMax = 6;

export class Pool {
  /** The newest last. */
  readonly #findings: { readonly words: readonly string[]; readonly found: Finding }[] = [];
  readonly #kept = new Set<string>();

  /** Is never handed out: what the whole test stands on. */
  keep(text: string): void {
    this.#kept.add(text);
  }

  /** Reads an answer, beside what its request named. */
  learn({ id, path }: Pick<Route, 'id' | 'path'>, asked: string, answer: Json): void {
    const found: Finding = new Map();
    const parts = asked.split('?')[0]!.split('/');
    for (const [i, part] of path.split('/').entries()) {
      const kind = /^\{\w+\}$/.test(part) ? kindOf(part, id) : undefined;
      if (kind !== undefined) this.#note(found, kind, decodeURIComponent(parts[i]!));
    }
    this.#read(found, answer, { name: '', within: groupOf(id), depth: 0 });
    if (found.size === 0) return;
    this.#findings.push({ words: wordsOf(id), found });
    if (this.#findings.length > findingsMax) this.#findings.splice(0, 1);
  }

  #read(found: Finding, value: Json, at: { name: string; within: string; depth: number }): void {
    if (at.depth > depthMax) return;
    const depth = at.depth + 1;
    if (typeof value === 'string') {
      const kind = kindOf(at.name, at.within);
      if (kind !== undefined) this.#note(found, kind, value);
    } else if (Array.isArray(value)) {
      for (const one of value.slice(0, perKindMax)) this.#read(found, one, { ...at, depth });
    } else if (isObject(value)) {
      for (const [name, one] of Object.entries(value)) {
        // What is deep inside of something is no thing of its own because of its name.
        if (name === 'name' && (value['id'] === undefined || at.depth > 3)) continue;
        // What an object is called says what its `id` names, where that is a kind of thing.
        const within = kindOf(at.name, '') === undefined ? at.within : at.name;
        this.#read(found, one, { name, within, depth });
      }
    }
  }

  #note(found: Finding, kind: string, text: string): void {
    if (text === '' || text === 'HEAD' || text.length > 200 || this.#kept.has(text)) return;
    const all = found.get(kind) ?? [];
    if (!all.includes(text) && all.length < perKindMax) all.push(text);
    found.set(kind, all);
  }

  /** One finding for a request to draw from, rather one of an operation with a similar name, rather a late one. */
  drawn(next: Numbers, id: string): Finding | undefined {
    const words = wordsOf(id);
    const likeness = (of: readonly string[]) => of.filter((w) => words.includes(w)).length;
    if (this.#findings.length === 0) return undefined;
    const late = chance(next, 50) ? this.#findings.slice(-30) : this.#findings;
    const some = Array.from({ length: 6 }, () => oneOf(next, late));
    const best = Math.max(...some.map((f) => likeness(f.words)));
    const similar = late.filter((f) => likeness(f.words) > best);
    return (
      similar.length > 0 && chance(next, 50) ? oneOf(next, similar) : some.find((f) => likeness(f.words) === best)
    )?.found;
  }

  /** Anything of the kind. */
  find(next: Numbers, kind: string): string | undefined {
    for (let n = 0; n < 12; n++) {
      const all = this.#findings.length === 0 ? undefined : oneOf(next, this.#findings).found.get(kind);
      if (all !== undefined) return oneOf(next, all);
    }
    return undefined;
  }
}
