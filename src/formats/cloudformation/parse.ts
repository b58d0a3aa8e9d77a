// Template text (YAML with short tags, or JSON) to plain JSON with the long forms of the intrinsic functions.
// Scalars come out as the core schema of YAML 1.2 has them, so that other tools read the same JSON; where a plain text
// says more than its JSON value, it is answered beside it (`plain.ts`), and nothing written is lost. Anchors and merge
// keys are resolved; of two equal keys the last wins. Knows nothing of sections, types or references.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { attempt, ok, type RefusalDetail, RefusalError, type Result, refuse } from '../../base/result.ts';
import { pointerOf } from '../../model/path.ts';
import { isSpelling, plainKey, plainScalar, type Spelling } from './plain.ts';

/** Values that one text may expand to: aliases can multiply. */
const valuesMax = 300_000;
/** Quoted texts with unindented continuation lines that one text may have. */
const repairsMax = 500;
const depthMax = 200;

export interface Parsed {
  readonly template: JsonObject;
  /** Plain scalars that say more than their JSON value. JSON text has none. */
  readonly spellings: readonly Spelling[];
}

/** The JSON alone. Refuses as `parseSpelled`. */
export function parseTemplate(text: string): Result<JsonObject> {
  const parsed = parseSpelled(text);
  return parsed.ok ? ok(parsed.value.template) : parsed;
}

/** Refuses `request_malformed` with line and column, `limit_exceeded` when aliases expand without end. */
export function parseSpelled(text: string): Result<Parsed> {
  return attempt(() => {
    const source = text.startsWith('\ufeff') ? text.slice(1) : text;
    const json = parseJson(source);
    const { value, spellings } = json === undefined ? parseYaml(source) : { value: json, spellings: [] };
    if (isObject(value)) return { template: value, spellings };
    throw malformed(1, 1, 'a template: a map of sections', value === null ? 'an empty document' : typeof value);
  });
}

function malformed(line: number, column: number, expected: string, got: string): RefusalError {
  const detail: RefusalDetail = {
    path: '',
    expected,
    got: `${got} at line ${line}, column ${column}`,
    hint: 'correct the template at that place',
    data: { line, column },
  };
  const refused = refuse('request_malformed', detail);
  return new RefusalError(refused.refusal);
}

/** JSON text read as such; undefined for other text, and for numbers that JSON.parse would round. */
function parseJson(text: string): Json | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    let exact = true;
    const value = JSON.parse(text, (_key, member: Json) => {
      if (typeof member === 'number' && Number.isInteger(member) && !Number.isSafeInteger(member)) exact = false;
      return member;
    }) as Json;
    return exact ? value : undefined;
  } catch {
    // Flow-style YAML, or broken: the YAML reader tells which, and where.
    return undefined;
  }
}

function parseYaml(source: string): { value: Json; spellings: Spelling[] } {
  let text = source;
  for (let repairs = 0; ; repairs++) {
    const lines = new LineCounter();
    const documents = parseAllDocuments(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      logLevel: 'silent',
      lineCounter: lines,
      prettyErrors: false,
    });
    const first = Array.isArray(documents) ? (documents[0] as Document.Parsed | undefined) : undefined;
    if (first === undefined) return { value: null, spellings: [] };
    const error = first.errors[0];
    if (error === undefined) {
      const second = (documents as Document.Parsed[])[1];
      if (second !== undefined) {
        const at = lines.linePos(second.range[0]);
        throw malformed(at.line, at.col, 'one document', 'a second document');
      }
      return new Reader(first, lines).read();
    }
    const repaired = repairs < repairsMax ? indentQuoted(text, first, error.pos[0], error.code) : undefined;
    if (repaired === undefined) {
      const at = lines.linePos(error.pos[0]);
      throw malformed(at.line, at.col, 'well-formed YAML or JSON', error.message.replaceAll(/\s+/g, ' '));
    }
    text = repaired;
  }
}

