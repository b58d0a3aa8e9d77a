// How often a workspace has resources of a schema looked at, where that is to be otherwise than the schema says: one document
// of the store, periods by the name of the schema, 0 for never. It is no part of what is intended, so it takes no change set;
// a change is in Head's audit chain.

import type { Principal } from '../access/role.ts';
import { isObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { malformedWith } from '../base/malformed.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { isRefreshPeriod } from '../model/schema.ts';
import { permit } from './permit.ts';
import { oneAtATime, readSetting, type Setting, writeSetting } from './setting.ts';
import type { Workspace } from './workspace.ts';

/** Milliseconds by the name of the schema; 0: never. */
export type RefreshSettings = { readonly [schema: string]: number };

const settingFormat = 1;
const malformed = malformedWith('set how often resources are looked at anew');
const refreshSetting: Setting<RefreshSettings> = {
  name: 'refresh',
  format: settingFormat,
  parse: (document) =>
    isObject(document) && document['format'] === settingFormat && isObject(document['everyMs'])
      ? ok(document['everyMs'] as RefreshSettings)
      : malformed('', `a document with format ${settingFormat} and everyMs`, document),
};

/** Fault `store_damaged`, `store_version`. */
export async function readRefreshSettings(w: Workspace): Promise<RefreshSettings> {
  return (await readSetting(w, refreshSetting)) ?? {};
}

/** `everyMs` 0: never; null: as the schema says. Refuses `access_denied`, `request_malformed`, `limit_exceeded`. */
export async function setRefresh(
  w: Workspace,
  principal: Principal,
  { schema, everyMs }: { readonly schema: string; readonly everyMs: number | null },
): Promise<Result<RefreshSettings>> {
  const may = await permit(w, principal, 'apply', {
    operation: 'set how often resources are looked at',
    subject: w.id,
  });
  if (!may.ok) return may;
  if (everyMs !== null && everyMs !== 0 && !isRefreshPeriod(everyMs)) {
    return refuse('request_malformed', {
      path: 'everyMs',
      expected: `whole milliseconds from ${limits.refreshEveryMsMin} to ${limits.refreshEveryMsMax}, 0 for never`,
      got: String(everyMs),
      hint: 'name a longer or a shorter time, or null for what the schema says',
    });
  }
  const often = everyMs === null ? 'as it says' : everyMs === 0 ? 'never' : `every ${everyMs / 60_000} minutes`;
  const sentence = `have resources of ${JSON.stringify(schema)} looked at by themselves ${often}`;
  const told = { kind: 'schema.set_refresh', subject: w.id, sentence, name: refreshSetting.name };
  const done = await oneAtATime(w, async () => {
    const { [schema]: _, ...others } = await readRefreshSettings(w);
    const next: RefreshSettings = everyMs === null ? others : { ...others, [schema]: everyMs };
    const text = JSON.stringify({ format: settingFormat, everyMs: next });
    const hint = 'take away those of schemas that are not used any more';
    const written = await writeSetting(w, principal, { ...told, text, hint });
    return written.ok ? ok(next) : written;
  });
  if (!done.ok) return done;
  w.refreshing.wake();
  return done;
}
