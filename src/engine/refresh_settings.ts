// How often a workspace has resources of a schema looked at, where that is to be otherwise than the schema says: one document
// of the store, periods by the name of the schema, 0 for never. It is no part of what is intended, so it takes no change set;
// a change is in Head's audit chain.

import type { Principal } from '../access/role.ts';
import { isObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Fault, ok, type Result, refuse } from '../base/result.ts';
import { isRefreshPeriod } from '../model/schema.ts';
import { noteOnHead } from './audit.ts';
import { permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

/** Milliseconds by the name of the schema; 0: never. */
export type RefreshSettings = { readonly [schema: string]: number };

const settingName = 'refresh';
const settingFormat = 1;

/** Fault `store_damaged`, `store_version`. */
export async function readRefreshSettings(w: Workspace): Promise<RefreshSettings> {
  const text = await w.store.getSetting(w.id, settingName);
  if (text === undefined) return {};
  const document = JSON.parse(text) as { format?: unknown; everyMs?: unknown };
  if (document.format !== settingFormat)
    throw new Fault('store_version', `the periods of refreshing have format ${String(document.format)}`);
  if (!isObject(document.everyMs))
    throw new Fault('store_damaged', `the periods of refreshing of workspace ${w.id} cannot be read`);
  return document.everyMs as RefreshSettings;
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
  const { [schema]: _, ...others } = await readRefreshSettings(w);
  const next: RefreshSettings = everyMs === null ? others : { ...others, [schema]: everyMs };
  const text = JSON.stringify({ format: settingFormat, everyMs: next });
  if (text.length > limits.settingCharsMax) {
    return refuse('limit_exceeded', {
      path: 'schema',
      expected: `periods of at most ${limits.settingCharsMax} characters in all`,
      got: String(text.length),
      hint: 'take away those of schemas that are not used any more',
    });
  }
  const often = everyMs === null ? 'as it says' : everyMs === 0 ? 'never' : `every ${everyMs / 60_000} minutes`;
  const sentence = `have resources of ${JSON.stringify(schema)} looked at by themselves ${often}`;
  await noteOnHead(w, principal.id, { kind: 'schema.set_refresh', subject: w.id, path: '', sentence });
  await w.store.putSetting(w.id, settingName, text);
  w.refreshing.wake();
  return ok(next);
}
