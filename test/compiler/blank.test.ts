// Types taken out of real TypeScript: every file of this project, blanked and compared token by token with what the TypeScript
// compiler makes of it. Semicolons and parentheses that keep lines apart or together are left out of the comparison.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { blankTypes } from '../../src/adapters/compiler/blank.ts';
import { Edits } from '../../src/adapters/compiler/edits.ts';
import { blankModules } from '../../src/adapters/compiler/modules.ts';
import { parseText, parts } from '../../src/adapters/compiler/syntax.ts';
import { repository } from '../architecture/repository.ts';

function blanked(text: string): string {
  const syntax = parseText(text);
  if ('severity' in syntax) throw new Error(`${syntax.line}: ${syntax.message}`);
  const edits = new Edits(text);
  for (const node of parts(syntax.program, 'body')) {
    if (node.type === 'ImportDeclaration' || node['source'] != null) edits.blank(node.start, node.end, ';');
  }
  blankModules(syntax.program, edits, true);
  expect(blankTypes(text, syntax.program, edits)).toEqual([]);
  return edits.apply();
}

/** Parses a body as the language engine does. */
const AsyncFunction = (async () => undefined).constructor as new (body: string) => unknown;

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  removeComments: true,
};

/** Statements printed in one form, without what blanking leaves behind: empty statements and parentheses. */
function form(text: string): string {
  const file = ts.createSourceFile('a.js', text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const out: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isEmptyStatement(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isSemicolonClassElement(node) || node.kind === ts.SyntaxKind.ExportKeyword) return;
    if (ts.isParenthesizedExpression(node)) {
      visit(node.expression);
      return;
    }
    const isLeaf = node.getChildCount(file) === 0;
    out.push(isLeaf ? `${node.kind} ${node.getText(file)}` : String(node.kind));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return out.join('\n');
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })) {
    if (entry.endsWith('.ts') && !entry.includes('fixtures')) yield join(folder, entry);
  }
}

describe('every file of this project has the same meaning with its types blanked', () => {
  for (const folder of ['src/adapters', 'src/model', 'src/formats', 'test/formats']) {
    test(folder, () => {
      let files = 0;
      for (const file of filesBelow(folder)) {
        const text = readFileSync(join(repository, file), 'utf8');
        const script = blanked(text);
        expect(script.split('\n').length, file).toBe(text.split('\n').length);
        expect(() => new AsyncFunction(script.replaceAll('import.meta', 'meta')), file).not.toThrow();
        const expected = form(ts.transpileModule(text, { compilerOptions: options }).outputText);
        expect(form(script), file).toBe(expected);
        files++;
      }
      expect(files).toBeGreaterThan(5);
    });
  }
});
