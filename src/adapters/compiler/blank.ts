// TypeScript to JavaScript by blanking: types become spaces, so that every line and nearly every column stays where it was.
// What cannot be blanked is rewritten in place (enums) or refused (namespaces, parameter properties, decorators).
// Where a blanked type stood between two statements or kept a line together, a semicolon or parenthesis takes its place.

import type { Edits } from './edits.ts';
import { eachChild, literalText, type Node, nameOf, part, parts } from './syntax.ts';

export interface Refused {
  readonly node: Node;
  readonly what: string;
}

const declarationTypes = new Set(['TSInterfaceDeclaration', 'TSTypeAliasDeclaration', 'TSDeclareFunction']);
/** Members of a class that exist as types only. */
function isTypeMember(node: Node): boolean {
  if (node.type === 'TSIndexSignature') return true;
  if (node.type === 'PropertyDefinition') return node['abstract'] === true;
  return node.type === 'MethodDefinition' && (node['abstract'] === true || part(node, 'value')?.['body'] == null);
}

const statementEnds = new Set([
  'ExpressionStatement',
  'VariableDeclaration',
  'ReturnStatement',
  'ThrowStatement',
  'PropertyDefinition',
  'BreakStatement',
]);

/** Blanks the types of `program`; answers what it cannot express. */
export function blankTypes(text: string, program: Node, edits: Edits): readonly Refused[] {
  const refused: Refused[] = [];
  const refuse = (node: Node, what: string) => void refused.push({ node, what });

  /** Ends of statements that no semicolon closes: a type blanked up to one leaves a semicolon. */
  const openEnds = new Set<number>();
  /** What stands in the head of a loop is no statement, whatever its name. */
  const inHeads = new Set<unknown>();
  const noteEnd = (node: Node) => {
    for (const part of [node['init'], node['left']]) if (node.type.startsWith('For')) inHeads.add(part);
    if (inHeads.has(node)) return;
    if (statementEnds.has(node.type) && text[node.end - 1] !== ';') openEnds.add(node.end);
  };
  const blankType = (start: number, end: number) => edits.blank(start, end, openEnds.has(end) ? ';' : '');
  /** From `from`, the place of the next `token` that is not in a comment. */
  const find = (token: string, from: number): number => {
    let at = from;
    while (at < text.length) {
      if (text.startsWith('//', at)) at = Math.max(at + 2, text.indexOf('\n', at));
      else if (text.startsWith('/*', at)) at = text.indexOf('*/', at + 2) + 2;
      else if (text.startsWith(token, at)) return at;
      else at++;
    }
    return text.length;
  };
  const blankWord = (word: string, from: number, before: number) => {
    const at = find(word, from);
    if (at < before) edits.blank(at, at + word.length);
  };

  const visit = (node: Node): void => {
    noteEnd(node);
    if (node['declare'] === true || declarationTypes.has(node.type)) {
      edits.blank(node.start, node.end, ';');
      return;
    }
    if (isTypeMember(node)) {
      edits.blank(node.start, node.end, ';');
      return;
    }
    switch (node.type) {
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'TSNonNullExpression':
      case 'TSInstantiationExpression': {
        const inner = part(node, 'expression')!;
        visit(inner);
        blankType(inner.end, node.end);
        return;
      }
      case 'TSTypeAssertion': {
        const inner = part(node, 'expression')!;
        edits.blank(node.start, find('>', part(node, 'typeAnnotation')!.end) + 1, '(');
        visit(inner);
        edits.insert(node.end, ')');
        return;
      }
      case 'TSEnumDeclaration':
        rewriteEnum(node, find('{', part(node, 'id')!.end), { text, edits, visit, refuse });
        return;
      case 'TSModuleDeclaration':
        refuse(node, 'a namespace; write an object');
        return;
      case 'TSParameterProperty':
        refuse(node, 'a parameter property; declare the field and assign it');
        return;
      case 'TSImportEqualsDeclaration':
      case 'TSExportAssignment':
      case 'TSNamespaceExportDeclaration':
        refuse(node, 'a CommonJS import or export; everything a function may use is a global name');
        return;
      case 'Decorator':
        refuse(node, 'a decorator; call the function');
        return;
      case 'AccessorProperty':
        refuse(node, 'an accessor field; write a getter and a setter');
        return;
      case 'ArrowFunctionExpression':
        arrow(node);
        break;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
        thisParameter(node);
        break;
      case 'ClassDeclaration':
      case 'ClassExpression':
        classHead(node);
        break;
      case 'MethodDefinition':
      case 'PropertyDefinition':
        modifiers(node);
        break;
      case 'VariableDeclaration':
        if (node['kind'] === 'using' || node['kind'] === 'await using') refuse(node, '`using`; close it in a finally');
        break;
      case 'VariableDeclarator':
        if (node['definite'] === true) {
          const id = part(node, 'id')!;
          blankWord('!', id.start + (nameOf(id)?.length ?? 0), id.end + 1);
        }
        break;
      case 'Identifier':
        if (node['optional'] === true) blankWord('?', node.start + (node['name'] as string).length, node.end + 1);
        break;
      case 'ObjectPattern':
      case 'ArrayPattern':
        if (node['optional'] === true) {
          const type = part(node, 'typeAnnotation');
          const end = type?.start ?? node.end;
          edits.blank(text.lastIndexOf('?', end), end);
        }
        break;
      default:
        if (node.type.startsWith('TS')) {
          blankType(node.start, node.end);
          return;
        }
    }
    eachChild(node, visit);
  };

  /** No line may end between the parameters of an arrow function and its arrow, nor behind `async` or `return`. */
  const arrow = (node: Node): void => {
    const generics = part(node, 'typeParameters');
    if (generics !== undefined && text.slice(generics.start, generics.end).includes('\n')) {
      const paren = find('(', generics.end);
      edits.blank(generics.start, generics.end, '(');
      edits.blank(paren, paren + 1);
    }
    const type = part(node, 'returnType');
    if (type === undefined || !text.slice(type.start, type.end).includes('\n')) return;
    // The parenthesis moves to where the type ends.
    const before = text.slice(node.start, type.start).trimEnd();
    const paren = node.start + before.length - 1;
    if (text[paren] !== ')') {
      refuse(type, 'a comment between the parameters and their result type');
      return;
    }
    edits.blank(paren, paren + 1);
    edits.replace(
      type.start,
      type.end,
      `${text.slice(type.start, type.end - 1).replace(/[^\n\r\u2028\u2029]/g, ' ')})`,
    );
  };

  const thisParameter = (node: Node): void => {
    const first = parts(node, 'params')[0];
    if (nameOf(first) !== 'this') return;
    const next = parts(node, 'params')[1];
    const comma = find(',', first!.end);
    edits.blank(first!.start, next !== undefined || comma < (part(node, 'body')?.start ?? 0) ? comma + 1 : first!.end);
  };

  const classHead = (node: Node): void => {
    if (node['abstract'] === true) blankWord('abstract', node.start, find('class', node.start));
    const clauses = parts(node, 'implements');
    if (clauses.length === 0) return;
    const head = [
      part(node, 'id'),
      part(node, 'typeParameters'),
      part(node, 'superClass'),
      part(node, 'superTypeArguments'),
    ];
    const from = Math.max(node.start, ...head.map((h) => h?.end ?? 0));
    edits.blank(find('implements', from), clauses[clauses.length - 1]!.end);
  };

  const modifiers = (node: Node): void => {
    const key = part(node, 'key')!;
    const before = node['computed'] === true ? find('[', decoratorsEnd(node)) : key.start;
    for (const word of ['public', 'private', 'protected', 'override', 'readonly']) {
      const stands = node['accessibility'] === word || node[word] === true;
      if (stands) blankWord(word, decoratorsEnd(node), before);
    }
    const after = node['computed'] === true ? find(']', key.end) + 1 : key.end;
    const until = part(node, 'typeAnnotation')?.start ?? part(node, 'value')?.start ?? node.end;
    if (node['optional'] === true) blankWord('?', after, until);
    if (node['definite'] === true) blankWord('!', after, until);
  };
  const decoratorsEnd = (node: Node) => parts(node, 'decorators').at(-1)?.end ?? node.start;

  eachChild(program, visit);
  return refused;
}

