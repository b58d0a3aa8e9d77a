// Who may import what. Relative imports go to the same unit or to one that the layer table of scripts/layers.mjs lists;
// the pure units import no package beyond the short list below and nothing of Node; every other package must be a
// dependency of package.json. There is no list of exceptions.

import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';
import { eachNode, type Finding, findingAt, literalText, readSources, type SourceFile } from './source_tree.ts';

/** One row of the layer table. */
export interface Unit {
  readonly id: string;
  readonly pure: boolean;
  readonly mayImport: readonly string[];
}

/** Packages that a pure unit may use, by unit. */
export const packagesOfPureUnits: Readonly<Record<string, readonly string[]>> = {
  formats: ['yaml'],
  merge: ['@codemirror/state'],
};

/** The unit a path below src/ belongs to. */
export function unitOf(path: string, units: readonly Unit[]): Unit | undefined {
  return units.find((unit) => path.startsWith(`src/${unit.id}/`));
}

/** Every module a file names: static and dynamic imports, re-exports, import types, require calls, reference lines. */
export function importsOf(file: SourceFile): { readonly node: ts.Node; readonly specifier: string }[] {
  const out: { node: ts.Node; specifier: string }[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined): void => {
    const text = literalText(specifier);
    out.push({ node, specifier: text ?? '(computed)' });
  };
  eachNode(file, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier);
    else if (ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier !== undefined) add(node, node.moduleSpecifier);
    } else if (ts.isExternalModuleReference(node)) add(node, node.expression);
    else if (ts.isImportTypeNode(node))
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
    else if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const isRequire = ts.isIdentifier(callee) && callee.text === 'require';
      if (callee.kind === ts.SyntaxKind.ImportKeyword || isRequire) add(node, node.arguments[0]);
    }
  });
  for (const reference of [...file.ast.referencedFiles, ...file.ast.typeReferenceDirectives]) {
    out.push({ node: file.ast, specifier: `/// ${reference.fileName}` });
  }
  return out;
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function judge(file: SourceFile, specifier: string, unit: Unit, units: readonly Unit[], dependencies: Set<string>) {
  if (specifier.startsWith('///')) return `a reference line (${specifier.slice(4)}); use an import`;
  if (specifier === '(computed)') return unit.pure ? 'an import whose module is computed' : undefined;
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(dirname(file.path), specifier));
    const to = unitOf(target, units);
    if (to === undefined) return `imports ${target}, which belongs to no unit of src/`;
    if (to.id === unit.id || unit.mayImport.includes(to.id)) return undefined;
    return `${unit.id} may not import ${to.id}`;
  }
  const name = packageOf(specifier);
  const isNode = specifier.startsWith('node:') || builtinModules.includes(name);
  if (unit.pure) {
    if (isNode) return `${unit.id} is pure and may not import ${specifier}`;
    if (!(packagesOfPureUnits[unit.id] ?? []).includes(name)) return `${unit.id} is pure and may not import ${name}`;
  }
  if (!isNode && !dependencies.has(name)) return `${name} is not a dependency of package.json`;
  return undefined;
}

/** Every import in src/ that the layer table or package.json does not allow. */
export function importFindings(root: string, units: readonly Unit[]): Finding[] {
  const manifest = join(root, 'package.json');
  const { dependencies = {} } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
  const known = new Set(Object.keys(dependencies));
  const out: Finding[] = [];
  for (const file of readSources(root, 'src')) {
    const unit = unitOf(file.path, units);
    if (unit === undefined) {
      out.push({ file: file.path, line: 0, what: 'belongs to no unit of the layer table' });
      continue;
    }
    for (const { node, specifier } of importsOf(file)) {
      const what = judge(file, specifier, unit, units, known);
      if (what !== undefined) out.push(findingAt(file, node, what));
    }
  }
  return out;
}
