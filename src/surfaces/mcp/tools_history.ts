// Tools about what was done: the edits of a change set one by one, taking some out and putting them back, making them elsewhere,
// a part of a change set or the reverse of one that was applied as a change set of its own. An undo writes no old values back:
// what is left is as if the edits had never been made.

import { Type } from 'typebox';
import { changeSetIn, componentIn, exactIn, keyIn, type Tool, told, tool, versionOut } from './tool.ts';

const editsIn = Type.Array(Type.String(), { minItems: 1, description: 'As list_edits names them.' });
const ofAnyoneIn = Type.Optional(
  Type.Boolean({ description: 'The last one of anybody, where none is named. Default: your own last one.' }),
);
const nameIn = Type.Optional(Type.String({ description: 'Of the new change set.' }));
const openedOut = { opened: told('The new change set, and what could not be taken along.') };

export const historyTools: readonly Tool[] = [
  tool({
    name: 'get_change_set',
    title: 'Get a change set',
    description:
      'One change set: status, version, who asks for its approval, why it is behind Head if it is, and those of its actions that have not ended.',
    effect: 'read',
    input: { changeSet: changeSetIn },
    output: { changeSet: told('The change set.'), actions: told('Its actions that have not ended.') },
    run: async ({ changeSet }, operation) => {
      const [state, { actions }] = [
        await operation('change_set.get', { changeSet }),
        await operation<{ actions: unknown }>('change_set.merge_status', { changeSet }),
      ];
      return { changeSet: state, actions };
    },
  }),
  tool({
    name: 'read_receipt',
    title: 'Read a receipt',
    description: 'Every decision that merging a change set with Head has taken, and whether it still says what is so.',
    effect: 'read',
    input: { changeSet: changeSetIn },
    output: { receipt: told('Line by line, oldest first.') },
    run: async ({ changeSet }, operation) => ({ receipt: await operation('change_set.receipt', { changeSet }) }),
  }),
  tool({
    name: 'list_edits',
    title: 'List edits',
    description: 'Every edit of a change set, oldest first: what it is called by, who made it, whether it stands.',
    effect: 'read',
    input: { changeSet: changeSetIn },
    output: { ...versionOut, edits: Type.Array(Type.Unknown()) },
    run: ({ changeSet }, operation) => operation('change_set.edits', { changeSet }),
  }),
  tool({
    name: 'undo_edits',
    title: 'Undo edits',
    description:
      'Takes edits out of a change set as if they had never been made. redo_edits puts them back, by the version that this answers.',
    effect: 'edit',
    isDestructive: true,
    input: {
      ...exactIn,
      edits: Type.Optional(editsIn),
      withNeeding: Type.Optional(
        Type.Boolean({ description: 'With those that need them. Default: they are named, and nothing is undone.' }),
      ),
      ofAnyone: ofAnyoneIn,
    },
    output: { ...versionOut, undone: Type.Array(Type.Unknown()) },
    run: (given, operation) => operation('change_set.undo', given),
  }),
  tool({
    name: 'redo_edits',
    title: 'Redo edits',
    description: 'Puts back what an undo took out, carried over what Head has become meanwhile.',
    effect: 'edit',
    isDestructive: true,
    input: {
      ...exactIn,
      undo: Type.Optional(Type.Integer({ minimum: 1, description: 'The version of the undo. Default: the last one.' })),
      ofAnyone: ofAnyoneIn,
    },
    output: { ...versionOut, steps: Type.Array(Type.Unknown()) },
    run: (given, operation) => operation('change_set.redo', given),
  }),
  tool({
    name: 'pick_edits',
    title: 'Pick edits',
    description: 'Makes edits of one change set in another one, too. The first stays as it is.',
    effect: 'edit',
    isDestructive: true,
    input: {
      changeSet: Type.String({ description: 'Change set that has the edits, by id or name.' }),
      into: Type.String({ description: 'Change set to make them in, by id or name.' }),
      edits: editsIn,
      idempotencyKey: keyIn,
    },
    output: { picked: told('What was made, and what they needed.') },
    run: async (given, operation) => ({ picked: await operation('change_set.pick', given) }),
  }),
  tool({
    name: 'split_change_set',
    title: 'Split a change set',
    description:
      'Opens the edits of some components, with what they need, as a change set of its own. The first stays as it is.',
    effect: 'edit',
    input: {
      changeSet: changeSetIn,
      components: Type.Array(componentIn, { minItems: 1 }),
      name: nameIn,
      idempotencyKey: keyIn,
    },
    output: openedOut,
    run: async (given, operation) => ({ opened: await operation('change_set.split', given) }),
  }),
  tool({
    name: 'revert_change_set',
    title: 'Revert a change set',
    description: 'Opens a change set that takes back what an applied one did. Nothing changes until that is applied.',
    effect: 'edit',
    input: { changeSet: changeSetIn, name: nameIn, idempotencyKey: keyIn },
    output: openedOut,
    run: async (given, operation) => ({ opened: await operation('change_set.revert', given) }),
  }),
];
