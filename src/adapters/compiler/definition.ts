// A schema and its functions in one text: the argument of `defineSchema`, whose functions are taken out, each as a text of its
// own with what it uses of the rest. So a function's text, and with it what has to run again, changes only when it does, and
// what an action reaches makes no other function one with effects. What remains is data, and is run as any definition.

import type { FunctionKind } from '../../model/function.ts';
import type { Refused } from './blank.ts';
import type { Edits } from './edits.ts';
import { findNames, type Reference } from './scope.ts';
import { type Comment, eachChild, literalText, type Node, nameOf, part, parts, type Syntax } from './syntax.ts';
import { namesUsedBy, TopLevel } from './top_level.ts';

/** Members of a definition that hold functions, and of which kind. */
const sections: Readonly<Record<string, FunctionKind>> = {
  attributes: 'attribute',
  code: 'code-generation',
  qualifications: 'qualification',
  management: 'management',
  actions: 'action',
  authentication: 'authentication',
};

export interface FunctionIn {
  readonly kind: FunctionKind;
  readonly name: string;
  /** The member of the section: what stands before it are its comments. */
  readonly member: Node;
  /** The property whose value it is: the member, or its `main`. */
  readonly property: Node;
  /** A function, or the name of one of the top level. */
  readonly value: Node;
}

export interface Definition {
  /** The statement that it stands in. */
  readonly statement: Node;
  readonly functions: readonly FunctionIn[];
  /** What cannot be taken out. */
  readonly refused: readonly Refused[];
}

/** The definition that a text exports or calls `main`; undefined: it is written otherwise. */
export function findDefinition(program: Node): Definition | undefined {
  for (const statement of parts(program, 'body')) {
    const call = callIn(statement);
    if (call === undefined) continue;
    const refused: Refused[] = [];
    const argument = plain(parts(call, 'arguments')[0]);
    const functions = argument?.type === 'ObjectExpression' ? functionsIn(argument, refused) : [];
    if (argument?.type !== 'ObjectExpression')
      refused.push({ node: call, what: 'a definition that is not written where it is defined' });
    return { statement, functions, refused };
  }
  return undefined;
}

/** Takes the functions out of the definition: what is left of each is `0`. */
export function blankFunctions({ functions }: Definition, text: string, edits: Edits): void {
  for (const { property, value } of functions) {
    const key = part(property, 'key')!;
    if (property['method'] !== true && property['shorthand'] !== true) edits.blank(value.start, value.end, '0');
    else if (property['method'] === true)
      edits.blank(property.start, property.end, `${text.slice(key.start, key.end)}:0`);
    else edits.insert(property.end, ':0');
  }
}

/** Names that the definition itself refers to: those of its functions, and of what only they use, are theirs. */
export function namesOfDefinition(definition: Definition, program: Node, free: readonly Reference[]): Reference[] {
  const { statement, functions } = definition;
  const isOwn = ({ node }: Reference) =>
    node.start >= statement.start &&
    node.end <= statement.end &&
    !functions.some(({ value }) => node.start >= value.start && node.end <= value.end);
  const used = findNames({ type: 'Program', start: 0, end: 0, body: [statement] }).free.filter(isOwn);
  const behind = new TopLevel(program).behind(
    used.map((r) => r.name),
    statement,
  );
  // A statement that declares nothing is run with the definition.
  const runs = [...behind, ...parts(program, 'body').filter((s) => s.type === 'ExpressionStatement' || isControl(s))];
  return free.filter((r) => isOwn(r) || runs.some((s) => r.node.start >= s.start && r.node.end <= s.end));
}

const isControl = (statement: Node): boolean =>
  /Statement$/.test(statement.type) && statement.type !== 'ExpressionStatement';

/** The text of a function of a definition, with the top-level declarations that it uses above it. */
export function textOfFunction({ text, program, comments }: Syntax, { statement }: Definition, fn: FunctionIn): string {
  const names = fn.value.type === 'Identifier' ? [nameOf(fn.value)!] : namesUsedBy(fn.value);
  const declarations = new TopLevel(program).behind(names, statement);
  const own = text.slice(fn.value.start, fn.value.end);
  const isMethod = fn.property['method'] === true;
  const async = fn.value['async'] === true ? 'async ' : '';
  const main = isMethod ? `${async}function main${own}` : `const main = ${own};`;
  const above = commentsAbove(text, comments, fn.member).map((c) => text.slice(c.start, c.end));
  const pieces = [
    ...declarations.map((s) => text.slice(s.start, s.end)),
    [...above, dedented(main, fn.value, indentAt(text, fn.property.start))].join('\n'),
  ];
  return `${pieces.join('\n\n')}\n`;
}

