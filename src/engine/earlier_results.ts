// Results of functions with effects that an earlier process recorded and did not come to save with their values: a crash
// must not make them run again. What a run gave stands in its record; it is taken when the value asks for the same call again,
// and only when nothing else ran for that value since. What ran in this process is never looked for: a value that asks anew
// then has moved meanwhile, and what is outside may have, too.

import type { ChangeSetId, Hash, RunId, WorkspaceId } from '../base/ids.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import { resultOfRun } from '../dispatch/result.ts';
import type { Source } from '../model/expr.ts';
import type { RunRecord } from '../model/run.ts';
import type { RunStore } from '../ports/run_store.ts';

/** Runs of one function for one component that are looked at. */
const lookedAtMax = 50;

interface WantedResult {
  readonly key: Hash;
  readonly call: Call;
  readonly at: Source;
  readonly changeSet: ChangeSetId;
}

export class EarlierResults {
  readonly #workspace: WorkspaceId;
  readonly #store: RunStore;
  /** Runs of this process have greater ids. */
  readonly #before: RunId;

  constructor(workspace: WorkspaceId, store: RunStore, before: RunId) {
    this.#workspace = workspace;
    this.#store = store;
    this.#before = before;
  }

  async find({ key, call, at, changeSet }: WantedResult): Promise<Evaluated | undefined> {
    const query = { component: at.component, function: call.function, before: this.#before, limit: lookedAtMax };
    const runs = (await this.#store.listRuns(this.#workspace, query)).filter((run) => isFor(run, at));
    // One run may have been for several change sets; its record names the one that asked first.
    const last = [runs[0], runs.find((run) => run.changeSet === changeSet)];
    const answer = last.find((run) => run?.answer?.key === key)?.answer;
    return answer && resultOfRun(call.kind, answer.result ?? undefined);
  }
}

function isFor(run: RunRecord, at: Source): boolean {
  return run.output === at.path && run.test === null && run.management === undefined;
}
