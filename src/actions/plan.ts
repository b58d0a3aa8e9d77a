// The plan of one component: what has to be done for reality to be what the state says. It is computed from the state each
// time and never collected from edits, so that an edit that is undone leaves nothing behind. What is not planned although
// something would be due is told with the reason.

import type { ComponentId, Digest, Hash } from '../base/ids.ts';
import { canonical, compareText, type Json } from '../base/json.ts';
import { unreachable } from '../base/result.ts';
import type { OverrideMode, OverrideRecord } from '../model/action.ts';
import type { ActionKind } from '../model/function.ts';
import type { ResourceRecord } from '../model/module.ts';
import { isWithin } from '../model/path.ts';
import type { ActionFunction } from './action_functions.ts';
import { isAdopted, unmet } from './adopted.ts';
import { changedPaths, isCreateOnlyAt } from './changed_paths.ts';
import { differences } from './drift.ts';
import type { Subject } from './subject.ts';

/** An action that is due; of a replacement it is one, carried out as two. */
export interface Due {
  readonly component: ComponentId;
  readonly kind: ActionKind | 'replace';
  /** Of a manual one its function's name; '' for the others. */
  readonly name: string;
  /** In the order in which they are called. */
  readonly functions: readonly ActionFunction[];
  /** Pointers whose change is the reason, in canonical order; none: it is no update or replacement, or was asked for. */
  readonly paths: readonly string[];
  /** Hash of the inputs as far as they are known now; null: it takes none of them. */
  readonly inputHash: Hash | null;
  /** Some of its inputs are known only after other actions. */
  readonly awaits: boolean;
  /** Somebody keeps it from starting. */
  readonly held: boolean;
  /** Somebody asked for it; otherwise it follows from the state. */
  readonly asked: boolean;
  /** Which wish that is, so that who asks again asks for something else; '' when nobody asked. */
  readonly wish: string;
}

export type LeftBecause =
  /** The schema has no function that could. */
  | 'unsupported'
  | 'skipped'
  | 'disabled'
  /** It would destroy what is protected. */
  | 'protected'
  /** The resource is left when its component is deleted. */
  | 'retained'
  /** It would destroy what another component claims, too. */
  | 'shared'
  | 'inputs-pending'
  | 'inputs-failed'
  /** Somebody asked for what there is nothing to do it to. */
  | 'no-resource'
  /** Where its resource would be kept, another component has its own: that of this one has passed to it. */
  | 'passed-on'
  /** Somebody asked for creating what is there. */
  | 'has-resource';

/** What is not planned, and why. */
export interface Left {
  readonly component: ComponentId;
  readonly kind: ActionKind | 'replace';
  readonly name: string;
  readonly because: LeftBecause;
  /** For people: what is missing or wrong; '' where the reason says it all. */
  readonly detail: string;
}

export interface Plan {
  /** In the order in which they are carried out. */
  readonly due: readonly Due[];
  readonly left: readonly Left[];
}

export interface PlanQuery {
  readonly blob: (hash: Hash) => string;
  readonly digest: Digest;
  /**
   * Inputs that count as sent where it is not known what was, or where they were edited to what reality had become; absent:
   * reality is asked, and what was sent.
   */
  readonly accepted?: Json | undefined;
}

type Kind = Due['kind'];

export function planOf(subject: Subject, query: PlanQuery): Plan {
  const planning = new Planning(subject, query);
  planning.plan();
  return { due: planning.due.sort(compareInSequence), left: planning.left };
}

const sequence: readonly Kind[] = ['create', 'update', 'replace', 'refresh', 'manual', 'destroy'];

/** The order in which several actions of one component are carried out. */
export function compareInSequence(a: Due, b: Due): number {
  return sequence.indexOf(a.kind) - sequence.indexOf(b.kind) || compareText(a.name, b.name);
}

/** The parts of a replacement by what people decide on. */
const decidedBy: Readonly<Record<Kind, readonly ActionKind[]>> = {
  create: ['create'],
  update: ['update'],
  destroy: ['destroy'],
  refresh: ['refresh'],
  manual: ['manual'],
  replace: ['update', 'destroy', 'create'],
};

