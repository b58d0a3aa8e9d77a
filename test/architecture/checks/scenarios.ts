// Scenarios: behaviours that users rely on, each with an id (`A1`), which a title of a test quotes as a word. The list of ids
// is kept here, so that a scenario whose test goes is missed.

import ts from 'typescript';
import { eachNode, type Finding, findingAt, literalText, readSources, type SourceFile } from './source_tree.ts';

export interface Scenarios {
  /** Ids that are tests. */
  readonly tested: readonly string[];
  /** Ids that come later -> why. */
  readonly later: Readonly<Record<string, string>>;
  /** Folder with a test of each, by the letter of its id; default: any. */
  readonly folders?: Readonly<Record<string, string>>;
}

const scenarioId = /(?<![\w-])[ABC]\d{1,2}(?![\w-])/g;
const titled = /^(describe|it|test)\b/;

/** Ids that titles of a file quote. */
function quotedIn(file: SourceFile): Finding[] {
  const out: Finding[] = [];
  eachNode(file, (node) => {
    if (!ts.isCallExpression(node) || !titled.test(node.expression.getText(file.ast))) return;
    for (const [id] of (literalText(node.arguments[0]) ?? '').matchAll(scenarioId)) out.push(findingAt(file, node, id));
  });
  return out;
}

/** Ids that no title quotes, unknown ones that one does, and such that are said to come later. */
export function scenarioFindings(root: string, { tested, later, folders = {} }: Scenarios): Finding[] {
  const quoted = readSources(root, 'test').flatMap(quotedIn);
  const out: Finding[] = [];
  for (const id of tested) {
    const folder = folders[id.slice(0, 1)] ?? 'test/';
    if (!quoted.some((q) => q.what === id && q.file.startsWith(folder)))
      out.push({ file: folder, line: 0, what: `no test quotes ${id}` });
  }
  for (const q of quoted) {
    if (Object.hasOwn(later, q.what)) out.push({ ...q, what: `${q.what} is tested, but said to come later` });
    else if (!tested.includes(q.what)) out.push({ ...q, what: `quotes the unknown scenario ${q.what}` });
  }
  return out;
}