/**
 * The service accepts quoted texts whose continuation lines are not indented, the YAML reader ends them there. Indents
 * the continuation lines of the quoted text that ended before `end`: their leading spaces are no part of the value.
 */
function indentQuoted(text: string, document: Document.Parsed, end: number, code: string): string | undefined {
  if (code !== 'MISSING_CHAR') return undefined;
  const start = quotedEndingAt(document.contents as Node | null, end);
  if (start === undefined) return undefined;
  const quote = text[start];
  let close = start + 1;
  for (; close < text.length && text[close] !== quote; close++) {
    if (quote === '"' && text[close] === '\\') close++;
    else if (quote === "'" && text[close + 1] === "'" && text[close] === "'") close++;
  }
  while (quote === "'" && text[close + 1] === "'") {
    close += 2;
    while (close < text.length && text[close] !== "'") close++;
  }
  if (close >= text.length) return undefined;
  const column = start - (text.lastIndexOf('\n', start - 1) + 1);
  const body = text.slice(start, close);
  const indented = body.replaceAll(/\n(?=[^\n])/g, `\n${' '.repeat(column + 1)}`);
  return indented === body ? undefined : text.slice(0, start) + indented + text.slice(close);
}

/** Offset of the opening quote of the quoted scalar that ends at or next to `end`. */
function quotedEndingAt(root: Node | null, end: number): number | undefined {
  let found: number | undefined;
  const walk = (node: unknown): void => {
    if (isMap(node)) {
      for (const pair of node.items) {
        walk(pair.key);
        walk(pair.value);
      }
    } else if (isSeq(node)) node.items.forEach(walk);
    else if (isScalar(node) && node.range && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE')) {
      if (node.range[0] < end && Math.abs(node.range[1] - end) <= 1) found = node.range[0];
    }
  };
  walk(root);
  return found;
}

/** Stands for a plain scalar until its place is known: merges and aliases move it. */
class Plain {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Walks the nodes of one document. */
class Reader {
  private values = 0;
  private readonly document: Document.Parsed;
  private readonly lines: LineCounter;
  /** By map and name: how the key was spelled. */
  private readonly keys = new WeakMap<object, Map<string, string>>();
  constructor(document: Document.Parsed, lines: LineCounter) {
    this.document = document;
    this.lines = lines;
  }

  read(): { value: Json; spellings: Spelling[] } {
    const spellings: Spelling[] = [];
    const placed = (json: Json, at: string): Json => {
      if (Array.isArray(json)) return json.map((item: Json, i) => placed(item, `${at}/${i}`));
      if (isPlain(json)) {
        spellings.push({ at, text: json.text });
        return plainScalar(json.text);
      }
      if (!isObject(json)) return json;
      const keys = this.keys.get(json);
      return Object.fromEntries(
        Object.entries(json).map(([name, member]) => {
          const text = keys?.get(name);
          if (text !== undefined) spellings.push({ at, text, key: true });
          return [name, placed(member, at + pointerOf([name]))];
        }),
      );
    };
    return { value: placed(this.value(this.document.contents as Node | null, 0), ''), spellings };
  }

  private fail(node: Node | null | undefined, expected: string, got: string): RefusalError {
    const at = this.lines.linePos(node?.range?.[0] ?? 0);
    return malformed(at.line, at.col, expected, got);
  }

  private value(node: Node | null | undefined, depth: number): Json {
    if (++this.values > valuesMax) {
      const { refusal } = refuse('limit_exceeded', {
        path: '',
        expected: `at most ${valuesMax} values`,
        got: 'more, through aliases',
        hint: 'write the repeated parts with fewer aliases',
      });
      throw new RefusalError(refusal);
    }
    if (depth > depthMax) throw this.fail(node, `at most ${depthMax} levels`, 'deeper nesting');
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      const target = node.resolve(this.document);
      if (target === undefined) throw this.fail(node, 'an anchor of that name', `*${node.source}`);
      return this.value(target as Node, depth + 1);
    }
    const untagged = isMap(node)
      ? this.map(node, depth)
      : isSeq(node)
        ? this.list(node, depth)
        : this.scalar(node as Scalar);
    return tagged(node.tag, untagged);
  }

