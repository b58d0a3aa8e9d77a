// The commands that pages show: each is one of the program, and so is every option that is given to it. Looked at are lines of
// code that begin with the program's name, also behind a pipe or an "and", and code within a line that begins with it or, with two
// words at least, with a group of commands (`action list`). A line of code, which somebody may type, gives a command what it
// takes: no argument is missing and none too many.

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
  return shown.flatMap(({ file, line, text, isTyped }) => {
    const what = wrongIn(text, isTyped, program);
    return what === undefined ? [] : [{ file, line, what }];
  });
}

interface Shown {
  readonly line: number;
  readonly text: string;
  /** A line of code, not words within a sentence. */
  readonly isTyped: boolean;
}

function shownIn(page: string, groups: readonly string[]): Shown[] {
  const lines = page.split('\n');
  const within = new RegExp(`\`(?:headwater ([^\`]+)|((?:${groups.join('|')}) [a-z-]+(?: [^\`]*)?))\``, 'g');
  return lines.flatMap((first, i): Shown[] => {
    const isCode = /^(?: {2}| {4})?(?:\S.*(?:\||&&) )?headwater /.test(first);
    if (!isCode)
      return [...first.matchAll(within)].map(([, named, text = named ?? '']) => ({
        line: i + 1,
        text,
        isTyped: false,
      }));
    let whole = first;
    for (let n = i + 1; whole.endsWith('\\') && n < lines.length; n++)
      whole = `${whole.slice(0, -1).trimEnd()} ${lines[n]?.trim()}`;
    const parts = whole.replace(/\s#.*$/, '').split(/\s(?:\||&&|>|<|&)(?=\s|$)/);
    return parts.flatMap((part) => {
      // What explains a command stands behind it, two spaces away.
      const text = /^\s*headwater (.*?)(?: {2,}.*)?$/.exec(part)?.[1];
      return text === undefined ? [] : [{ line: i + 1, text, isTyped: true }];
    });
  });
}

/** What is wrong about a command line; undefined: nothing. */
function wrongIn(text: string, isTyped: boolean, program: Command): string | undefined {
  let at = program;
  const path: Command[] = [program];
  const rest = [...text.matchAll(/'[^']*'|"[^"]*"|\S+/g)].map(([word]) => word);
  let given = 0;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] ?? '';
    if (/^-{1,2}[a-zA-Z]/.test(word)) {
      const [flag = ''] = word.replace(/[.,;:)]+$/, '').split('=');
      const option = path.flatMap((c) => c.options).find((o) => o.long === flag || o.short === flag);
      if (flag === '--help' || flag === '-h') return undefined;
      if (option === undefined) return `headwater ${text}: there is no option ${flag}`;
      if (option.required && !word.includes('=')) i++;
      while (option.variadic && i + 1 < rest.length && !rest[i + 1]?.startsWith('-')) i++;
    } else if (at.commands.length > 0 && /^[a-z]/.test(word)) {
      const next = at.commands.find((c) => c.name() === word || c.aliases().includes(word));
      if (next === undefined && at.registeredArguments.length > 0) return undefined;
      if (next === undefined) return `headwater ${text}: there is no command ${word}`;
      at = next;
      path.push(at);
    } else given++;
  }
  const isWhole = !text.includes('…') && text.split("'").length % 2 === 1;
  if (!isTyped || !isWhole || at.commands.length > 0) return undefined;
  const takes = at.registeredArguments;
  const fewest = takes.filter((a) => a.required).length;
  const most = takes.some((a) => a.variadic) ? Number.POSITIVE_INFINITY : takes.length;
  return given >= fewest && given <= most ? undefined : `headwater ${text}: takes ${at.usage()}`;
}
