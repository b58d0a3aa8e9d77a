// What stands on the top level of a text, statement by statement: which names each declares and which it uses, types
// included. A function that is taken out of a text takes along what it uses of it, directly or through others.

import { findNames } from './scope.ts';
import { eachChild, type Node, nameOf, part, parts } from './syntax.ts';

interface Statement {
  readonly node: Node;
  readonly declares: ReadonlySet<string>;
  readonly uses: ReadonlySet<string>;
}

export class TopLevel {
  readonly #statements: readonly Statement[];

  constructor(program: Node) {
    this.#statements = parts(program, 'body').map((node) => ({
      node,
      declares: declaredBy(node),
      uses: namesUsedBy(node),
    }));
  }

  /** Statements that declare any of `names`, or what those use, in order of the text; never `without`. */
  behind(names: Iterable<string>, without?: Node): readonly Node[] {
    const found = new Set<Statement>();
    const wanted = [...names];
    for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
      for (const s of this.#statements) {
        if (s.node === without || found.has(s) || !s.declares.has(name)) continue;
        found.add(s);
        wanted.push(...s.uses);
      }
    }
    return this.#statements.filter((s) => found.has(s)).map((s) => s.node);
  }
}

/** Names of values and types that a piece of a text uses and does not declare. */
export function namesUsedBy(node: Node): ReadonlySet<string> {
  const names = new Set(findNames(programOf(node)).free.map((r) => r.name));
  const visit = (n: Node): void => {
    const named = part(n, 'typeName') ?? part(n, 'exprName');
    const name = named && leftmost(named);
    if (name !== undefined) names.add(name);
    // `extends` of an interface, `implements` of a class.
    if (n.type.startsWith('TS')) {
      const expression = leftmost(part(n, 'expression'));
      if (expression !== undefined) names.add(expression);
    }
    eachChild(n, visit);
  };
  visit(node);
  return names;
}

function declaredBy(statement: Node): ReadonlySet<string> {
  const names = new Set(findNames(programOf(statement)).declared);
  const inner = part(statement, 'declaration') ?? statement;
  if (inner.type.startsWith('TS')) {
    const name = nameOf(part(inner, 'id'));
    if (name !== undefined) names.add(name);
  }
  return names;
}

function programOf(node: Node): Node {
  const isStatement = /(Statement|Declaration)$/.test(node.type);
  const body = isStatement ? node : { type: 'ExpressionStatement', start: node.start, end: node.end, expression: node };
  return { type: 'Program', start: node.start, end: node.end, body: [body] };
}

/** `A` of `A.B.C`. */
function leftmost(node: Node | undefined): string | undefined {
  let at = node;
  while (at !== undefined && at.type !== 'Identifier') at = part(at, 'left') ?? part(at, 'object');
  return nameOf(at);
}