class Planning {
  readonly due: Due[] = [];
  readonly left: Left[] = [];
  readonly #s: Subject;
  readonly #q: PlanQuery;

  constructor(subject: Subject, query: PlanQuery) {
    this.#s = subject;
    this.#q = query;
  }

  plan(): void {
    const { marked, exists } = this.#s;
    // Absent by definition: nothing is done to it, whatever was asked.
    if (marked && !exists) return;
    if (this.#s.passedOn) {
      this.#leave('create', 'passed-on');
      return;
    }
    if (marked) {
      this.#asked(['refresh', 'manual']);
      this.#leaveOrDestroy();
      return;
    }
    if (exists && this.#overrideOf('destroy')?.mode === 'add') {
      this.#asked(['refresh', 'manual']);
      this.#destroy(true);
      return;
    }
    if (exists) this.#update();
    else this.#offer('create', { asked: this.#isAdded('create') });
    this.#asked(['create', 'destroy', 'update', 'refresh', 'manual']);
  }

  #leaveOrDestroy(): void {
    if (this.#s.retained) this.#leave('destroy', 'retained');
    else this.#destroy(this.#isAdded('destroy'));
  }

  #destroy(asked: boolean): void {
    if (this.#isSafeToDestroy('destroy')) this.#offer('destroy', { asked });
  }

