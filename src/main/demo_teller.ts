// How the demonstration is told: a heading and sentences for people, with a view of the actions that is drawn again while they
// are carried out; with --json one object a line, and nothing else on standard output.

import type { Json } from '../base/json.ts';
import type { Review } from '../engine/operations.ts';
import type { ActionRecord } from '../model/action.ts';

const signs: Readonly<Record<ActionRecord['status'], string>> = {
  queued: '·',
  'on-hold': '=',
  dispatched: '>',
  running: '>',
  succeeded: '✓',
  failed: '✗',
  cancelled: '-',
  interrupted: '?',
};

export class Teller {
  readonly #json: boolean;
  readonly #sinceMs = Date.now();
  #chapter = 0;
  /** Lines of the view that can be drawn over. */
  #drawn = 0;
  readonly #told = new Map<string, string>();

  constructor(json: boolean) {
    this.#json = json;
  }

  chapter(title: string): void {
    this.#chapter++;
    if (this.#json) this.#line({ kind: 'chapter', number: this.#chapter, title });
    else this.#text(`\n${this.#chapter}. ${title}`);
  }

  say(sentence: string, facts: { readonly [name: string]: Json } = {}): void {
    if (this.#json) this.#line({ kind: 'said', sentence, ...facts });
    else this.#text(`   ${sentence}`);
  }

  /** Something that is shown as it is, a line each. */
  show(what: string, lines: readonly string[]): void {
    if (this.#json) this.#line({ kind: 'shown', what, lines });
    else for (const line of lines) this.#text(`     ${line}`);
  }

  /** Where the actions are now. At a terminal they stay in their places; elsewhere each that has ended is one line. */
  actions(actions: readonly ActionRecord[]): void {
    const width = Math.max(...actions.map((a) => a.componentName.length), 0);
    if (this.#json || !process.stdout.isTTY) {
      for (const a of actions) {
        const isNews = this.#told.get(a.id) !== a.status && (this.#json || a.endedAtMs !== null);
        if (!isNews) continue;
        this.#told.set(a.id, a.status);
        if (this.#json) this.#line({ kind: 'action', action: a.kind, component: a.componentName, status: a.status });
        else process.stdout.write(`     ${lineOf(a, width)}\n`);
      }
      return;
    }
    const over = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    process.stdout.write(`${over}${actions.map((a) => `\x1b[2K     ${lineOf(a, width)}\n`).join('')}`);
    this.#drawn = actions.length;
  }

  /** The next view is another one. */
  settled(): void {
    this.#drawn = 0;
  }

  #text(line: string): void {
    this.settled();
    process.stdout.write(`${line}\n`);
  }

  #line(value: { readonly [name: string]: Json }): void {
    process.stdout.write(`${JSON.stringify({ ...value, atMs: Date.now() - this.#sinceMs })}\n`);
  }
}

/** `width`: of the names beside each other. */
function lineOf(a: ActionRecord, width: number): string {
  const what = a.kind === 'manual' ? a.name : a.kind;
  const took = a.startedAtMs === null || a.endedAtMs === null ? '' : `  ${Math.max(0, a.endedAtMs - a.startedAtMs)} ms`;
  const why = a.failure === null ? a.heldBecause : a.failure.message;
  return `${signs[a.status]} ${what.padEnd(8)} ${a.componentName.padEnd(width)} ${a.status}${took}${why === '' ? '' : `: ${why}`}`;
}

/** A text as it is, everything else as JSON. */
export const shown = (value: Json | undefined): string =>
  typeof value === 'string' ? value.trim() : JSON.stringify(value ?? null);

/** What a review counts. */
export function reviewed({ added, modified, removed, values, derived }: Review['summary']): string {
  const said = [
    [added, 'component', 'to add'],
    [modified, 'component', 'to change'],
    [removed, 'component', 'to remove'],
    [values, 'value', 'edited'],
    [derived, 'value', 'computed of those'],
  ] as const;
  const parts = said.filter(([n]) => n > 0).map(([n, noun, how]) => `${n} ${noun}${n === 1 ? '' : 's'} ${how}`);
  return parts.length === 0 ? 'the model stays as it is' : parts.join(', ');
}
