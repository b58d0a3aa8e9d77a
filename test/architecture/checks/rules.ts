// Rules and the tests that quote them. A SPEC.md in a folder of src/ states numbered rules (`- [TR7] ...`); a test quotes
// the number in its title. A rule that no title quotes is unproven, a title that quotes an unknown rule is stale.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import {
  eachNode,
  type Finding,
  findingAt,
  listFiles,
  literalText,
  readSources,
  type SourceFile,
} from './source_tree.ts';

const ruleNumber = /\[([A-Z]{2}\d+)\]/g;
/** A rule is stated where its number opens a line, a list item or a table row. */
const statement = /^\s*(?:[-*|]\s*)?[*`]*\[([A-Z]{2}\d+)\]/;

/** Where each rule is stated: number -> places, in order. */
function statedRules(root: string): Map<string, Finding[]> {
  const out = new Map<string, Finding[]>();
  for (const file of listFiles(root, 'src').filter((path) => path.endsWith('/SPEC.md'))) {
    for (const [i, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
      const number = statement.exec(line)?.[1];
      if (number === undefined) continue;
      out.set(number, [...(out.get(number) ?? []), { file, line: i + 1, what: number }]);
    }
  }
  return out;
}

/** Rule numbers quoted in the titles of a file: the first argument of any call, `test.each(…)('…')` included. */
function quotedIn(file: SourceFile): Finding[] {
  const out: Finding[] = [];
  eachNode(file, (node) => {
    if (!ts.isCallExpression(node)) return;
    for (const [, number] of (literalText(node.arguments[0]) ?? '').matchAll(ruleNumber)) {
      out.push(findingAt(file, node, number ?? ''));
    }
  });
  return out;
}

/** Rules that no title quotes, rules stated twice, titles that quote an unknown rule. */
export function ruleFindings(root: string): Finding[] {
  const stated = statedRules(root);
  const suites = ['test', 'src/ports/conformance'].filter((folder) => existsSync(join(root, folder)));
  const quoted = suites.flatMap((folder) => readSources(root, folder)).flatMap(quotedIn);
  const numbers = new Set(quoted.map((q) => q.what));
  const out: Finding[] = [];
  for (const [number, places] of stated) {
    const [first, ...again] = places;
    if (first !== undefined && !numbers.has(number)) out.push({ ...first, what: `no test quotes [${number}]` });
    for (const place of again) out.push({ ...place, what: `[${number}] is stated twice` });
  }
  for (const q of quoted) if (!stated.has(q.what)) out.push({ ...q, what: `quotes the unknown rule [${q.what}]` });
  return out;
}
