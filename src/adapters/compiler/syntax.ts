// The syntax tree of a function's text, from a native parser: nodes as the ESTree and TypeScript-ESTree standards name
// them. A text that nests so deeply that the parser would overflow its stack is refused before it is parsed.

import { type Comment, parseSync, visitorKeys } from 'oxc-parser';
import type { Diagnostic } from '../../ports/compiler.ts';
import { findTooDeep } from './nesting.ts';

/** A node of the tree; members beyond these by its type. */
export interface Node {
  readonly type: string;
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

export interface Syntax {
  readonly text: string;
  readonly program: Node;
  readonly comments: readonly Comment[];
}

/** The tree, or the first thing wrong with the text: `syntax`, `too_deep`. */
export function parseText(text: string): Syntax | Diagnostic {
  const deep = findTooDeep(text);
  if (deep !== undefined) {
    return diagnosticAt(
      text,
      deep,
      0,
      'too_deep',
      'The text nests too deeply here; give parts of it names of their own.',
    );
  }
  const parsed = parseSync('function.ts', text, { lang: 'ts', sourceType: 'module', showSemanticErrors: true });
  const error = parsed.errors[0];
  if (error !== undefined) {
    const { start, end } = error.labels[0] ?? { start: 0, end: 0 };
    const help = error.helpMessage === null ? '' : ` ${error.helpMessage}.`;
    return diagnosticAt(text, start, end - start, 'syntax', `${error.message}.${help}`);
  }
  return { text, program: parsed.program as unknown as Node, comments: parsed.comments };
}

export function isNode(x: unknown): x is Node {
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

/** Children in order of the text. */
export function eachChild(node: Node, visit: (child: Node) => void): void {
  for (const key of visitorKeys[node.type] ?? []) {
    const x = node[key];
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
