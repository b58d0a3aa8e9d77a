// What can be said of a source file without its meaning: its name, its opening comment, its length, and whether
// anything reaches it. A name that fits everything says nothing; a file opens with what it owns; one nobody reaches is
// dead.

import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';
import { importsOf } from './imports.ts';
import { eachNode, type Finding, listFiles, literalText, readSources, type SourceFile } from './source_tree.ts';

const bannedName = /(^|[_-])(utils?|helpers?|common|lib|types|services?|managers?|misc|shared|stuff)$/;

/** Files and folders whose name fits everything. */
export function nameFindings(root: string, folders: readonly string[]): Finding[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => listFiles(root, folder))
    .flatMap((file) => {
      const parts = file.split('/').map((part) => part.split('.')[0] ?? '');
      const bad = parts.find((part) => bannedName.test(part));
      return bad === undefined ? [] : [{ file, line: 0, what: `the name ${bad} says nothing` }];
    });
}

/** Lines of the comment a file opens with; 0 when it opens with something else. */
export function openingCommentLines(text: string): number {
  const lines = text.replace(/^#!.*\n/, '').split('\n');
  if (lines[0]?.startsWith('/*')) return lines.findIndex((line) => line.includes('*/')) + 1;
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return end === -1 ? lines.length : end;
}

/** Files that do not open with 2 to 10 lines of comment; a port's contract may take 40. */
export function headerFindings(root: string): Finding[] {
  return readSources(root, 'src').flatMap((file) => {
    const lines = openingCommentLines(file.text);
    const most = file.path.startsWith('src/ports/') ? 40 : 10;
    if (lines >= 2 && lines <= most) return [];
    return [{ file: file.path, line: 1, what: `opens with ${lines} lines of comment, not with 2 to ${most}` }];
  });
}

/** Files over `linesMax` lines. */
export function lengthFindings(root: string, linesMax: number): Finding[] {
  return readSources(root, 'src').flatMap((file) => {
    const lines = file.text.trimEnd().split('\n').length;
    return lines <= linesMax ? [] : [{ file: file.path, line: 0, what: `${lines} lines, over ${linesMax}` }];
  });
}

/** Files of the tree that a file names: by import, or as `new URL('…', import.meta.url)` (a worker, a child process). */
function targetsOf(file: SourceFile): string[] {
  const specifiers = importsOf(file).map((i) => i.specifier);
  eachNode(file, (node) => {
    if (ts.isNewExpression(node) && node.expression.getText(file.ast) === 'URL') {
      specifiers.push(literalText(node.arguments?.[0]) ?? '');
    }
  });
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.normalize(posix.join(dirname(file.path), specifier)))
    .map((path) => (path.startsWith('dist/') ? `src/${path.slice('dist/'.length)}` : path))
    .map((path) => (path.startsWith('src/') ? path.replace(/\.js$/, '.ts') : path));
}

/** Files below src/ that nothing reaches: neither an entry of the product nor a file outside of src/. */
export function reachFindings(root: string, isEntry: (path: string) => boolean): Finding[] {
  const inSrc = new Map(readSources(root, 'src').map((file) => [file.path, file]));
  const outside = ['test', 'bench', 'scripts']
    .filter((folder) => existsSync(join(root, folder)) && listFiles(root, folder).some((p) => /\.(ts|mjs)$/.test(p)))
    .flatMap((folder) => readSources(root, folder, ['.ts', '.mjs']));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    const file = inSrc.get(path);
    if (file === undefined || reached.has(path)) return;
    reached.add(path);
    targetsOf(file).forEach(visit);
  };
  [...inSrc.keys()].filter(isEntry).forEach(visit);
  outside.flatMap(targetsOf).forEach(visit);
  return [...inSrc.keys()]
    .filter((path) => !reached.has(path))
    .map((file) => ({ file, line: 0, what: 'nothing reaches this file' }));
}
