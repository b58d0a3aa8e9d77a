// What every architecture check works on: the parsed files of a tree. A check is a function of a root folder that
// answers findings, so that the tests run it on the repository (none expected) and on a fixture (each one expected).
// Reading nothing is an error, because a check over nothing always passes.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Finding {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  /** 1 for the first; 0 when it is about the file as a whole. */
  readonly line: number;
  readonly what: string;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
}

const ignoredFolders = new Set(['node_modules', 'dist', 'fixtures', '.git']);

/** Paths of all files below `folder` of the root, in order. */
export function listFiles(root: string, folder: string): string[] {
  const out: string[] = [];
  const walk = (at: string): void => {
    for (const entry of readdirSync(join(root, at), { withFileTypes: true })) {
      if (entry.isDirectory()) {
        if (!ignoredFolders.has(entry.name)) walk(`${at}/${entry.name}`);
      } else out.push(`${at}/${entry.name}`);
    }
  };
  walk(folder);
  return out.sort();
}

/** Parses every file below `folder` whose name ends in one of `endings`; throws when there is none. */
export function readSources(root: string, folder: string, endings: readonly string[] = ['.ts']): SourceFile[] {
  const paths = listFiles(root, folder).filter((path) => endings.some((ending) => path.endsWith(ending)));
  if (paths.length === 0) throw new Error(`no ${endings.join(' or ')} file below ${join(root, folder)}`);
  return paths.map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const kind = path.endsWith('.ts') ? ts.ScriptKind.TS : ts.ScriptKind.JS;
    return { path, text, ast: ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true, kind) };
  });
}

/** Calls `visit` on every node of the file, parents first. */
export function eachNode(file: SourceFile, visit: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, walk);
  };
  walk(file.ast);
}

export function findingAt(file: SourceFile, node: ts.Node, what: string): Finding {
  const { line } = file.ast.getLineAndCharacterOfPosition(node.getStart(file.ast));
  return { file: file.path, line: line + 1, what };
}

/** The text of a string literal or of a template, its substitutions left out; undefined for anything else. */
export function literalText(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return [node.head, ...node.templateSpans.map((s) => s.literal)].map((p) => p.text).join('');
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return `${literalText(node.left) ?? ''}${literalText(node.right) ?? ''}`;
  }
  return undefined;
}

/** Findings as lines, for a message or a comparison. */
export function show(findings: readonly Finding[]): string[] {
  return findings.map((f) => `${f.file}${f.line > 0 ? `:${f.line}` : ''}: ${f.what}`);
}