function callIn(statement: Node): Node | undefined {
  const inner = part(statement, 'declaration') ?? statement;
  if (statement.type === 'ExportDefaultDeclaration') return definitionCall(inner);
  if (inner.type !== 'VariableDeclaration') return undefined;
  const main = parts(inner, 'declarations').find((d) => nameOf(part(d, 'id')) === 'main');
  return main && definitionCall(part(main, 'init'));
}

function definitionCall(node: Node | undefined): Node | undefined {
  const call = plain(node);
  return call?.type === 'CallExpression' && nameOf(part(call, 'callee')) === 'defineSchema' ? call : undefined;
}

/** Without parentheses and words about types around it. */
function plain(node: Node | undefined): Node | undefined {
  let at = node;
  while (at !== undefined && /^(ParenthesizedExpression|TS\w+Expression|TSTypeAssertion)$/.test(at.type))
    at = part(at, 'expression');
  return at;
}

function keyOf(property: Node): string | undefined {
  if (property['computed'] === true) return undefined;
  const key = part(property, 'key');
  return nameOf(key) ?? literalText(key);
}

function functionsIn(definition: Node, refused: Refused[]): FunctionIn[] {
  const out: FunctionIn[] = [];
  for (const section of parts(definition, 'properties')) {
    const name = section.type === 'Property' ? keyOf(section) : undefined;
    const kind = name !== undefined && Object.hasOwn(sections, name) ? sections[name] : undefined;
    if (kind === undefined) continue;
    const members = plain(part(section, 'value'));
    if (members?.type !== 'ObjectExpression') {
      refused.push({ node: section, what: `\`${name}\` that is not written where it is defined` });
      continue;
    }
    for (const member of parts(members, 'properties')) {
      const found = functionIn(member, kind);
      if (found === undefined)
        refused.push({ node: member, what: `among \`${name}\` what is no function with a name of its own` });
      else out.push(found);
    }
  }
  return out;
}

function functionIn(member: Node, kind: FunctionKind): FunctionIn | undefined {
  const name = member.type === 'Property' ? keyOf(member) : undefined;
  if (name === undefined || member['kind'] !== 'init') return undefined;
  const value = plain(part(member, 'value'));
  if (value?.type !== 'ObjectExpression') {
    return isFunction(value) ? { kind, name, member, property: member, value } : undefined;
  }
  const property = parts(value, 'properties').find((p) => p.type === 'Property' && keyOf(p) === 'main');
  const main = property && plain(part(property, 'value'));
  return isFunction(main) && property!['kind'] === 'init'
    ? { kind, name, member, property: property!, value: main }
    : undefined;
}

function isFunction(node: Node | undefined): node is Node {
  return node !== undefined && /^(FunctionExpression|ArrowFunctionExpression|Identifier)$/.test(node.type);
}

/** Comments with nothing but space between them and what stands below. */
function commentsAbove(text: string, comments: readonly Comment[], node: Node): Comment[] {
  const out: Comment[] = [];
  let from = node.start;
  for (const c of [...comments].reverse()) {
    if (c.end > from) continue;
    if (text.slice(c.end, from).trim() !== '') break;
    out.unshift(c);
    from = c.start;
  }
  return out;
}

function indentAt(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))![0];
}

/** Lines after the first moved to the left by `indent`; as they are where a text of several lines is among them. */
function dedented(text: string, node: Node, indent: string): string {
  return indent === '' || hasLongTemplate(node) ? text : text.replaceAll(`\n${indent}`, '\n');
}

function hasLongTemplate(node: Node): boolean {
  const { raw } = (node['value'] ?? {}) as { raw?: unknown };
  if (node.type === 'TemplateElement' && typeof raw === 'string' && raw.includes('\n')) return true;
  let found = false;
  eachChild(node, (child) => {
    found ||= hasLongTemplate(child);
  });
  return found;
}
