// A run with everything around it: its log, its function as it is now, the component and the action that it was for. What it
// was made with is kept by hash, so the text is shown only while it is still the one that ran.

import type { ComponentId, FunctionId, RunId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { must, ok, type Result } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import type { FunctionRecord } from '../model/function.ts';
import { findComponent, findRecord, findSchema, nameOf } from '../model/lookup.ts';
import type { RunInput, RunLogLine, RunRecord } from '../model/run.ts';
import type { Reader } from '../model/state.ts';
import { findRun, readLog } from './runs.ts';
import type { Workspace } from './workspace.ts';

export interface RunView {
  readonly run: RunRecord;
  readonly log: readonly RunLogLine[];
  /** The run has ended, and these lines are all. */
  readonly isComplete: boolean;
  /** null: it is not in the state any more, or was a text that was not saved. */
  readonly function: { readonly id: FunctionId; readonly displayName: string; readonly description: string } | null;
  /** The text that ran; null: it was not saved, or is another by now. */
  readonly text: string | null;
  readonly componentName: string | null;
  readonly schemaName: string | null;
  readonly action: (ActionRecord & { readonly originName: string | null }) | null;
  /** What it was called with, as far as that is kept. */
  readonly input: Json;
  /** What it gave, as far as that is kept; null where it gave nothing. */
  readonly result: Json;
}

/** As seen from a state. Refuses `run_not_found`. */
export async function readRun(w: Workspace, state: Reader, id: string): Promise<Result<RunView>> {
  const found = await findRun(w, id);
  if (!found.ok) return found;
  const run = found.value;
  const { log, isComplete } = await wholeLog(w, run.id);
  const action = await actionOf(w, run);
  const around = await w.read(() => aroundRun(w, state, run));
  return ok({
    run,
    log,
    isComplete,
    ...around,
    componentName: around.componentName ?? action?.componentName ?? null,
    schemaName: around.schemaName ?? action?.schemaName ?? null,
    action,
    input: inputOf(run.input),
    result: resultOf(run),
  });
}

/** A log is bounded by the output that a run may have. */
async function wholeLog(w: Workspace, run: RunId): Promise<Pick<RunView, 'log' | 'isComplete'>> {
  const log: RunLogLine[] = [];
  for (let after = 0; ; ) {
    const page = must(await readLog(w, { run, after, limit: limits.pageRowsMax, waitMs: 0 }));
    log.push(...page.lines);
    if (page.complete || page.lines.length === 0) return { log, isComplete: page.complete };
    after = page.after;
  }
}

async function actionOf(w: Workspace, { id, kind, component }: RunRecord): Promise<RunView['action']> {
  if (kind !== 'action' || component === '') return null;
  // The newest ones; an action keeps the run of its last attempt only.
  const actions = await w.store.listActions(w.id, { component, limit: limits.pageRowsMax });
  const found = actions.find((a) => a.run === id);
  if (found === undefined) return null;
  const [origin] = found.origins;
  const row = origin === undefined ? undefined : await w.present(origin);
  return { ...found, originName: row?.ok === true ? row.value.row.name : null };
}

function aroundRun(
  w: Workspace,
  state: Reader,
  run: RunRecord,
): Pick<RunView, 'function' | 'text' | 'componentName' | 'schemaName'> {
  const fn = run.function === '' ? undefined : findRecord<FunctionRecord>(state, 'functions', run.function);
  const id = run.component as ComponentId;
  const component = findComponent(state, id);
  const text = fn === undefined ? undefined : state.blob(fn.text);
  const compiled = text === undefined ? undefined : w.calls.compiler?.compile(text, run.kind);
  return {
    function: fn === undefined ? null : { id: run.function, displayName: fn.displayName, description: fn.description },
    text: text !== undefined && compiled?.ok === true && compiled.value.hash === run.codeHash ? text : null,
    componentName: component === undefined ? null : nameOf(state, id),
    schemaName: component === undefined ? null : (findSchema(state, component.schema)?.name ?? null),
  };
}

/** Of a long one its members, those that are long by hash and length. */
function inputOf(input: RunInput | null): Json {
  if (input === null) return null;
  if (input.whole !== undefined) return JSON.parse(input.whole) as Json;
  return Object.fromEntries(
    input.parts.map((p): [string, Json] => [
      p.name,
      p.text === undefined ? { hash: p.hash, chars: p.chars } : (JSON.parse(p.text) as Json),
    ]),
  );
}

function resultOf({ test, management, answer }: RunRecord): Json {
  const text = test?.result ?? management?.result ?? answer?.result ?? null;
  return text === null ? null : (JSON.parse(text) as Json);
}
