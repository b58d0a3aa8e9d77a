// What the commands on functions have in common: options and how arguments are written. Refuses `request_malformed`.
// `NAME=/pointer` reads a path, `NAME:=JSON` is a fixed value.

import type { Json } from '../../base/json.ts';
import { RefusalError, refuse } from '../../base/result.ts';
import type { Params } from './program.ts';

export interface In {
  readonly changeSet?: string;
}

export const inChangeSet = '--change-set <name>';
export const editHelp = 'change set, by name or id (default: a new one)';
export const readHelp = 'change set (default: HEAD)';
export const argumentHelp = 'NAME=/pointer, or NAME:=JSON for a fixed value; may be repeated';
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];

export const at = (options: In): Params => (options.changeSet === undefined ? {} : { changeSet: options.changeSet });

/** `NAME=/pointer` and `NAME:=JSON`. Refuses `request_malformed`. */
export function argumentsOf(given: readonly string[]): { arguments?: Json[] } {
  if (given.length === 0) return {};
  return {
    arguments: given.map((text): Json => {
      const [, name, mark, rest] = /^([^=:]+)(:?=)(.*)$/s.exec(text) ?? [];
      if (name === undefined || rest === undefined) throw malformed(text, 'NAME=/pointer or NAME:=JSON');
      if (mark === '=') return { name, path: rest };
      try {
        return { name, value: JSON.parse(rest) as Json };
      } catch (e) {
        throw malformed(text, `JSON behind := (${e instanceof Error ? e.message : String(e)})`);
      }
    }),
  };
}

function malformed(got: string, expected: string): RefusalError {
  const hint = 'see the help of the command';
  return new RefusalError(refuse('request_malformed', { path: '--argument', expected, got, hint }).refusal);
}
