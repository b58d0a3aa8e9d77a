// Error codes in use. Every code of src/base/codes.ts must be given by something else in src/: a code that nothing gives
// is a promise in docs/errors.md that nobody keeps. (A code that is given and not in the table does not compile.)

import ts from 'typescript';
import { eachNode, type Finding, findingAt, readSources } from './source_tree.ts';

const table = 'src/base/codes.ts';

/** Codes of the table that no string in another file of src/ names. */
export function codeFindings(root: string): Finding[] {
  const files = readSources(root, 'src');
  const codes = files.find((file) => file.path === table);
  if (codes === undefined) throw new Error(`no ${table} below ${root}`);
  const stated = new Map<string, Finding>();
  eachNode(codes, (node) => {
    if (!ts.isVariableDeclaration(node) || !node.name.getText(codes.ast).endsWith('Codes')) return;
    let value = node.initializer;
    while (value !== undefined && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value)))
      value = value.expression;
    if (value === undefined || !ts.isObjectLiteralExpression(value)) return;
    for (const property of value.properties) {
      const code = property.name?.getText(codes.ast) ?? '';
      stated.set(code, findingAt(codes, property, `nothing in src/ gives ${code}`));
    }
  });
  if (stated.size === 0) throw new Error(`no codes read from ${table}`);
  for (const file of files) {
    if (file.path === table) continue;
    eachNode(file, (node) => {
      if (ts.isStringLiteral(node) && !ts.isLiteralTypeNode(node.parent)) stated.delete(node.text);
    });
  }
  return [...stated.values()];
}