interface EnumRewriting {
  readonly text: string;
  readonly edits: Edits;
  readonly visit: (node: Node) => void;
  readonly refuse: (node: Node, what: string) => void;
}

/** `enum A { B, C = 2 }` as an object that is filled member by member, each on its line. */
function rewriteEnum(node: Node, brace: number, { text, edits, visit, refuse }: EnumRewriting): void {
  const name = nameOf(part(node, 'id'))!;
  edits.replace(node.start, part(node, 'id')!.start, 'var ');
  edits.replace(brace, brace + 1, `; (function (${name}) {`);
  let previous: string | undefined;
  for (const member of parts(node, 'members')) {
    const id = part(member, 'id')!;
    const key = nameOf(id) ?? literalText(id);
    if (key === undefined) {
      refuse(member, 'an enum member without a plain name');
      return;
    }
    const place = `${name}[${JSON.stringify(key)}]`;
    const local = nameOf(id) === undefined ? '' : `const ${key} = `;
    const init = part(member, 'initializer');
    const value = init === undefined ? (previous === undefined ? '0' : `${previous} + 1`) : '';
    edits.replace(id.start, init?.start ?? id.end, `${local}${place} = ${value}`);
    if (init !== undefined) visit(init);
    edits.insert(member.end, `; if (typeof ${place} === 'number') ${name}[${place}] = ${JSON.stringify(key)};`);
    const comma = /^\s*,/.exec(text.slice(member.end, node.end));
    if (comma !== null) edits.blank(member.end + comma[0].length - 1, member.end + comma[0].length);
    previous = place;
  }
  edits.replace(node.end - 1, node.end, `})(${name} || (${name} = {}));`);
}
