// All readers of one text: as it is, with one or two ways of escaping undone, as base64, as hexadecimal, and these two with any
// escapes undone. Every unit is read once by each.
//
// Three of them, the leads, read the text as it is. The others differ from their lead only where an escape was undone a short while
// ago; when all of them stand where their leads do, they rest, and take over again from there at the next character that
// can open an escape. Most of most texts is read by three readers and not by twelve.

import type { Automaton } from './automaton.ts';
import { Base64Tracks, type Cover, HexTracks, type Reader, TextTrack } from './track.ts';
import { type Escapes, Unescape, type UnitSink } from './unescape.ts';

/** The ways of escaping that are undone, two levels of the common ones. */
const escapesInText: readonly (readonly Escapes[])[] = [
  [{ backslash: 'pairs' }],
  [{ backslash: 'pairs' }, { backslash: 'pairs' }],
  [{ backslash: 'runs' }],
  [{ percent: true }],
  [{ percent: true }, { percent: true }],
  [{ percent: true, plus: true }],
  [{ entity: true }],
];
/** Neither base64 nor hexadecimal has a character that opens an escape, so that all can be undone at once. */
const escapesInCode: Escapes = { backslash: 'runs', percent: true, entity: true };

/** Characters that open an escape, or are one: backslash, percent, ampersand, plus. */
const isOpening = new Uint8Array(128);
for (const character of '\\%&+') isOpening[character.charCodeAt(0)] = 1;

/** After so many characters without one of those, and then again and again, it is asked whether all may rest. */
const restAfterChars = 64;

interface Follower {
  readonly reader: UnitSink;
  /** It would go on as its lead does. */
  readonly isLikeLead: () => boolean;
  readonly copyLead: () => void;
}

/** A reader behind one or two levels of undoing. */
function follower<T extends Reader<T>>(lead: T, own: T, escapes: readonly Escapes[]): Follower {
  const levels: Unescape[] = [];
  for (const each of escapes) levels.unshift(new Unescape(each, levels[0] ?? own));
  return {
    reader: levels[0] ?? own,
    isLikeLead: () => levels.every((level) => level.isEmpty) && own.isLike(lead),
    copyLead: () => own.copyFrom(lead),
  };
}

export class Readers {
  readonly #leads: readonly UnitSink[];
  readonly #followers: readonly Follower[];
  #areResting = true;
  /** Characters since one that opens an escape. */
  #quiet = 0;

  constructor(automaton: Automaton, cover: Cover) {
    const text = () => new TextTrack(automaton, cover);
    const base64 = () => new Base64Tracks(automaton, cover);
    const hex = () => new HexTracks(automaton, cover);
    const leads = { text: text(), base64: base64(), hex: hex() };
    this.#leads = [leads.text, leads.base64, leads.hex];
    this.#followers = [
      ...escapesInText.map((escapes) => follower(leads.text, text(), escapes)),
      follower(leads.base64, base64(), [escapesInCode]),
      follower(leads.hex, hex(), [escapesInCode]),
    ];
  }

  /** The unit that stands at `at`; line breaks are gaps. */
  unit(unit: number, at: number): void {
    if (unit < 0x80 && isOpening[unit] === 1) this.#wake();
    for (const lead of this.#leads) lead.unit(unit, at, at + 1);
    if (this.#areResting) return;
    for (const { reader } of this.#followers) reader.unit(unit, at, at + 1);
    if (++this.#quiet % restAfterChars === 0) this.#areResting = this.#followers.every((each) => each.isLikeLead());
  }

  gap(): void {
    for (const reader of this.#awake()) reader.gap();
  }

  finish(): void {
    for (const reader of this.#awake()) reader.finish();
  }

  /** Where the earliest text stands that could still become a secret; Infinity for none. */
  liveFrom(): number {
    let from = Number.POSITIVE_INFINITY;
    for (const reader of this.#awake()) from = Math.min(from, reader.liveFrom());
    return from;
  }

  reset(): void {
    for (const reader of this.#awake()) reader.reset();
    this.#areResting = true;
  }

  #wake(): void {
    this.#quiet = 0;
    if (!this.#areResting) return;
    this.#areResting = false;
    for (const each of this.#followers) each.copyLead();
  }

  #awake(): readonly UnitSink[] {
    return this.#areResting ? this.#leads : [...this.#leads, ...this.#followers.map((each) => each.reader)];
  }
}