  #isSafeToDestroy(kind: Kind): boolean {
    if (this.#s.protected) this.#leave(kind, 'protected');
    else if (this.#s.shared) this.#leave(kind, 'shared');
    else return true;
    return false;
  }

  /** What differs from what was last made real. */
  #update(): void {
    const inputs = this.#known();
    if (inputs === undefined) {
      // Nothing is known of them, so nothing can be said to have changed; but it is told that it may have.
      this.#offer('update', {});
      return;
    }
    const asked = this.#isAdded('update');
    // What is asked for is that reality is as meant: where it is not is why.
    const due = [...new Set([...this.#changed(inputs), ...(asked ? this.#drifted(inputs) : [])])].sort(compareText);
    const paths = due.filter((p) => !this.#s.ignored.some((i) => isWithin(p, i)));
    if (paths.length === 0 && !asked) return;
    const isReplaced = paths.some((p) => isCreateOnlyAt(this.#s.spec, p));
    if (!isReplaced) this.#offer('update', { paths, asked });
    else if (this.#isSafeToDestroy('replace')) this.#offer('replace', { paths, asked });
  }

  /** What is not known yet will be another value than none, whatever was sent. */
  #changed(inputs: Json): string[] {
    const now = this.#changedNow(inputs);
    const { inputs: is } = this.#s;
    if (!('awaits' in is) || is.awaits === undefined) return now;
    return [...new Set([...now, ...this.#s.awaited()])].sort(compareText);
  }

  #changedNow(inputs: Json): string[] {
    const { resource } = this.#s;
    if (resource === undefined) return [];
    const sentHash = resource.sentHash ?? resource.sent;
    if (sentHash == null) return this.#changedByReality(inputs, resource.payload);
    const { spec } = this.#s;
    const { accepted } = this.#q;
    const before = this.#sent(resource);
    // What was edited to what reality had become is real without having been sent, and counts as if it had been.
    const isAccepted = accepted !== undefined && isAdopted({ spec, resource, sent: before, inputs: accepted });
    if (!isAccepted && sentHash === this.#q.digest(canonical(inputs))) return [];
    if (before === undefined && !isAccepted) return ['/domain'];
    return unmet({ spec, resource, sent: isAccepted ? accepted : before!, inputs });
  }

  #sent({ sent }: ResourceRecord): Json | undefined {
    return sent == null ? undefined : (JSON.parse(this.#q.blob(sent)) as Json);
  }

  #drifted(inputs: Json): string[] {
    const { resource, spec } = this.#s;
    if (resource === undefined || resource.payload === null || resource.isStale) return [];
    return differences({ spec, inputs, payload: resource.payload }).map((d) => d.path);
  }

  /** Of a resource that was not made by an action of ours: what reality says otherwise, and what was edited since. */
  #changedByReality(inputs: Json, payload: Json): string[] {
    const { accepted } = this.#q;
    const other = differences({ spec: this.#s.spec, inputs, payload, isUnsent: true }).map((d) => d.path);
    const edited = accepted === undefined ? [] : changedPaths(accepted, inputs, '/domain');
    return [...new Set([...other, ...edited])].sort(compareText);
  }

  /** What somebody added and the state does not ask for by itself. */
  #asked(kinds: readonly ActionKind[]): void {
    for (const override of this.#s.overrides) {
      const { action, mode, name } = override;
      if (mode !== 'add' || !kinds.includes(action)) continue;
      if (this.due.some((d) => d.name === name && decidedBy[d.kind].includes(action))) continue;
      if (this.left.some((l) => l.name === name && decidedBy[l.kind].includes(action))) continue;
      if (action === 'create') this.#leave('create', 'has-resource');
      else if (action === 'manual') this.#offer('manual', { name, asked: true });
      else if (!this.#s.exists) this.#leave(action, 'no-resource');
      else this.#offer(action, { asked: true });
    }
  }

  #known(): Json | undefined {
    const { inputs } = this.#s;
    switch (inputs.state) {
      case 'value':
        return inputs.value;
      case 'none':
        return {};
      case 'error':
      case 'pending':
        return undefined;
      default:
        return unreachable(inputs);
    }
  }

  /** Plans an action, or tells why not. */
  #offer(kind: Kind, about: { name?: string; paths?: readonly string[]; asked?: boolean }): void {
    const { name = '', paths = [], asked = false } = about;
    const { component, enabled, inputs } = this.#s;
    const functions = partsOf(kind, this.#s.createFirst).map((part) => this.#functionFor(part, name));
    const wishes = decidedBy[kind].map((part) => this.#overrideOf(part, name));
    const has = (mode: OverrideMode): boolean => wishes.some((o) => o?.mode === mode);
    const takesInputs = kind === 'create' || kind === 'update' || kind === 'replace';
    if (!enabled) this.#leave(kind, 'disabled', { name });
    else if (functions.includes(undefined)) {
      const missing = partsOf(kind, false).filter((part) => this.#functionFor(part, name) === undefined);
      const detail = missing.map((m) => (m === 'manual' ? `the manual action ${name}` : m)).join(' and ');
      this.#leave(kind, 'unsupported', { name, detail: `the schema has no function for ${detail}` });
    } else if (has('skip')) this.#leave(kind, 'skipped', { name });
    else if (takesInputs && inputs.state === 'error')
      this.#leave(kind, 'inputs-failed', { name, detail: `${inputs.code}: ${inputs.message}` });
    else if (takesInputs && inputs.state === 'pending') this.#leave(kind, 'inputs-pending', { name });
    else
      this.due.push({
        component,
        kind,
        name,
        functions: functions as ActionFunction[],
        paths,
        inputHash: takesInputs ? this.#q.digest(canonical(this.#known()!)) : null,
        awaits: takesInputs && 'awaits' in inputs && inputs.awaits === true,
        held: has('hold'),
        asked,
        wish: asked ? (wishes.find((o) => o?.mode === 'add')?.wish ?? '') : '',
      });
  }

  #leave(kind: Kind, because: LeftBecause, { name = '', detail = '' } = {}): void {
    this.left.push({ component: this.#s.component, kind, name, because, detail });
  }

  #functionFor(kind: ActionKind, name: string): ActionFunction | undefined {
    return this.#s.functions.find((f) => f.kind === kind && f.name === name);
  }

  #overrideOf(action: ActionKind, name = ''): OverrideRecord | undefined {
    return this.#s.overrides.find((o) => o.action === action && o.name === name);
  }

  #isAdded(action: ActionKind): boolean {
    return this.#overrideOf(action)?.mode === 'add';
  }
}

/** The actions that are carried out for one that is planned, in their order. */
function partsOf(kind: Kind, createFirst: boolean): readonly ActionKind[] {
  if (kind !== 'replace') return [kind];
  return createFirst ? ['create', 'destroy'] : ['destroy', 'create'];
}
