// Why a function ran, or did not: what its input was in the last run and what it is now, whether the result was
// remembered, or what it waits for. Told from the present values, the records of runs and what they keep of their inputs.

import type { FunctionId } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import type { Call } from '../builtins/assemble.ts';
import { type InputDifference, inputDifferences, keptInput } from '../dispatch/kept_input.ts';
import { type Bound, boundsOfVariant, isDeclaredOver } from '../graph/bound.ts';
import { parseCell } from '../model/cell.ts';
import type { Source } from '../model/expr.ts';
import { splitAddress } from '../model/keys.ts';
import { findComponent } from '../model/lookup.ts';
import { overlaps, validationPath } from '../model/path.ts';
import { isEnded, type RunRecord } from '../model/run.ts';
import type { Reader } from '../model/state.ts';
import { wishOf } from '../model/wish.ts';
import { exprSummary } from '../mutation/cell.ts';
import type { Propagation } from '../propagation/propagation.ts';
import type { Branch } from './branch.ts';
import { noRunnerText } from './dispatcher.ts';
import { type Address, addressed, type FreshnessLine, freshnessLine, shownAddress } from './explain.ts';
import { lineOfRun, Provenance, type RunLine } from './provenance.ts';
import { poolOfValue, type WaitsForPool } from './waits_for_pool.ts';
import type { Workspace } from './workspace.ts';

export type Verdict =
  /** It ran, on what it reads now. */
  | 'ran'
  /** Its result on that input was remembered from another value or an earlier time. */
  | 'remembered'
  /** It was not run again, as what it reads is what it was; in a change set, what it is on Head. */
  | 'unchanged'
  /** Asked for, looked up or running. */
  | 'pending'
  /** Something that it reads has an error. */
  | 'blocked-by'
  /** Something that it reads has not been reported yet. */
  | 'awaiting'
  /** It has never run, and nothing asks for it. */
  | 'never'
  /** A declared value stands where its result would. */
  | 'overridden'
  /** The engine itself computes the value, whenever it is read. */
  | 'computed'
  /** Nothing computes it. */
  | 'declared';

export interface Reason extends Address, WaitsForPool {
  readonly verdict: Verdict;
  /** One sentence. */
  readonly because: string;
  readonly function: { readonly id: FunctionId; readonly name: string } | null;
  readonly freshness: FreshnessLine;
  /** The run that gave the value. */
  readonly run: RunLine | null;
  /** The one for the same value before it. */
  readonly before: RunLine | null;
  /** The text of the function is another than in the run before. */
  readonly codeChanged: boolean;
  /** What of its input is another than in the run before; null: there is none before, or too little of it is kept. */
  readonly differs: readonly InputDifference[] | null;
}

export interface Why {
  readonly reasons: readonly Reason[];
  /** There are more at that path than were looked at. */
  readonly isCut: boolean;
}

/** Functions looked at for one path. */
const reasonsMax = 50;

interface Asked {
  readonly at: Source;
  readonly shown: Address;
  readonly freshness: FreshnessLine;
  readonly bound: Bound | undefined;
  /** The expression there, for people. */
  readonly follows: string | undefined;
  readonly isOverridden: boolean;
  /** Somebody has asked for it anew. */
  readonly isWished: boolean;
  readonly calls: readonly { readonly call: Call }[];
  /** Head's value comes of the same calls. */
  readonly isAsOnHead: boolean;
}

/** Refuses what names and pointers refuse. */
export async function why(
  w: Workspace,
  branch: Branch,
  ask: { readonly component: string; readonly path: string },
): Promise<Result<Why>> {
  const head = branch.row.isHead ? undefined : await w.head();
  const found = await w.read(() => {
    const at = addressed(branch.snapshot, ask.component, ask.path);
    if (!at.ok) return at;
    const values = w.propagation.settle(branch, at.value);
    return ok(asked(branch.snapshot, at.value, values, head && w.propagation.of(head)));
  });
  if (!found.ok) return found;
  const provenance = new Provenance(w, branch.row);
  const reasons: Reason[] = [];
  for (const a of found.value.slice(0, reasonsMax)) reasons.push(await reasonOf(w, provenance, a));
  return ok({ reasons, isCut: found.value.length > reasonsMax });
}

