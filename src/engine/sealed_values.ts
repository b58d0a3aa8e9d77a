// What functions made with secrets, sealed: each part of a result that holds one is kept like the content of a secret, under a keyed
// hash of itself and of the place where it stands, and the value has a marker there. Equal parts at a place have equal markers, so
// that nothing behind runs again; without the key of the installation nobody can try guesses on a marker, and the same secret
// elsewhere has another one. It is opened for a run of the process tier that has the marker in its input, and for that run alone.
//
// A collection removes what no computed value has: neither one in use, nor one of a checkpoint. What was sealed since the engine
// started may be on its way to a value, and stays; sealing waits for a removal under way, and then sees what is gone.

import type { Hash } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { marksIn, sealedMarker, withOpened } from '../dispatch/sealed.ts';
import type { Source } from '../model/expr.ts';
import { MerkleMap } from '../snapshot/merkle_map.ts';
import { laterTurn } from './turn.ts';
import type { Workspace } from './workspace.ts';

/** Keys of these among sealed contents; a content of a secret has a ULID. */
const keyPrefix = 'made-';
/** Of what each of them holds of secrets: who decodes one has those in hand. */
const hiddenPrefix = 'held-';
/** Half of a keyed hash: 128 bits. */
const markChars = 32;
/** Values looked through in one turn. */
const portionValues = 500;

export interface Opened {
  /** JSON text. */
  readonly input: string;
  /** What was opened: to be redacted in all that comes of the run. */
  readonly contents: readonly Json[];
}

export class SealedValues {
  readonly #w: Workspace;
  /** Keys that were sealed, or found sealed, since the engine started. */
  readonly #recent = new Set<string>();
  #removing: Promise<unknown> = Promise.resolve();

  constructor(w: Workspace) {
    this.#w = w;
  }

  /**
   * Answers the marker of a content that a function made for a place; undefined: it cannot be sealed (it is too long). `hidden`: the
   * texts of secrets in it, in whatever encoding.
   */
  async seal(at: Source, content: string | number, hidden: readonly Json[]): Promise<string | undefined> {
    const { id, store, vault } = this.#w;
    if (vault === undefined) return undefined;
    const hash = await vault.keyedHash(id, { made: content, component: at.component, path: at.path });
    if (!hash.ok) return undefined;
    const mark = hash.value.slice(0, markChars);
    const key = keyPrefix + mark;
    this.#recent.add(key);
    await this.#removing;
    const others = hidden.filter((text) => text !== content);
    // Durable before the value is anybody's.
    for (const [at, what] of [
      ...(others.length === 0 ? [] : [[hiddenPrefix + mark, others] as const]),
      [key, content] as const,
    ]) {
      if ((await store.runs.readSealed(id, at)) !== undefined) continue;
      const sealed = await vault.seal(id, what);
      if (!sealed.ok) return undefined;
      await store.runs.putSealed(id, at, sealed.value);
    }
    return sealedMarker(mark);
  }

  /** An input with what stands behind its markers. Refuses `secret_unreadable`. Fault `vault_locked`. */
  async open(input: string): Promise<Result<Opened>> {
    const { id, store, vault } = this.#w;
    // Most inputs have none, and need not be parsed.
    if (!input.includes('[sealed ')) return ok({ input, contents: [] });
    const value = JSON.parse(input) as Json;
    const contents = new Map<string, Json>();
    const hidden: Json[] = [];
    for (const mark of marksIn(value)) {
      const [sealed, of] = [
        await store.runs.readSealed(id, keyPrefix + mark),
        await store.runs.readSealed(id, hiddenPrefix + mark),
      ];
      const opened = sealed === undefined || vault === undefined ? undefined : await vault.open(id, sealed);
      // What was sealed before that was kept is taken out as it is alone.
      const parts = of === undefined || vault === undefined ? undefined : await vault.open(id, of);
      if (opened?.ok !== true || parts?.ok === false) {
        return refuse('secret_unreadable', {
          path: 'input',
          expected: 'values that are kept sealed here',
          got: `${sealedMarker(mark)}, which ${sealed === undefined ? 'is not kept here' : 'does not open'}`,
          hint: 'put another content into the secret that it was made with',
        });
      }
      contents.set(mark, opened.value);
      if (parts !== undefined) hidden.push(parts.value);
    }
    return ok({ input: JSON.stringify(withOpened(value, contents)), contents: [...contents.values(), ...hidden] });
  }

  /** Removes those that no computed value has any more; answers how many. */
  async collect(): Promise<number> {
    const { id, store } = this.#w;
    const keys = (await store.runs.listSealed(id)).filter(
      (key) => key.startsWith(keyPrefix) || key.startsWith(hiddenPrefix),
    );
    if (keys.length === 0) return 0;
    const live = new Set<string>();
    for (const { root, unfolded } of this.#w.propagation.inUse()) {
      for (let from = 0; from < unfolded.length; from += portionValues) {
        for (const kept of unfolded.slice(from, from + portionValues)) addKeys(live, kept as unknown as Json);
        await laterTurn();
      }
      await this.#addBelow(root, live);
    }
    for (const { derivedRoot } of await store.listCheckpoints(id))
      if (derivedRoot !== undefined) await this.#addBelow(derivedRoot, live);
    // From here to the removal in one turn: who seals later waits for it.
    const gone = keys.filter((at) => {
      const key = at.startsWith(hiddenPrefix) ? keyPrefix + at.slice(hiddenPrefix.length) : at;
      return !live.has(key) && !this.#recent.has(key);
    });
    if (gone.length === 0) return 0;
    const removal = store.runs.removeSealed(id, gone);
    this.#removing = removal.catch(() => 0);
    await removal;
    return gone.filter((at) => at.startsWith(keyPrefix)).length;
  }

  /** Of the values below a root of computed values, a portion in each turn. */
  async #addBelow(root: Hash, live: Set<string>): Promise<void> {
    const { space } = this.#w;
    for (let after: string | undefined = ''; after !== undefined; ) {
      const from: string = after;
      const texts = await this.#w.read(() => portionOf(MerkleMap.open(space, root), from));
      for (const [, text] of texts) if (text.includes('[sealed ')) addKeys(live, JSON.parse(text) as Json);
      after = texts.length < portionValues ? undefined : texts.at(-1)![0];
      await laterTurn();
    }
  }
}

function portionOf(map: MerkleMap, after: string): (readonly [string, string])[] {
  const out: (readonly [string, string])[] = [];
  for (const [key, text] of map.scan({ after })) {
    out.push([key, text]);
    if (out.length === portionValues) break;
  }
  return out;
}

function addKeys(live: Set<string>, value: Json): void {
  for (const mark of marksIn(value)) live.add(keyPrefix + mark);
}
