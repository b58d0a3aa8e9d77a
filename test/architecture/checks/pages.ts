// The pages people read: every relative link leads to a file that is there, and the glossary explains each word
// once.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finding } from './source_tree.ts';

/** Relative links of the pages whose target is missing; throws when the pages hold no link at all. */
export function linkFindings(root: string, pages: readonly string[]): Finding[] {
  const links = pages.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((text, i) =>
        [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((m) => ({ file, line: i + 1, to: m[1] ?? '' })),
      )
      .filter(({ to }) => !/^[a-z]+:/.test(to)),
  );
  if (links.length === 0) throw new Error(`no link in ${pages.join(', ')}`);
  return links
    .filter(({ file, to }) => !existsSync(join(root, dirname(file), to)))
    .map(({ file, line, to }) => ({ file, line, what: `links to ${to}, which is not there` }));
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