  private scalar(node: Scalar): Json {
    const text = typeof node.value === 'string' ? node.value : String(node.value ?? '');
    const tag = node.tag;
    if (tag?.startsWith('!')) return text;
    switch (tag?.replace('tag:yaml.org,2002:', '')) {
      case 'str':
      case 'binary':
      case 'timestamp':
        return text;
      case 'int':
      case 'float': {
        const value = plain(text);
        return value === null || typeof value === 'boolean' ? text : value;
      }
      case 'null':
        return null;
      default:
        return node.type === 'PLAIN' ? plain(text) : tag === undefined ? text : plainScalar(text);
    }
  }

  private list(node: YAMLSeq, depth: number): Json {
    return node.items.map((item) => this.value(item as Node, depth + 1));
  }

  private map(node: YAMLMap, depth: number): JsonObject {
    const merged: Member[] = [];
    const own: Member[] = [];
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const key = pair.key;
      const name = isAlias(key) ? key.resolve(this.document) : key;
      if (name !== null && name !== undefined && !isScalar(name))
        throw this.fail(key, 'a text as key', 'a list or map as key');
      const text = String(name?.value ?? '');
      const isPlainKey = !isScalar(name) || (name.type === 'PLAIN' && name.tag === undefined);
      if (text === '<<' && isPlainKey && this.merge(pair.value, merged, depth)) continue;
      own.push({
        name: isPlainKey ? plainKey(text) : text,
        value: this.value(pair.value, depth + 1),
        spelled: isPlainKey && isSpelling(text, true) ? text : undefined,
      });
    }
    const members = [...merged, ...own];
    const map = Object.fromEntries(members.map(({ name, value }) => [name, value]));
    const keys = new Map(members.map(({ name, spelled }) => [name, spelled]));
    const spelled = [...keys].filter((entry): entry is [string, string] => entry[1] !== undefined);
    if (spelled.length > 0) this.keys.set(map, new Map(spelled));
    return map;
  }

  /** Takes over the members of a map, or of each map of a list, the first of them winning. */
  private merge(node: Node | null, into: Member[], depth: number): boolean {
    const value = this.value(node, depth + 1);
    const maps = Array.isArray(value) ? [...(value as readonly Json[])].reverse() : [value];
    if (!maps.every((map) => isObject(map) && !isPlain(map))) return false;
    for (const map of maps as JsonObject[]) {
      const keys = this.keys.get(map);
      for (const [name, member] of Object.entries(map)) into.push({ name, value: member, spelled: keys?.get(name) });
    }
    return true;
  }
}

interface Member {
  readonly name: string;
  readonly value: Json;
  readonly spelled: string | undefined;
}

function isPlain(json: Json): json is Json & Plain {
  return (json as unknown) instanceof Plain;
}

/** The value of a plain scalar, or a `Plain` where its text says more. */
function plain(text: string): Json {
  return isSpelling(text, false) ? (new Plain(text) as unknown as Json) : plainScalar(text);
}

/** A value behind a short tag in its long form. `!GetAtt A.B.C` is the list of `A` and `B.C`. */
function tagged(tag: string | undefined, value: Json): Json {
  if (tag === undefined || !tag.startsWith('!') || tag === '!') return value;
  const name = tag.slice(1);
  if (name === 'Ref' || name === 'Condition') return Object.fromEntries([[name, value]]);
  if (name === 'GetAtt' && typeof value === 'string' && value.includes('.')) {
    const dot = value.indexOf('.');
    return { 'Fn::GetAtt': [value.slice(0, dot), value.slice(dot + 1)] };
  }
  return Object.fromEntries([[name.startsWith('Fn::') ? name : `Fn::${name}`, value]]);
}
