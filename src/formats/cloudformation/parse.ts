// Template text (YAML with short tags, or JSON) to plain JSON with the long forms of the intrinsic functions.
// Scalars come out as the service reads them: YAML 1.1 booleans, and as numbers only those whose text is what a number
// prints as. So `2010-09-09`, `0123456789` and `8.0` stay text, and nothing written is lost. Anchors and merge keys are
// resolved; of two equal keys the last wins. Knows nothing of sections, types or references.

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
import { attempt, type RefusalDetail, RefusalError, type Result, refuse } from '../../base/result.ts';

/** Values that one text may expand to: aliases can multiply. */
const valuesMax = 300_000;
/** Quoted texts with unindented continuation lines that one text may have. */
const repairsMax = 500;
const depthMax = 200;

/** Refuses `request_malformed` with line and column, `limit_exceeded` when aliases expand without end. */
export function parseTemplate(text: string): Result<JsonObject> {
  return attempt(() => {
    const source = text.startsWith('\ufeff') ? text.slice(1) : text;
    const value = parseJson(source) ?? parseYaml(source);
    if (isObject(value)) return value;
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

function parseYaml(source: string): Json {
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
    if (first === undefined) return null;
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

/** A plain scalar as the service reads it. */
export function plainScalar(text: string): Json {
  if (/^(|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(true|True|TRUE|yes|Yes|YES|on|On|ON)$/.test(text)) return true;
  if (/^(false|False|FALSE|no|No|NO|off|Off|OFF)$/.test(text)) return false;
  if (/^-?\d/.test(text)) {
    const n = Number(text);
    if (Number.isFinite(n) && String(n) === text && (!Number.isInteger(n) || Number.isSafeInteger(n))) return n;
  }
  return text;
}

/** Walks the nodes of one document. */
class Reader {
  private values = 0;
  private readonly document: Document.Parsed;
  private readonly lines: LineCounter;
  constructor(document: Document.Parsed, lines: LineCounter) {
    this.document = document;
    this.lines = lines;
  }

  read(): Json {
    return this.value(this.document.contents as Node | null, 0);
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
    const plain = isMap(node)
      ? this.map(node, depth)
      : isSeq(node)
        ? this.list(node, depth)
        : this.scalar(node as Scalar);
    return tagged(node.tag, plain);
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
        const n = Number(text);
        return Number.isFinite(n) && text.trim() !== '' ? n : text;
      }
      case 'null':
        return null;
      default:
        return node.type === 'PLAIN' || tag !== undefined ? plainScalar(text) : text;
    }
  }

  private list(node: YAMLSeq, depth: number): Json {
    return node.items.map((item) => this.value(item as Node, depth + 1));
  }

  private map(node: YAMLMap, depth: number): JsonObject {
    const merged: [string, Json][] = [];
    const own: [string, Json][] = [];
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const key = pair.key;
      const name = isAlias(key) ? key.resolve(this.document) : key;
      if (name !== null && name !== undefined && !isScalar(name))
        throw this.fail(key, 'a text as key', 'a list or map as key');
      const text = String(name?.value ?? '');
      if (text === '<<' && isScalar(name) && name.type === 'PLAIN' && this.merge(pair.value, merged, depth)) continue;
      own.push([text, this.value(pair.value, depth + 1)]);
    }
    return Object.fromEntries([...merged, ...own]);
  }

  /** Takes over the members of a map, or of each map of a list, the first of them winning. */
  private merge(node: Node | null, into: [string, Json][], depth: number): boolean {
    const value = this.value(node, depth + 1);
    const maps = Array.isArray(value) ? [...(value as readonly Json[])].reverse() : [value];
    if (!maps.every(isObject)) return false;
    for (const map of maps) into.push(...Object.entries(map as JsonObject));
    return true;
  }
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
