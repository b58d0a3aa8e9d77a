// What the pure units must not name: the clock, chance, the locale, timers, the console, the process; ways around the
// compiler; and what gives another order or another last digit on another machine. The compiler refuses most of it
// already (no such globals in its library); this finds the rest, and finds it also where a comment silenced the compiler.

import ts from 'typescript';
import { type Unit, unitOf } from './imports.ts';
import { eachNode, type Finding, findingAt, literalText, readSources, type SourceFile } from './source_tree.ts';

const bannedGlobals = new Set([
  'Date',
  'Intl',
  'Temporal',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'console',
  'process',
  'globalThis',
  'performance',
  'crypto',
  'fetch',
  'Buffer',
  'Atomics',
  'SharedArrayBuffer',
  'WeakRef',
  'FinalizationRegistry',
  'eval',
  'Function',
]);

/** Members whose result depends on the locale, whatever they are called on. */
const bannedMember = /^(localeCompare|toLocale\w*)$/;

/** The functions of Math whose result the language fixes to the last bit. */
const exactMath = new Set(
  'abs ceil floor round trunc sign min max imul clz32 fround sqrt PI E MAX_SAFE_INTEGER'.split(' '),
);

/** Is the identifier a use of a variable, not the name of a member, a property or an import? */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isBindingElement(parent)) return parent.propertyName !== node;
  if (ts.isPropertyAssignment(parent) || ts.isEnumMember(parent)) return parent.name !== node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  const isMember =
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isAccessor(parent);
  return !(isMember && parent.name === node);
}

/** What is wrong with one node of a pure file; undefined when nothing is. */
function judge(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node)) {
    if (bannedGlobals.has(node.text) && isReference(node)) return `${node.text} in a pure unit`;
    if (node.text === 'Math' && isReference(node)) {
      const parent = node.parent;
      if (!ts.isPropertyAccessExpression(parent)) return 'Math other than as Math.name';
      if (!exactMath.has(parent.name.text)) return `Math.${parent.name.text}, whose result is not fixed`;
    }
  }
  if (ts.isPropertyAccessExpression(node) && bannedMember.test(node.name.text)) {
    return `${node.name.text}, which depends on the locale`;
  }
  if (ts.isElementAccessExpression(node)) {
    const name = literalText(node.argumentExpression);
    if (name !== undefined && bannedMember.test(name)) return `${name}, which depends on the locale`;
  }
  if (ts.isForInStatement(node)) return 'for ... in, whose order mixes integer-like and other keys';
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) {
    return 'await: the core never waits';
  }
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    if (/^(sort|toSorted)$/.test(node.expression.name.text) && isBooleanComparator(node.arguments[0])) {
      return 'a comparator that answers true or false; it must answer a number';
    }
  }
  return undefined;
}

/** `(a, b) => a < b`: neither order nor its reverse, and engines differ in what they make of it. */
function isBooleanComparator(node: ts.Node | undefined): boolean {
  if (node === undefined || !ts.isArrowFunction(node) || !ts.isBinaryExpression(node.body)) return false;
  const { LessThanToken, GreaterThanToken, LessThanEqualsToken, GreaterThanEqualsToken } = ts.SyntaxKind;
  const kinds: ts.SyntaxKind[] = [LessThanToken, GreaterThanToken, LessThanEqualsToken, GreaterThanEqualsToken];
  return kinds.includes(node.body.operatorToken.kind);
}

const silencer = /@ts-(ignore|expect-error|nocheck)|biome-ignore/;

function silencers(file: SourceFile): Finding[] {
  return file.text
    .split('\n')
    .flatMap((text, i) =>
      silencer.test(text) ? [{ file: file.path, line: i + 1, what: 'a comment that silences a check' }] : [],
    );
}

/** Banned names in the pure units (contract tests beside the ports may await), and silenced checks anywhere in src/. */
export function identifierFindings(root: string, units: readonly Unit[]): Finding[] {
  const out: Finding[] = [];
  for (const file of readSources(root, 'src')) {
    out.push(...silencers(file));
    if (unitOf(file.path, units)?.pure !== true) continue;
    const mayAwait = file.path.startsWith('src/ports/conformance/');
    eachNode(file, (node) => {
      const what = judge(node);
      if (what !== undefined && !(mayAwait && what.startsWith('await'))) out.push(findingAt(file, node, what));
    });
  }
  return out;
}
