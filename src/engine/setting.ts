// Settings of a workspace: documents of the store beside its state, each read, changed and written back whole. A change is in
// Head's audit chain before it is made: a crash in between leaves an entry about something that did not happen and was not
// acknowledged, never a change that nobody sees.

import type { Principal } from '../access/role.ts';
import { limits } from '../base/limits.ts';
import { Fault, ok, type Result, refuse } from '../base/result.ts';
import { noteOnHead } from './audit.ts';
import type { Workspace } from './workspace.ts';

/** `name`: a plural, for people too. `format`: the newest one that `parse` takes. */
export interface Setting<T> {
  readonly name: string;
  readonly format: number;
  readonly parse: (document: unknown) => Result<T>;
}

/** The document of a setting; undefined: never written. Fault `store_damaged`, `store_version`. */
export async function readSetting<T>(w: Pick<Workspace, 'id' | 'store'>, s: Setting<T>): Promise<T | undefined> {
  const { name } = s;
  const text = await w.store.getSetting(w.id, name);
  if (text === undefined) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (e) {
    throw new Fault('store_damaged', `the ${name} of workspace ${w.id} are not JSON`, undefined, { cause: e });
  }
  const parsed = s.parse(document);
  if (parsed.ok) return parsed.value;
  const format = (document as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > s.format)
    throw new Fault('store_version', `the ${name} have format ${format}, written by a newer release`);
  throw new Fault('store_damaged', `the ${name} of workspace ${w.id} cannot be read: ${parsed.refusal.got}`);
}

export interface SettingChange {
  /** As the audit has it. */
  readonly kind: string;
  readonly subject: string;
  readonly sentence: string;
  readonly name: string;
  /** The document as it shall be. */
  readonly text: string;
  /** What to do when it is too large. Default: remove some. */
  readonly hint?: string;
}

/** Durable when it resolves. Refuses `limit_exceeded`. */
export async function writeSetting(w: Workspace, principal: Principal, s: SettingChange): Promise<Result<void>> {
  const { kind, subject, sentence, name, text, hint = `remove ${name} that are not needed any more` } = s;
  if (text.length > limits.settingCharsMax) {
    return refuse('limit_exceeded', {
      path: name,
      expected: `${name} of at most ${limits.settingCharsMax} characters in all`,
      got: String(text.length),
      hint,
    });
  }
  await noteOnHead(w, principal.id, { kind, subject, path: '', sentence });
  await w.store.putSetting(w.id, name, text);
  return ok(undefined);
}

const changes = new WeakMap<Workspace, number>();

/** Another number whenever what an apply is judged by has changed: whoever read it and waited since sees that by it. */
export function settingsVersion(w: Workspace): number {
  return changes.get(w) ?? 0;
}

/** Call it when budgets, freeze windows or plan policies have been written. */
export function settingsChanged(w: Workspace): void {
  changes.set(w, settingsVersion(w) + 1);
}

/** Call it when members or policies have been written. */
export function accessChanged(w: Workspace): void {
  settingsChanged(w);
  w.events.accessChanged();
}

const changing = new WeakMap<Workspace, Promise<unknown>>();

/** Two changes of a document at the same time would lose one of them. */
export function oneAtATime<T>(w: Workspace, work: () => Promise<T>): Promise<T> {
  const done = (changing.get(w) ?? Promise.resolve()).then(work);
  changing.set(
    w,
    done.catch(() => {}),
  );
  return done;
}
