// The names that a text uses and does not declare. Scopes as the language has them: `var` and functions belong to the
// function around them, the rest to the block; parameters, catch bindings, class and function names to their own. Types
// are not looked at. References are resolved when everything has been declared, so order does not matter.

import { eachChild, type Node, nameOf, part, parts } from './syntax.ts';

export interface Reference {
  readonly name: string;
  readonly node: Node;
  /** The member access whose object it is, or the call or construction whose callee; undefined elsewhere. */
  readonly heads: Node | undefined;
}

export interface Names {
  /** In order of the text. */
  readonly free: readonly Reference[];
  /** Declared on the top level. */
  readonly declared: ReadonlySet<string>;
  /** `import(…)`, `import.meta` and `await` outside of any function. */
  readonly moduleOnly: readonly Node[];
}

class Scope {
  readonly names = new Set<string>();
  readonly parent: Scope | undefined;
  readonly isFunction: boolean;
  constructor(parent: Scope | undefined, isFunction: boolean) {
    this.parent = parent;
    this.isFunction = isFunction;
  }
  get ofFunction(): Scope {
    let scope: Scope = this;
    while (!scope.isFunction && scope.parent !== undefined) scope = scope.parent;
    return scope;
  }
  has(name: string): boolean {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      if (scope.names.has(name)) return true;
    }
    return false;
  }
}

/** Types whose expression counts, whatever stands around it. */
const wrappers = new Set([
  'ParenthesizedExpression',
  'ChainExpression',
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
]);

export function findNames(program: Node): Names {
  const walk = new Walk();
  walk.program(program);
  return walk.names();
}

function inOrder(a: Reference, b: Reference): number {
  return a.node.start - b.node.start;
}

class Walk {
  readonly #top = new Scope(undefined, true);
  #scope = this.#top;
  #functions = 0;
  readonly #references: { readonly reference: Reference; readonly scope: Scope }[] = [];
  readonly #moduleOnly: Node[] = [];

  program(node: Node): void {
    for (const statement of parts(node, 'body')) this.#visit(statement);
  }

  names(): Names {
    const free = this.#references.filter(({ reference, scope }) => !scope.has(reference.name)).map((r) => r.reference);
    return { free: free.sort(inOrder), declared: this.#top.names, moduleOnly: this.#moduleOnly };
  }

  #within(isFunction: boolean, body: () => void): void {
    const outer = this.#scope;
    this.#scope = new Scope(outer, isFunction);
    if (isFunction) this.#functions++;
    body();
    if (isFunction) this.#functions--;
    this.#scope = outer;
  }

  #children(node: Node): void {
    eachChild(node, (child) => this.#visit(child));
  }