/** Everything at a path that is computed, or would be. */
function asked(state: Reader, at: Source, values: Propagation, head: Propagation | undefined): Asked[] {
  const { component, path } = at;
  const all = boundsOfVariant(state, findComponent(state, component)!);
  const addresses = new Set(values.verticesAt(at));
  for (const { output } of all) if (overlaps(output, path)) addresses.add(component + output);
  if (addresses.size === 0) addresses.add(component + path);
  return [...addresses].sort().map((address) => {
    const here = splitAddress(address);
    const text = state.get('cells', address);
    const cell = text === undefined ? undefined : parseCell(text);
    const bound = all.find((b) => b.output === here.path);
    const calls = values.callsAt(address);
    const onHead = head?.callsAt(address) ?? [];
    return {
      at: here,
      shown: shownAddress(state, here),
      freshness: freshnessLine(state, values, here),
      bound,
      follows:
        cell !== undefined && 'x' in cell
          ? exprSummary(state, cell.x)
          : bound === undefined && here.path === validationPath && values.verticesAt(here).length > 0
            ? 'the validation of /domain'
            : undefined,
      isOverridden: bound !== undefined && isDeclaredOver(state, component, here.path),
      isWished: wishOf(state, component, here.path) !== '',
      calls,
      isAsOnHead: calls.length > 0 && onHead.length === calls.length && calls.every((c, i) => c.key === onHead[i]!.key),
    };
  });
}

async function reasonOf(w: Workspace, provenance: Provenance, a: Asked): Promise<Reason> {
  const call = a.calls.at(-1)?.call;
  const name = a.bound?.name ?? call?.name ?? '';
  const id = a.bound?.function ?? call?.function;
  const said = (verdict: Verdict, because: string, more: Partial<Reason> = {}): Reason => ({
    ...a.shown,
    verdict,
    because,
    function: id === undefined ? null : { id, name },
    freshness: a.freshness,
    run: null,
    before: null,
    codeChanged: false,
    differs: null,
    ...more,
  });
  if (a.isOverridden)
    return said('overridden', `${name} does not run: what is declared at or below ${a.shown.path} stands in its place`);
  if (id === undefined) {
    return a.follows === undefined
      ? said('declared', 'nothing is computed there: the value is declared or a default')
      : said('computed', `the engine computes ${a.follows} when something it reads changes; no function runs`);
  }
  const runs = (await provenance.runsAt(a.at)).filter((r) => r.function === id);
  const last = runs.find((r) => isEnded(r.status));
  const before = last === undefined ? null : lineOfRun(last);
  const { freshness } = a;
  switch (freshness.state) {
    case 'pending': {
      const under = runs.find((r) => !isEnded(r.status));
      const others = freshness.waits.filter((x) => x.component !== a.at.component || x.path !== a.shown.path);
      const waits = others.map((x) => `${x.name || x.component} ${x.path}`).join(', ');
      const pool = poolOfValue(w, a.at);
      if (pool !== undefined) {
        const note = `${name} waits for a runner of pool ${pool}: ${noRunnerText(pool)}`;
        return said('pending', note, {
          run: under === undefined ? null : lineOfRun(under),
          before,
          waitsForPool: pool,
        });
      }
      return said(
        'pending',
        waits === '' ? `${name} is to run, or is running` : `${name} has not run again yet: it waits for ${waits}`,
        { run: under === undefined ? null : lineOfRun(under), before },
      );
    }
    case 'blocked-by': {
      const { root, code, message } = freshness;
      const where = `${root.name || root.component} ${root.path}`;
      return said('blocked-by', `${name} does not run: ${where} has the error ${code}: ${message}`, { before });
    }
    case 'awaiting':
      return said('awaiting', `${name} does not run: something it reads has not been reported yet`, { before });
    default:
      return call === undefined
        ? said('never', `${name} has not run: it makes no call as things stand`, { before })
        : ofRun(w, provenance, { a, call, name, runs, said });
  }
}

interface Settled {
  readonly a: Asked;
  readonly call: Call;
  readonly name: string;
  readonly runs: readonly RunRecord[];
  readonly said: (verdict: Verdict, because: string, more?: Partial<Reason>) => Reason;
}

