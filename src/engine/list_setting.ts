// Settings that are one list: `{format, MEMBER: [...]}`, each change of which is the list as it is made into the one that shall be,
// one at a time.

import type { Principal } from '../access/role.ts';
import { isObject, type Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { oneAtATime, readSetting, type Setting, type SettingChange, writeSetting } from './setting.ts';
import type { Workspace } from './workspace.ts';

export interface ListSetting<T> extends Setting<readonly T[]> {
  /** Of the document, that holds the list. */
  readonly member: string;
}

/** `parse`: reads one of the list; absent: what was written is taken as it is. Its format is 1. */
export function listSetting<T>(
  name: string,
  member: string,
  parse = (given: Json): Result<T> => ok(given as unknown as T),
): ListSetting<T> {
  const format = 1;
  return {
    name,
    format,
    member,
    parse: (document) => {
      const list = isObject(document) && document['format'] === format ? document[member] : undefined;
      if (!Array.isArray(list))
        return refuse('request_malformed', {
          path: '',
          expected: `format ${format}`,
          got: 'another',
          hint: 'run verify',
        });
      const out: T[] = [];
      for (const given of list) {
        const parsed = parse(given);
        if (!parsed.ok) return parsed;
        out.push(parsed.value);
      }
      return ok(out);
    },
  };
}

/** Fault `store_damaged`, `store_version`. */
export async function readList<T>(w: Workspace, setting: ListSetting<T>): Promise<readonly T[]> {
  return (await readSetting(w, setting)) ?? [];
}

/** Durable when it resolves; answers the list as it is then. Refuses what `next` refuses, `limit_exceeded`. */
export function changeList<T>(
  w: Workspace,
  principal: Principal,
  setting: ListSetting<T>,
  {
    next,
    ...told
  }: Omit<SettingChange, 'name' | 'text'> & {
    readonly next: (all: readonly T[]) => Result<readonly T[]>;
  },
): Promise<Result<readonly T[]>> {
  return oneAtATime(w, async () => {
    const list = next(await readList(w, setting));
    if (!list.ok) return list;
    const { name, format, member } = setting;
    const text = JSON.stringify({ format, [member]: list.value });
    const written = await writeSetting(w, principal, { ...told, name, text });
    return written.ok ? list : written;
  });
}
