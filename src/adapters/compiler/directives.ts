// What a function declares about its run, in line comments of their own; lists in several, else once; an error stands at its place:
//
//   // @network api.example.com *.amazonaws.com 10.0.0.7:8080     hosts it may reach, sockets (unix:/run/x.sock) that the owner of
//   // @network $Endpoint $Host:$Port unix:/run/x.sock             the machine allows, and what members of the run's secrets name
//   // @commands aws terraform                                     commands that siExec may start
//   // @plain REGION account                                       what it stores, and members of its secret, that are no secret
//   // @timeout 30s    // @memory 256MiB    // @cpus 1             what one run may take
//   // @key aws/{/domain/Region} at-once=20 per-second=10        an action: what is shared by those with the same key (see key_use)
//   // @pool gpu                                                    the runners that it is to run on, by label
//   // @idempotent                                                  an action: calling it again with its key does nothing more

import { limits } from '../../base/limits.ts';
import { type DeclaredKey, parseKey } from '../../dispatch/key_use.ts';
import { isHostEntry, isMemberWord, socketOfEntry } from '../../dispatch/network_reach.ts';
import { isPoolLabel, poolLabelExpected } from '../../dispatch/pool_label.ts';
import type { CompiledFunction, Diagnostic } from '../../ports/compiler.ts';
import { type Comment, diagnosticAt } from './syntax.ts';

type DeclaredLimits = NonNullable<CompiledFunction['limits']>;

export interface Directives {
  readonly network: readonly string[];
  readonly commands: readonly string[];
  readonly plain: readonly string[];
  readonly keys: readonly DeclaredKey[];
  readonly pool?: string;
  readonly limits: DeclaredLimits;
  readonly wrong: readonly Diagnostic[];
}

const directive = /^\s*@(network|commands|plain|key|pool|timeout|memory|cpus)(?=\s|$)(.*)$/s;
const command = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$/;
const amount = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)([A-Za-z]*)$/;

/** A name under which something is stored, of an item or a variable. */
const stored = /^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}$/;

type ListName = 'network' | 'commands' | 'plain';

const listRules: Readonly<Record<ListName, { readonly isOne: (word: string) => boolean; readonly expected: string }>> =
  {
    network: {
      isOne: isReach,
      expected:
        'hosts such as api.example.com, *.example.com or 10.0.0.7:8080, sockets such as unix:/run/x.sock, and members of secrets such as $Endpoint or $Host:$Port',
    },
    commands: { isOne: (word) => command.test(word), expected: 'names of commands' },
    plain: { isOne: (word) => stored.test(word), expected: 'names of items and variables of requestStorage' },
  };

const keyExpected = 'a name such as aws/{/domain/Region} and any of at-once=20, per-second=10, burst=5: numbers over 0';

const msOf: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
const bytesOf: Readonly<Record<string, number>> = { MiB: 1024 * 1024, GiB: 1024 * 1024 * 1024 };

interface LimitRule {
  readonly limit: keyof DeclaredLimits;
  readonly units: Readonly<Record<string, number>>;
  readonly min: number;
  readonly max: number;
  readonly expected: string;
}

const limitRules: Readonly<Record<'timeout' | 'memory' | 'cpus', LimitRule>> = {
  timeout: {
    limit: 'timeMs',
    units: msOf,
    min: limits.runMsMin,
    max: limits.runMsMax,
    expected: `a time such as 500ms, 30s or 5m, from ${limits.runMsMin}ms to ${limits.runMsMax / 60_000}m`,
  },
  memory: {
    limit: 'memoryBytes',
    units: bytesOf,
    min: limits.runBytesMin,
    max: limits.runBytesMax,
    expected: `an amount such as 256MiB or 1GiB, from ${limits.runBytesMin / bytesOf['MiB']!}MiB to ${limits.runBytesMax / bytesOf['GiB']!}GiB`,
  },
  cpus: {
    limit: 'cpus',
    units: { '': 1 },
    min: limits.runCpusMin,
    max: limits.runCpusMax,
    expected: `a number of processors from ${limits.runCpusMin} to ${limits.runCpusMax}`,
  },
};

export function directivesOf(text: string, comments: readonly Comment[]): Directives {
  const lists = { network: new Set<string>(), commands: new Set<string>(), plain: new Set<string>() };
  const declared: { -readonly [L in keyof DeclaredLimits]: number } = {};
  const keys: DeclaredKey[] = [];
  let pool: string | undefined;
  const wrong: Diagnostic[] = [];
  for (const comment of comments) {
    const match = comment.type === 'CommentLine' ? directive.exec(comment.value) : null;
    if (match === null) continue;
    const name = match[1] as ListName | 'key' | 'pool' | keyof typeof limitRules;
    const words = match[2]!.split(/\s+/).filter((word) => word !== '');
    const refuse = (message: string) =>
      wrong.push(diagnosticAt(text, comment.start, comment.end - comment.start, 'directive_invalid', message));
    if (name === 'network' || name === 'commands' || name === 'plain') {
      const { isOne, expected } = listRules[name];
      const bad = words.find((word) => !isOne(word));
      if (words.length === 0 || bad !== undefined)
        refuse(`\`@${name}\` takes ${expected}, divided by spaces; got ${bad ?? 'none'}.`);
      for (const word of words) lists[name].add(word);
      continue;
    }
    if (name === 'key') {
      const key = parseKey(words);
      if (key !== undefined) keys.push(key);
      else refuse(`\`@key\` takes ${keyExpected}; got ${words.join(' ') || 'none'}.`);
      continue;
    }
    if (name === 'pool') {
      if (words.length !== 1 || !isPoolLabel(words[0]!))
        refuse(`\`@pool\` takes ${poolLabelExpected}; got ${words.join(' ') || 'none'}.`);
      else if (pool !== undefined) refuse('`@pool` stands here twice.');
      else pool = words[0];
      continue;
    }
    const rule = limitRules[name];
    const value = words.length === 1 ? amountOf(words[0]!, rule) : undefined;
    if (value === undefined) refuse(`\`@${name}\` takes ${rule.expected}; got ${words.join(' ') || 'none'}.`);
    else if (declared[rule.limit] !== undefined) refuse(`\`@${name}\` stands here twice.`);
    else declared[rule.limit] = value;
  }
  const { network, commands, plain } = lists;
  const of = { network: [...network], commands: [...commands], plain: [...plain], keys, limits: declared, wrong };
  return pool === undefined ? of : { ...of, pool };
}

/** `*.` stands before a name only. */
function isReach(word: string): boolean {
  if (word.startsWith('$')) return isMemberWord(word);
  if (word.startsWith('unix:')) return socketOfEntry(word) !== undefined;
  return word.startsWith('*.') ? !word.startsWith('*.[') && isHostEntry(word.slice(2)) : isHostEntry(word);
}

function amountOf(word: string, { units, min, max }: LimitRule): number | undefined {
  const match = amount.exec(word);
  const unit = match === null ? undefined : units[match[2]!];
  if (match === null || unit === undefined) return undefined;
  const value = Number(match[1]) * unit;
  return value >= min && value <= max ? value : undefined;
}