/** Of a value that is settled: the run that gave it, and what made that one run. */
async function ofRun(w: Workspace, provenance: Provenance, s: Settled): Promise<Reason> {
  const { a, call, name, said } = s;
  const { digest } = w.world;
  const { inputHash, codeHash } = await provenance.hashesOf(call);
  const isIt = (r: RunRecord): boolean =>
    r.inputHash === inputHash && (codeHash === undefined || r.codeHash === codeHash);
  // Runs that were ended from outside gave nothing to compare with.
  const ended = s.runs.filter((r) => isEnded(r.status) && r.status !== 'cancelled' && r.status !== 'lost');
  const own = ended.find(isIt) ?? s.runs.find((r) => isEnded(r.status) && isIt(r));
  const newest = [...ended].sort((x, y) => (x.id < y.id ? 1 : -1));
  // A pure function runs twice on the same only when the first result was lost on its way; that is no reason.
  const mayBefore = (r: RunRecord): boolean => r.tier === 'process' || !isIt(r);
  // Of a result that came from elsewhere the input is compared with that of the last run for this value.
  const previous = own === undefined ? newest[0] : newest.find((r) => r.id < own.id && mayBefore(r));
  const now = own?.input ?? keptInput(digest, call.input);
  const differs = previous === undefined ? null : (inputDifferences(digest, previous.input, now) ?? null);
  const codeChanged = previous !== undefined && codeHash !== undefined && previous.codeHash !== codeHash;
  const more = {
    before: previous === undefined ? null : lineOfRun(previous),
    codeChanged,
    differs,
  };
  if (own !== undefined) {
    const isHere = own.changeSet === provenance.changeSet;
    if (!isHere && a.isAsOnHead)
      return said('unchanged', `${name} did not run here: what it reads is what it is on Head`, {
        ...more,
        run: lineOfRun(own),
      });
    const later = newest.find((r) => r.id > own.id && r.changeSet === own.changeSet && mayBefore(r));
    if (later !== undefined) {
      const note = `${name} did not run again: its input is one that it has run on before, and the result was remembered`;
      return said('remembered', note, { ...more, run: lineOfRun(own), before: lineOfRun(later), ...compared(later) });
    }
    const because =
      a.isWished && !codeChanged && differs?.length === 0
        ? `${name} ran again on the same input: it was asked for anew`
        : becauseOf(name, previous, codeChanged, differs);
    return said('ran', because, { ...more, run: lineOfRun(own) });
  }
  const other = await provenance.runThatGave(a.at, call);
  if (a.isAsOnHead)
    return said('unchanged', `${name} did not run here: what it reads is what it is on Head`, {
      ...more,
      run: other === undefined ? null : lineOfRun(other),
    });
  if (other !== undefined)
    return said(
      'remembered',
      `${name} did not run: it has run on the same input for another value, and the result was remembered`,
      {
        ...more,
        run: lineOfRun(other),
      },
    );
  return said(
    'remembered',
    `${name} did not run: its result on this input was remembered, the run is not kept any more`,
    more,
  );

  function compared(with_: RunRecord): Pick<Reason, 'codeChanged' | 'differs'> {
    return {
      codeChanged: codeHash !== undefined && with_.codeHash !== codeHash,
      differs: inputDifferences(digest, with_.input, now) ?? null,
    };
  }
}

function becauseOf(
  name: string,
  previous: RunRecord | undefined,
  codeChanged: boolean,
  differs: readonly InputDifference[] | null,
): string {
  if (previous === undefined) return `${name} ran: it had not run for this value before, as far as runs are kept`;
  if (codeChanged) return `${name} ran: its text is another than in the run before`;
  if (differs === null) return `${name} ran: its input is another than in the run before`;
  if (differs.length === 0)
    return `${name} ran again on the same input: it has effects, or the run before gave no result to keep`;
  const names = differs.map((d) => (d.name === '' ? 'its input' : d.name));
  return `${name} ran: ${names.slice(0, namedMax).join(', ')}${names.length > namedMax ? ` and ${names.length - namedMax} more` : ''} changed`;
}

/** Arguments named in the sentence; all are in the list. */
const namedMax = 5;
