// What a tool for agents is: its name and words, the shapes of what goes in and comes out, honest hints of what it does, and
// the operations of the engine that it consists of. No tool does more than these operations let its caller do: access,
// approvals and budgets are decided where they always are.

import { type Static, type TObject, type TProperties, Type } from 'typebox';
import type { Json } from '../../base/json.ts';

export type OperationParams = { readonly [name: string]: Json | undefined };

/** Carries out operations of the engine as the agent; a refusal is thrown. */
export type Operation = <T>(name: string, params?: OperationParams) => Promise<T>;

/**
 * What a tool does to the world. `read`: nothing. `edit`: changes a change set, which anybody can look at and abandon.
 * `propose`: asks people. `act`: may change Head and what is outside, within approvals and budgets. `look`: reads from
 * outside, from a provider.
 */
export type Effect = 'read' | 'look' | 'edit' | 'propose' | 'act';

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  /** What was there may be gone afterwards. */
  readonly isDestructive: boolean;
  readonly input: TObject;
  readonly output: TObject;
  run(input: never, operation: Operation): Promise<object>;
}

interface ToolOf<I extends TProperties> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  /** Default false. */
  readonly isDestructive?: boolean;
  readonly input: I;
  readonly output: TProperties;
  run(input: Static<TObject<I>>, operation: Operation): Promise<object>;
}

/** A tool, its work typed by what goes in. Input that is not named is refused, so that a slip of the pen is noticed. */
export function tool<I extends TProperties>(t: ToolOf<I>): Tool {
  return {
    ...t,
    isDestructive: t.isDestructive === true,
    input: Type.Object(t.input, { additionalProperties: false }),
    output: Type.Object(t.output),
    run: t.run as Tool['run'],
  };
}

export const writes = (t: Tool): boolean => t.effect !== 'read' && t.effect !== 'look';

export const changeSetIn = Type.String({ description: 'Change set, by id or name.' });
export const stateIn = Type.Optional(
  Type.String({ description: 'Change set to look in, by id or name. Default: HEAD, the truth.' }),
);
export const componentIn = Type.String({ description: 'Component, by id, or by name where only one has it.' });
export const limitIn = Type.Optional(Type.Integer({ minimum: 1, maximum: 300, description: 'Most of them.' }));
export const cursorIn = Type.Optional(Type.String({ description: 'From the answer before, for what follows.' }));
export const keyIn = Type.String({
  minLength: 1,
  maxLength: 256,
  description: 'A fresh random text. Repeated with the same one, the call is done once and answered again.',
});
export const pathIn = Type.String({ description: 'Pointer to a value, such as /domain/CidrBlock.' });
/** What an edit is of, and what it was written against. */
export const editIn = {
  changeSet: changeSetIn,
  idempotencyKey: keyIn,
  baseVersion: Type.Optional(
    Type.Integer({ minimum: 0, description: 'The version you read; what came since is merged with your edit.' }),
  ),
};
/** The same for what is only done to the very version that was read. */
export const exactIn = {
  changeSet: changeSetIn,
  idempotencyKey: keyIn,
  ifVersion: Type.Optional(
    Type.Integer({ minimum: 0, description: 'The version you read; refused where the change set is at another.' }),
  ),
};
/** What edits answer. */
export const versionOut = {
  changeSet: Type.String(),
  version: Type.Integer({ description: 'Of the change set, with the edit.' }),
};
/** What is told whole, as the engine has it. */
export const told = (description: string) => Type.Unknown({ description });
