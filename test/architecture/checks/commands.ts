// The commands that pages show: each is one of the program, and so is every option that is given to it. Looked at are lines of
// code that begin with the program's name, also behind a pipe or an "and", and code within a line that begins with it or, with two
// words at least, with a group of commands (`action list`).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Finding } from './source_tree.ts';

/** Commands and options of the pages that `program` has not; throws when the pages show no command at all. */
export function commandFindings(root: string, pages: readonly string[], program: Command): Finding[] {
  const groups = program.commands.filter((c) => c.commands.length > 0).map((c) => c.name());
  const shown = pages.flatMap((file) =>
    shownIn(readFileSync(join(root, file), 'utf8'), groups).map((s) => ({ file, ...s })),
  );
  if (shown.length === 0) throw new Error(`no command in ${pages.join(', ')}`);
  return shown.flatMap(({ file, line, text }) => {
    const what = wrongIn(text, program);
    return what === undefined ? [] : [{ file, line, what }];
  });
}

function shownIn(page: string, groups: readonly string[]): { readonly line: number; readonly text: string }[] {
  const lines = page.split('\n');
  const within = new RegExp(`\`(?:headwater ([^\`]+)|((?:${groups.join('|')}) [a-z-]+(?: [^\`]*)?))\``, 'g');
  return lines.flatMap((first, i) => {
    const isCode = /^(?: {4})?(?:\S.*(?:\||&&) )?headwater /.test(first);
    if (!isCode) return [...first.matchAll(within)].map(([, named, text = named ?? '']) => ({ line: i + 1, text }));
    let whole = first;
    for (let n = i + 1; whole.endsWith('\\') && n < lines.length; n++) whole = `${whole.slice(0, -1)} ${lines[n]}`;
    const parts = whole.replace(/\s#.*$/, '').split(/\s(?:\||&&|>|<|&)(?=\s|$)/);
    return parts.flatMap((part) => {
      const text = /^\s*headwater (.*)$/.exec(part)?.[1];
      return text === undefined ? [] : [{ line: i + 1, text }];
    });
  });
}

/** What is wrong about a command line; undefined: nothing. */
function wrongIn(text: string, program: Command): string | undefined {
  let at = program;
  const path: Command[] = [program];
  const rest = [...text.matchAll(/'[^']*'|"[^"]*"|\S+/g)].map(([word]) => word);
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] ?? '';
    if (word.startsWith('--')) {
      const [long = ''] = word.replace(/[.,;:)]+$/, '').split('=');
      const option = path.flatMap((c) => c.options).find((o) => o.long === long);
      if (option === undefined && long !== '--help') return `headwater ${text}: there is no option ${long}`;
      if (option?.required === true) i++;
    } else if (at.commands.length > 0 && /^[a-z]/.test(word)) {
      const next = at.commands.find((c) => c.name() === word || c.aliases().includes(word));
      if (next === undefined && at.registeredArguments.length > 0) return undefined;
      if (next === undefined) return `headwater ${text}: there is no command ${word}`;
      at = next;
      path.push(at);
    }
  }
  return undefined;
}
