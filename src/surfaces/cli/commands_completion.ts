// Completion in a shell: a script for it, and the words that may come next, found in the declaration of the commands and, for
// names of change sets, components and views, by asking whoever the command line would ask: an engine here or a server. What
// cannot be found out completes to nothing.

import type { Command, Option } from 'commander';
import { Fault, unreachable } from '../../base/result.ts';
import type { ComponentLine, Page } from '../../engine/component.ts';
import type { Run, Session } from './program.ts';

const scripts = {
  bash: `_headwater() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$(printf '%q' "$line")")
  done < <(headwater complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _headwater headwater hw
`,
  zsh: `#compdef headwater hw
_headwater() {
  local -a found
  found=("\${(@f)$(headwater complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _headwater headwater hw
`,
  fish: `complete -c headwater -c hw -f -a '(headwater complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
} as const;
type Shell = keyof typeof scripts;

const isShell = (name: string): name is Shell => Object.hasOwn(scripts, name);

export function completionCommands(program: Command, run: Run): void {
  program
    .command('completion')
    .description('print a script that completes commands and names in a shell')
    .argument('<shell>', Object.keys(scripts).join(', '), (name) => {
      if (isShell(name)) return name;
      return program.error(`error: there is a script for ${Object.keys(scripts).join(', ')}, none for ${name}`);
    })
    .addHelpText(
      'after',
      `
Names of change sets, components and views are completed, too, of the data folder or of the server of the current context.
Examples:
  headwater completion bash > ~/.local/share/bash-completion/completions/headwater
  source <(headwater completion zsh)
  headwater completion fish > ~/.config/fish/completions/headwater.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(scripts[shell]);
    });
  program
    .command('complete [words...]', { hidden: true })
    .description('words that may stand in the place of the last one')
    .action(async (words: readonly string[]) => {
      const next = nextIn(program, words);
      for (const [name, value] of next.globals) program.setOptionValue(name, value);
      const shown = (found: readonly string[]): void => {
        const fitting = [...new Set(found)].filter((word) => word.startsWith(next.begun)).sort();
        process.stdout.write(fitting.map((word) => `${word}\n`).join(''));
      };
      const { ask } = next;
      if (ask === undefined) return shown(next.words);
      await run('Looking for names', async (s) => {
        const found = await namesOf(s, ask, next).catch((e) => {
          // Nobody answers: nobody is waiting for more than words.
          if (e instanceof Fault) return [];
          throw e;
        });
        shown(found);
        return undefined;
      });
    });
}

type Ask = 'change-set' | 'component' | 'view';

interface Next {
  /** What of the last word is there. */
  readonly begun: string;
  /** Of which there are few, and known here. */
  readonly words: readonly string[];
  /** Names that have to be asked for. */
  readonly ask: Ask | undefined;
  readonly changeSet: string | undefined;
  /** Options for all commands that were said: where to ask. */
  readonly globals: readonly (readonly [string, string])[];
}

/** What each kind of name is called among arguments and options. */
const kinds: Readonly<Record<string, Ask>> = {
  'change-set': 'change-set',
  component: 'component',
  old: 'component',
  source: 'component',
  view: 'view',
};

/** Reads the words as the commands would, as far as they go. */
function nextIn(program: Command, given: readonly string[]): Next {
  const begun = given.at(-1) ?? '';
  const globals: [string, string][] = [];
  let [command, position, changeSet]: [Command, number, string | undefined] = [program, 0, undefined];
  let awaits: Option | undefined;
  for (const word of given.slice(0, -1)) {
    if (awaits !== undefined) {
      if (awaits.long === '--change-set') changeSet = word;
      if (isGlobal(program, awaits)) globals.push([awaits.attributeName(), word]);
      awaits = undefined;
    } else if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find((o) => o.long === word || o.short === word);
      awaits = option?.required === true || option?.optional === true ? option : undefined;
    } else {
      const sub = command.commands.find((c) => c.name() === word || c.aliases().includes(word));
      if (sub === undefined) position++;
      else [command, position] = [sub, 0];
    }
  }
  const at = { begun, changeSet, globals };
  if (awaits !== undefined) return { ...at, words: awaits.argChoices ?? [], ask: kinds[awaits.long?.slice(2) ?? ''] };
  if (begun.startsWith('-')) {
    const options = [...command.options, ...program.options].filter((o) => !o.hidden);
    return { ...at, words: options.map((o) => o.long ?? o.short ?? ''), ask: undefined };
  }
  if (command.commands.length > 0)
    return {
      ...at,
      words: command
        .createHelp()
        .visibleCommands(command)
        .map((c) => c.name()),
      ask: undefined,
    };
  const args = command.registeredArguments;
  const argument = args[position] ?? (args.at(-1)?.variadic === true ? args.at(-1) : undefined);
  return { ...at, words: argument?.argChoices ?? [], ask: kinds[argument?.name() ?? ''] };
}

/** Every command has its own copy of what is said for all. */
const isGlobal = (program: Command, option: Option): boolean => program.options.some((o) => o.long === option.long);

/** None where they are refused. */
async function namesOf(s: Session, ask: Ask, { begun, changeSet }: Next): Promise<readonly string[]> {
  const at = changeSet === undefined ? {} : { changeSet };
  switch (ask) {
    case 'change-set': {
      const found = await s.attempt<{ name: string; isHead: boolean }[]>('change_set.list', {});
      return found.ok ? found.value.map((c) => (c.isHead ? 'HEAD' : c.name)) : [];
    }
    case 'view': {
      const found = await s.attempt<{ views: { name: string }[] }>('view.list', at);
      return found.ok ? found.value.views.map((v) => v.name) : [];
    }
    case 'component': {
      // Words of the search language are left to it where they are nothing else than the beginning of a name.
      const query = /^[\w.-]+$/.test(begun) ? `${begun}*` : '';
      const found = await s.attempt<Page<ComponentLine>>('component.search', { ...at, query });
      return found.ok ? found.value.items.map((c) => c.name) : [];
    }
    default:
      return unreachable(ask);
  }
}
