// The syntax tree of a function's text: nodes as the ESTree and TypeScript-ESTree standards name them. Texts are hostile. The
// parser is JavaScript, so that nesting without end is an error and not the end of the process; it stops at the first
// error, so that a text full of them costs no more than one; and it is given up after a time of the processor, because what a
// bracket opens in TypeScript can only be found by trying, and nested tries multiply.

import { type ParserOptions, parse } from '@babel/parser';
import { limits } from '../../base/limits.ts';
import type { Diagnostic } from '../../ports/compiler.ts';
import { isTimeout, worked } from './work_limit.ts';

/** A node of the tree; members beyond these by its type. */
export interface Node {
  readonly type: string;
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

export interface Comment {
  readonly type: 'CommentLine' | 'CommentBlock';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface Syntax {
  readonly text: string;
  readonly program: Node;
  readonly comments: readonly Comment[];
}

const options: ParserOptions = {
  sourceType: 'module',
  attachComment: false,
  createImportExpressions: true,
  createParenthesizedExpressions: true,
  // The last three are only understood here: they are refused with a word on what to write instead.
  plugins: [
    'typescript',
    ['estree', { classFeatures: true }],
    'decorators',
    'decoratorAutoAccessors',
    'explicitResourceManagement',
  ],
};

/** The tree, or the first thing wrong with the text: `syntax`, `too_deep`, `too_slow`. */
export function parseText(text: string): Syntax | Diagnostic {
  try {
    const timeMs = limits.parseTimeMs + (text.length * limits.parseTimePerMibMs) / (1024 * 1024);
    const { program, comments } = worked(timeMs, () => parse(text, options));
    return { text, program: program as unknown as Node, comments: (comments ?? []) as readonly Comment[] };
  } catch (e) {
    if (e instanceof RangeError) return tooDeep(text);
    if (isTimeout(e)) {
      return diagnosticAt(
        text,
        0,
        0,
        'too_slow',
        'The text takes too long to parse; nest calls and functions less deeply.',
      );
    }
    if (e instanceof SyntaxError && 'pos' in e && typeof e.pos === 'number') {
      // The place stands behind the parser's message, counted from 0.
      return diagnosticAt(text, e.pos, 0, 'syntax', e.message.replace(/ \(\d+:\d+\)$/, ''));
    }
    throw e;
  }
}

export function tooDeep(text: string): Diagnostic {
  return diagnosticAt(text, 0, 0, 'too_deep', 'The text nests too deeply; give parts of it names of their own.');
}

function isNode(x: unknown): x is Node {
  return typeof x === 'object' && x !== null && typeof (x as Node).type === 'string';
}

/** The member of a node that is a node; undefined when it is absent. */
export function part(node: Node, member: string): Node | undefined {
  const x = node[member];
  return isNode(x) ? x : undefined;
}

/** The member of a node that is a list of nodes; holes left out. */
export function parts(node: Node, member: string): readonly Node[] {
  const x = node[member];
  return Array.isArray(x) ? x.filter(isNode) : [];
}

/** Members of a node that are no parts of the tree. */
const noParts = new Set(['loc', 'extra']);

/** Children, in no order that means anything. */
export function eachChild(node: Node, visit: (child: Node) => void): void {
  for (const key in node) {
    const x = node[key];
    if (typeof x !== 'object' || x === null || noParts.has(key)) continue;
    if (Array.isArray(x)) {
      for (const child of x) if (isNode(child)) visit(child);
    } else if (isNode(x)) visit(x);
  }
}

export function nameOf(node: Node | undefined): string | undefined {
  return node?.type === 'Identifier' ? (node['name'] as string) : undefined;
}

/** The text of a string literal or of a template without substitutions. */
export function literalText(node: Node | undefined): string | undefined {
  return node?.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : undefined;
}

const lineEnds = /\r\n|[\n\r\u2028\u2029]/g;

/** An error at an offset, as line and column from 1. */
export function diagnosticAt(text: string, start: number, length: number, code: string, message: string): Diagnostic {
  let line = 1;
  let from = 0;
  for (const end of text.slice(0, start).matchAll(lineEnds)) {
    line++;
    from = end.index + end[0].length;
  }
  return { severity: 'error', line, column: start - from + 1, length, message, code };
}
