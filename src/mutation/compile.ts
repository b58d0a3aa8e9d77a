// From a request to effective mutations. Each request is compiled against the state as the ones before it left it;
// every mutation is validated and applied to the draft as it is made, so the first refusal ends the batch with nothing
// done. This file has the frame; the cases are in compile_component.ts and compile_noun.ts, one function a family.

import type { Branded, ChangeSetId, ElementId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { isPlainText } from '../base/plain_text.ts';
import { attempt, must, RefusalError, type Result, refuse, unreachable } from '../base/result.ts';
import { cellKey } from '../model/keys.ts';
import type { Draft } from '../model/state.ts';
import { compileComponent } from './compile_component.ts';
import { compileLookAgain } from './compile_look_again.ts';
import { compileMoved } from './compile_moved.ts';
import { compileNoun } from './compile_noun.ts';
import { apply, describe, type Mutation, validate } from './mutation.ts';
import type { Request, RequestKind } from './request.ts';
import { parseRequest } from './request_shape.ts';

export interface Ids {
  ulid<T extends Branded<string, string>>(): T;
  element(): ElementId;
}

/** What the engine makes of its own: repairs of a merge, the locks and defaults of an apply, the edits of a revert or of a promotion. */
export type EngineStepKind = 'engine.repair' | 'engine.lock' | 'engine.revert' | 'engine.promote';

/** One request as it was carried out: what the log keeps and the audit tells. */
export interface Step {
  readonly kind: RequestKind | EngineStepKind;
  /** The component, or the key of the noun, that it is about. */
  readonly subject: string;
  /** Pointer of the value it is about; '' for others. */
  readonly path: string;
  /** One sentence for people, without the actor. */
  readonly sentence: string;
  readonly mutations: readonly Mutation[];
  /** For each mutation, the text of the cell it replaces; null where there was none or it writes no cell. */
  readonly before: readonly (string | null)[];
}

/** What the cases get: the draft, and the two ways to act on it. */
export interface Compilation {
  readonly draft: Draft;
  readonly changeSet: ChangeSetId;
  readonly ids: Ids;
  /** Validates and applies; throws RefusalError. */
  readonly emit: (m: Mutation) => void;
}

/** What a case answers: what the request turned out to be about. */
export interface About {
  readonly subject: string;
  readonly path?: string;
  /** Said instead of the sentence made from the mutations. */
  readonly sentence?: string;
}

/**
 * Compiles and applies one request, whose shape is checked first: it may come from anywhere. On refusal the draft is in
 * between: throw it away.
 */
export function compileRequest(draft: Draft, changeSet: ChangeSetId, ids: Ids, asked: Request): Result<Step> {
  return attempt(() => {
    const request = must(parseRequest(asked));
    const mutations: Mutation[] = [];
    const before: (string | null)[] = [];
    let first = '';
    const emit = (m: Mutation): void => {
      if (mutations.length >= limits.mutationsPerRequestMax) throw tooMany();
      must(validate(draft, m));
      const replaced =
        m.kind === 'cell.set' || m.kind === 'cell.unset' ? draft.get('cells', cellKey(m.component, m.path)) : undefined;
      if (mutations.length === 0) first = describe(draft, m);
      apply(draft, m);
      mutations.push(m);
      before.push(replaced ?? null);
    };
    const about = compileAny({ draft, changeSet, ids, emit }, request);
    const many =
      mutations.length > 1
        ? `${first}, and ${mutations.length - 1} more ${mutations.length === 2 ? 'edit' : 'edits'}`
        : first;
    const sentence = mutations.length === 0 ? 'change nothing' : (about.sentence ?? many);
    return { kind: request.kind, subject: about.subject, path: about.path ?? '', sentence, mutations, before };
  });
}

function tooMany(): RefusalError {
  return new RefusalError(
    refuse('limit_exceeded', {
      path: 'request',
      expected: `at most ${limits.mutationsPerRequestMax} edits in a request`,
      got: 'more',
      hint: 'split the request',
    }).refusal,
  );
}

function compileAny(c: Compilation, request: Request): About {
  const family = request.kind.slice(0, request.kind.indexOf('.')) as Family;
  switch (family) {
    case 'component':
      if (request.kind === 'component.moved') return compileMoved(c, request);
      if (request.kind === 'component.look_again') return compileLookAgain(c, request);
      return compileComponent(c, request as ComponentRequest);
    case 'attribute':
    case 'list':
    case 'map':
    case 'depends_on':
      return compileComponent(c, request as ComponentRequest);
    case 'view':
    case 'schema':
    case 'function':
    case 'binding':
    case 'secret':
    case 'action':
      return compileNoun(c, request as NounRequest);
    default:
      return unreachable(family);
  }
}

type FamilyOf<K extends string> = K extends `${infer F}.${string}` ? F : never;
type Family = FamilyOf<RequestKind>;
type ComponentFamily = 'component' | 'attribute' | 'list' | 'map' | 'depends_on';
/** In files of their own. */
type OtherRequest = Extract<Request, { kind: 'component.moved' | 'component.look_again' }>;
export type ComponentRequest = Exclude<Extract<Request, { kind: `${ComponentFamily}.${string}` }>, OtherRequest>;
export type NounRequest = Exclude<Request, ComponentRequest | OtherRequest>;

/** Throws the refusal of a request that lacks something or has it in the wrong form. */
export function malformed(path: string, expected: string, got: unknown): never {
  throw new RefusalError(
    refuse('request_malformed', {
      path,
      expected,
      got: got === undefined ? 'nothing' : (JSON.stringify(got)?.slice(0, 120) ?? typeof got),
      hint: 'compare with the request format in the documentation',
    }).refusal,
  );
}

export function mustName(value: unknown, at: string): string {
  if (typeof value !== 'string' || value.trim() === '') malformed(at, 'a name', value);
  if (value.length > limits.nameCharsMax)
    malformed(at, `a name of at most ${limits.nameCharsMax} characters`, value.length);
  // Names are part of index keys, where control characters separate.
  if (!isPlainText(value)) malformed(at, 'a name without control characters and broken text', value);
  return value;
}
