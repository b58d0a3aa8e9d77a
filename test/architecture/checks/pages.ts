// The pages people read: every relative link leads to a file that is there, and to a heading of it; the index of the pages
// names each; the glossary explains each word once.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Finding } from './source_tree.ts';

/** The pages of a repository: those at its root, below docs/, and src/README.md. */
export function pagesOf(root: string): string[] {
  const atRoot = readdirSync(root).filter((name) => name.endsWith('.md'));
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.md'));
  return [...atRoot, ...below.map((name) => join('docs', name)), 'src/README.md'].sort();
}

/** The anchors of a page, as GitHub makes them: of headings outside of code, a second one of a name with `-1`. */
function anchorsOf(text: string): ReadonlySet<string> {
  const out = new Set<string>();
  for (const [, heading = ''] of withoutCode(text).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
    const anchor = plain.toLowerCase().replaceAll(' ', '-');
    let n = 0;
    while (out.has(n === 0 ? anchor : `${anchor}-${n}`)) n++;
    out.add(n === 0 ? anchor : `${anchor}-${n}`);
  }
  return out;
}

/** The text with the lines of its code blocks emptied, so that lines keep their numbers. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, ''));
}

/** Pages below docs/ that the index `index` has no link to. */
export function indexFindings(root: string, index: string): Finding[] {
  const text = readFileSync(join(root, index), 'utf8');
  const linked = new Set([...text.matchAll(/\]\(([^)#]+)/g)].map(([, to = '']) => normalize(join(dirname(index), to))));
  return pagesOf(root)
    .filter((page) => page.startsWith('docs/') && page !== index && !linked.has(page))
    .map((page) => ({ file: index, line: 1, what: `does not name ${page}` }));
}

/** Relative links of the pages whose file or heading is missing; throws when the pages hold no link at all. */
export function linkFindings(root: string, pages: readonly string[]): Finding[] {
  const links = pages.flatMap((file) =>
    withoutCode(readFileSync(join(root, file), 'utf8'))
      .split('\n')
      .flatMap((text, i) =>
        [...text.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, to = '', at]) => ({
          file,
          line: i + 1,
          to,
          at,
        })),
      )
      .filter(({ to }) => !/^[a-z]+:/.test(to)),
  );
  if (links.length === 0) throw new Error(`no link in ${pages.join(', ')}`);
  const anchors = new Map<string, ReadonlySet<string>>();
  const out: Finding[] = [];
  for (const { file, line, to, at } of links) {
    const target = to === '' ? file : join(dirname(file), to);
    if (!existsSync(join(root, target))) out.push({ file, line, what: `links to ${to}, which is not there` });
    else if (at !== undefined && target.endsWith('.md')) {
      const known = anchors.get(target) ?? anchorsOf(readFileSync(join(root, target), 'utf8'));
      anchors.set(target, known);
      if (!known.has(at)) out.push({ file, line, what: `links to ${to}#${at}, a heading that is not there` });
    }
  }
  return out;
}

/** Words that the glossary explains twice; throws when it explains none. */
export function glossaryFindings(root: string, file: string): Finding[] {
  const seen = new Set<string>();
  const out: Finding[] = [];
  for (const [i, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length !== 5 || cells[1] === 'word' || /^-+$/.test(cells[1] ?? '')) continue;
    for (const word of (cells[1] ?? '').split(', ')) {
      if (seen.has(word)) out.push({ file, line: i + 1, what: `explains ${word} again` });
      seen.add(word);
    }
  }
  if (seen.size === 0) throw new Error(`no word in ${file}`);
  return out;
}