  #visit(node: Node | undefined, heads?: Node): void {
    if (node === undefined) return;
    switch (node.type) {
      case 'Identifier':
        this.#references.push({ reference: { name: node['name'] as string, node, heads }, scope: this.#scope });
        return;
      case 'FunctionDeclaration':
        if (node['declare'] !== true) this.#declare(part(node, 'id'), this.#scope);
        this.#function(node);
        return;
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.#within(false, () => {
          this.#declare(part(node, 'id'), this.#scope);
          this.#function(node);
        });
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#class(node);
        return;
      case 'StaticBlock':
        this.#within(true, () => this.#children(node));
        return;
      case 'BlockStatement':
      case 'ForStatement':
      case 'ForInStatement':
      case 'SwitchStatement':
        this.#within(false, () => this.#children(node));
        return;
      case 'ForOfStatement':
        if (node['await'] === true && this.#functions === 0) this.#moduleOnly.push(node);
        this.#within(false, () => this.#children(node));
        return;
      case 'CatchClause':
        this.#within(false, () => {
          this.#pattern(part(node, 'param'), this.#scope);
          this.#visit(part(node, 'body'));
        });
        return;
      case 'VariableDeclaration':
        if (node['declare'] === true) return;
        for (const declarator of parts(node, 'declarations')) {
          this.#pattern(part(declarator, 'id'), node['kind'] === 'var' ? this.#scope.ofFunction : this.#scope);
          this.#visit(part(declarator, 'init'));
        }
        return;
      case 'MemberExpression':
        this.#visit(part(node, 'object'), node);
        if (node['computed'] === true) this.#visit(part(node, 'property'));
        return;
      case 'CallExpression':
      case 'NewExpression':
        this.#visit(part(node, 'callee'), node);
        for (const argument of parts(node, 'arguments')) this.#visit(argument);
        return;
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        if (node['computed'] === true) this.#visit(part(node, 'key'));
        if (node.type === 'PropertyDefinition') {
          this.#within(true, () => this.#visit(part(node, 'value')));
          return;
        }
        this.#visit(part(node, 'value'));
        return;
      case 'LabeledStatement':
        this.#visit(part(node, 'body'));
        return;
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'ExportAllDeclaration':
        return;
      case 'ImportDeclaration':
        for (const specifier of parts(node, 'specifiers')) this.#declare(part(specifier, 'local'), this.#scope);
        return;
      case 'ExportNamedDeclaration':
        this.#visit(part(node, 'declaration'));
        return;
      case 'MetaProperty':
        if (nameOf(part(node, 'meta')) === 'import') this.#moduleOnly.push(node);
        return;
      case 'ImportExpression':
        this.#moduleOnly.push(node);
        this.#children(node);
        return;
      case 'AwaitExpression':
        if (this.#functions === 0) this.#moduleOnly.push(node);
        this.#children(node);
        return;
      case 'TSEnumDeclaration':
        this.#enum(node);
        return;
      default:
        if (wrappers.has(node.type)) this.#visit(part(node, 'expression'), heads);
        else if (!node.type.startsWith('TS')) this.#children(node);
    }
  }

  #function(node: Node): void {
    this.#within(true, () => {
      for (const parameter of parts(node, 'params')) this.#pattern(parameter, this.#scope);
      const body = part(node, 'body');
      if (body?.type === 'BlockStatement') this.#children(body);
      else this.#visit(body);
    });
  }

  #class(node: Node): void {
    if (node['declare'] === true) return;
    if (node.type === 'ClassDeclaration') this.#declare(part(node, 'id'), this.#scope);
    this.#within(false, () => {
      this.#declare(part(node, 'id'), this.#scope);
      this.#visit(part(node, 'superClass'));
      const body = part(node, 'body');
      if (body !== undefined) this.#children(body);
    });
  }

  #enum(node: Node): void {
    if (node['declare'] === true) return;
    this.#declare(part(node, 'id'), this.#scope);
    const members = parts(node, 'members');
    this.#within(true, () => {
      for (const member of members) this.#declare(part(member, 'id'), this.#scope);
      for (const member of members) this.#visit(part(member, 'initializer'));
    });
  }

  #declare(id: Node | undefined, scope: Scope): void {
    const name = nameOf(id);
    if (name !== undefined) scope.names.add(name);
  }

  /** What a binding pattern declares; its defaults and computed keys are expressions. */
  #pattern(node: Node | undefined, scope: Scope): void {
    switch (node?.type) {
      case 'Identifier':
        this.#declare(node, scope);
        return;
      case 'ObjectPattern':
        for (const property of parts(node, 'properties')) {
          if (property.type === 'RestElement') this.#pattern(part(property, 'argument'), scope);
          else {
            if (property['computed'] === true) this.#visit(part(property, 'key'));
            this.#pattern(part(property, 'value'), scope);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of parts(node, 'elements')) this.#pattern(element, scope);
        return;
      case 'AssignmentPattern':
        this.#pattern(part(node, 'left'), scope);
        this.#visit(part(node, 'right'));
        return;
      case 'RestElement':
        this.#pattern(part(node, 'argument'), scope);
        return;
      case 'TSParameterProperty':
        this.#pattern(part(node, 'parameter'), scope);
        return;
      default:
    }
  }
}
