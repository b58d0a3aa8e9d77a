// The rules of merging, in one table: what every pair of mutation kinds comes to where it meets, and what is repaired
// when both sides together leave a state that neither would. docs/transform-rules.md is generated from this file.

import type { Mutation, MutationKind } from '../mutation/mutation.ts';

export interface Rule {
  /** What is decided, in a few words; part of every receipt line. */
  readonly says: string;
  /** When it applies. */
  readonly when: string;
  readonly example: string;
  /** What the receipt says; '' when there is no line, because nothing is lost. */
  readonly receipt: string;
}

const rule = (says: string, when: string, example: string, receipt: string): Rule => ({ says, when, example, receipt });

/** «The change set» stands for the side that wins ties; in a revert that is Head. */
export const ruleTable = {
  apart: rule(
    'edits of different things both stand',
    'the two edits write different keys and neither needs what the other takes away',
    'Head sets /domain/CidrBlock, the change set sets /domain/Tags/env: both are there',
    '',
  ),
  agreed: rule(
    'both sides wanted the same',
    'both edits leave the same at the same place',
    'Head and the change set both set /domain/Size to 3',
    '',
  ),
  'value-value': rule(
    'the change set’s value stands',
    'both sides set a value at one path',
    'Head sets /domain/Size to 2, the change set to 3: it is 3',
    'overridden: Head’s value, and the edit that would bring it back',
  ),
  'value-follow': rule(
    'the change set’s source stands',
    'one side sets a value, the other follows a source at one path (a secret counts as a source)',
    'Head sets /domain/VpcId to "vpc-1", the change set follows Network/domain/id: it follows',
    'overridden: Head’s value or source',
  ),
  'follow-follow': rule(
    'the change set’s source stands',
    'both sides follow different sources at one path',
    'Head follows A, the change set follows B: it follows B',
    'overridden: Head’s source',
  ),
  'value-unset': rule(
    'the change set’s decision stands',
    'one side unsets what the other sets or follows',
    'Head sets /domain/Size to 2, the change set unsets it: the default shows',
    'overridden: Head’s edit',
  ),
  'whole-part': rule(
    'the change set’s form of the container stands',
    'one side sets a container as a whole (one literal or source), the other a part of it',
    'Head makes /domain/Tags follow a source, the change set sets /domain/Tags/env: the tags are set part by part again',
    'transformed: the change set’s edit, with what had to go for it',
  ),
  'element-insert-insert': rule(
    'both elements are there',
    'both sides insert at one place of a list; order by order key, ties by change set and element id',
    'Head appends "b", the change set appends "c": the list ends in both, on every machine in the same order',
    '',
  ),
  'element-move-move': rule(
    'the change set’s place stands',
    'both sides move one element, or one moves what both have made their own of a default',
    'Head moves the element to the front, the change set to the end: it is at the end',
    'overridden: Head’s move',
  ),
  'element-remove-edit': rule(
    'the removal stands',
    'one side removes a list element, the other moves it or edits inside',
    'Head removes a rule of a list, the change set sets its port: the rule is gone',
    'dropped: the change set’s edit; or transformed: its removal, with Head’s edit that went along; or noted: what either took out of an element that the other removed',
  ),
  'create-create': rule(
    'the two become one, the change set’s values on top',
    'both sides create a component under one id',
    'a template is imported on both sides with ids of its own: one component, with the values of both',
    'transformed: the creation, as edits of the component that is there; or overridden: Head’s values',
  ),
  'erase-edit': rule(
    'the erasure stands',
    'one side erases a component, the other edits it or something about it',
    'Head erases a subnet, the change set sets its name: the subnet is gone',
    'dropped: the change set’s edit, with the image that would bring the component back; or overridden: Head’s edit',
  ),
  'erase-restore': rule(
    'the erasure stands',
    'one side erases a component, the other takes off its mark of deletion',
    'Head erases a subnet marked for deletion, the change set restores it: it is gone',
    'dropped: the restoring, with the image; or overridden: Head’s',
  ),
  'erase-upgrade': rule(
    'the erasure stands',
    'one side erases a component, the other upgrades it',
    'Head erases a subnet, the change set upgrades it: it is gone',
    'dropped: the upgrade, with the image; or overridden: Head’s',
  ),
  'mark-edit': rule(
    'the edit lands beneath the mark',
    'one side deletes a component, the other edits it',
    'Head deletes a subnet, the change set sets its name: restoring it shows the new name',
    'masked: the edit, and the restoring that would show it',
  ),
  'mark-restore': rule(
    'the change set’s decision stands',
    'one side deletes a component again that the other restores',
    'Head restores a subnet and deletes it again, the change set restores it: it is there',
    'overridden: Head’s decision',
  ),
  'mark-protect': rule(
    'the protection stands',
    'Head protects a component that the change set deletes',
    'Head protects a database, the change set deletes it: it stays',
    'dropped: the deletion, and the edit that would take the protection off',
  ),
  'upgrade-upgrade': rule(
    'the change set’s variant stands',
    'both sides move one component to different variants',
    'Head upgrades to v2, the change set to v3: it is of v3',
    'overridden: Head’s upgrade',
  ),
  'upgrade-value': rule(
    'the value is parked',
    'one side upgrades a component to a variant that has no place for what the other set',
    'Head upgrades a subnet to a variant without /domain/Size, the change set sets it: kept, not shown',
    'parked: the value, and the upgrade back that would show it',
  ),
  'schema-value': rule(
    'the value is parked',
    'one side edits a variant so that it has no place for what the other set',
    'Head takes /domain/Size out of the variant, the change set sets it on a component: kept, not shown',
    'parked: the value',
  ),
  'record-field': rule(
    'the change set’s field stands',
    'both sides set one field of one noun differently; of a function’s text, the change set writes it whole',
    'Head renames a view "net", the change set "network": it is "network"',
    'overridden: Head’s field',
  ),
  'record-create-create': rule(
    'the two become one, the change set’s fields on top',
    'both sides create one noun under one key; of an installed schema Head’s record stands',
    'both sides put one component in one view: it is there once, with the change set’s geometry',
    'transformed: the creation, as edits of the fields that differ',
  ),
  'record-remove-set': rule(
    'the removal stands',
    'one side removes a noun, the other sets a field of it',
    'Head removes a view, the change set renames it: it is gone',
    'dropped: the change set’s edit; or overridden: Head’s',
  ),
  'used-removed': rule(
    'the noun stays',
    'one side removes a variant, schema or function that the other has begun to use, by a binding or by following something through it; or the change set a secret',
    'Head removes a variant, the change set creates a component of it: the variant stays',
    'repaired: the noun put back',
  ),
  'secret-removed': rule(
    'the use is taken away',
    'Head removes a secret that the change set has begun to use',
    'Head removes the secret "old", the change set refers to it: the reference is unset',
    'repaired: the unset',
  ),
  'secret-replaced': rule(
    'the change set’s content stands',
    'both sides replace the content of one secret',
    'Head and the change set put new contents: the change set’s key stands',
    'overridden: Head’s key',
  ),
  'default-variant': rule(
    'the change set’s default stands',
    'both sides set another default variant',
    'Head makes v2 the default, the change set v3: v3 is, and v2 is a variant like others',
    'overridden: Head’s default',
  ),
  'override-override': rule(
    'the change set’s decision stands',
    'both sides decide about one action of one component',
    'Head holds the create, the change set skips it: it is skipped',
    'overridden: Head’s decision; transformed, when both were the first to decide',
  ),
  'approvers-edit': rule(
    'the edit needs the approval that Head asks for',
    'Head changes who must approve in a view in which the change set edits',
    'Head makes two approvers necessary in "net", the change set edits a component there: it needs two',
    'noted: the new requirement',
  ),
  'text-text': rule(
    'both edits of the text stand, one carried over the other',
    'both sides edit one function’s text, or the change set edits what Head writes anew; of a function that Head removes nothing is carried over',
    'Head edits the first line, the change set the last: both lines are new',
    'transformed: the change set’s edit as it came to lie',
  ),
  'property-head-wins': rule(
    'the schema says that Head wins here',
    'both sides edit a property declared `head-wins`',
    'an account id was corrected on Head; the change set’s value gives way',
    'superseded: the change set’s value',
  ),
  'property-union': rule(
    'the schema says that both lists are united here',
    'both sides edit a property declared `union`',
    'Head adds "a" and "b", the change set "b" and "c": a, b and c are there, each once',
    'transformed: the list; superseded: an element that Head has added too; overridden: what is no list',
  ),
  'property-max': rule(
    'the schema says that the greater value stands',
    'both sides edit a property declared `max`',
    'Head sets the retention to 30, the change set to 14: it is 30',
    'transformed: the value, when Head’s is the greater one; else overridden: Head’s',
  ),
  'property-min': rule(
    'the schema says that the smaller value stands',
    'both sides edit a property declared `min`',
    'Head sets the limit to 5, the change set to 9: it is 5',
    'transformed: the value, when Head’s is the smaller one; else overridden: Head’s',
  ),
  'property-must-review': rule(
    'the schema says that a person must look',
    'both sides edit a property declared `must-review`',
    'both sides set a firewall’s source range: the change set’s stands and needs an approval',
    'overridden: Head’s value; the path needs an approval',
  ),
  'revert-head': rule(
    'what came later on Head stays',
    'a revert would undo what Head has changed again since, or take away what Head has come to refer to',
    'the reverted change set had set /domain/Size to 2, somebody set it to 3 since: it stays 3',
    'superseded: the revert’s edit, and the mutation that would force it',
  ),
  'source-erased': rule(
    'what follows an erased component is unset',
    'one side erases a component that the other has begun to follow',
    'Head erases a VPC, the change set’s subnet follows its id: the id is unset',
    'repaired: the unset, saying which source went away',
  ),
  'source-deleted': rule(
    'the subscription stands and shows nothing while its source is deleted',
    'one side deletes a component that the other has begun to follow',
    'Head deletes a VPC, the change set’s subnet follows its id: restoring the VPC shows it',
    'masked: the subscription, and the restoring that would show it',
  ),
  'edge-erased': rule(
    'what is said about an erased component goes with it',
    'one side erases a component that the other has placed, linked, managed or decided about',
    'Head erases a VPC, the change set makes a subnet depend on it: the edge is gone',
    'repaired: the removal',
  ),
  'value-cycle': rule(
    'Head’s subscriptions and functions stay; the change set’s latest on the cycle is dropped',
    'subscriptions and bound functions of both sides together close a cycle between values',
    'Head makes A follow B, the change set B follow A: B returns to its earlier source',
    'dropped: the subscription or binding, with the cycle',
  ),
  'depends-loop': rule(
    'Head’s edges stay; the change set’s latest on the loop is dropped',
    'depends-on edges of both sides together close a loop',
    'Head makes A depend on B, the change set B on A',
    'dropped: the edge',
  ),
  'manages-loop': rule(
    'Head’s edges stay; the change set’s latest on the loop is dropped',
    'managers of both sides together close a loop',
    'Head makes A manage B, the change set B manage A',
    'dropped: the edge',
  ),
  'view-removed': rule(
    'what was put in a removed view is in the default view',
    'one side removes a view that the other has put a component in',
    'Head removes "net", the change set puts a subnet there: it is in the default view',
    'repaired: the placement taken away, and a new one where the component was in no other view',
  ),
  'only-view': rule(
    'a component stays in one view at least',
    'each side takes a component out of the view that the other leaves it in',
    'Head takes it out of "net", the change set out of "all": it is in the default view',
    'repaired: the placement',
  ),
  'resource-shared': rule(
    'both components are kept and neither may destroy the resource',
    'both sides import one resource id, on different components',
    'Head imports "vpc-1" as A, the change set as B: both are there, deleting either is refused until one lets go',
    'noted: the other component',
  ),
  'moved-twice': rule(
    'Head’s component has the resource, the change set’s takes over none',
    'both sides move the resource of one component, to different ones',
    'Head moves the resource of A to B, the change set to C: B has it, and C is to be created',
    'repaired: what C takes over',
  ),
  'exclusive-action': rule(
    'the change set’s binding stays',
    'both sides attach an action of one exclusive kind to one schema or variant',
    'Head attaches a create action to a schema, the change set another: the change set’s is left',
    'repaired: Head’s binding taken away',
  ),
  'unlocked-variants': rule(
    'the change set’s variant stays unlocked, the other is locked',
    'both sides leave an unlocked variant of one schema',
    'Head unlocks v1 and the change set too: one of the two is locked',
    'repaired: the lock',
  ),
  'name-taken': rule(
    'the change set’s noun gets a number behind its name',
    'both sides give one name to two nouns that need names of their own',
    'Head creates a view "net" and the change set too: the change set’s is "net 2"',
    'repaired: the new name',
  ),
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof ruleTable;

/** The kinds in the order of the table's rows and columns. */
export const mutationKinds = [
  'component.create',
  'component.erase',
  'component.mark',
  'component.unmark',
  'component.retype',
  'cell.set',
  'cell.unset',
  'element.insert',
  'element.move',
  'element.remove',
  'record.create',
  'record.remove',
  'record.set',
  'text.edit',
] as const satisfies readonly MutationKind[];

// Rows: the change set's edit; columns: Head's, in the order of `mutationKinds`. Where a pair can meet in more than one
// way (a value and a value: at one path, or a whole and a part of it), the row names what it comes to at one place.
const rows: Readonly<Record<MutationKind, readonly RuleId[]>> = (() => {
  const life: RuleId[] = ['create-create', 'erase-edit', 'mark-edit', 'mark-edit'];
  const inside: RuleId[] = ['create-create', 'erase-edit', 'mark-edit', 'apart', 'upgrade-value'];
  const apart = (n: number): RuleId[] => Array<RuleId>(n).fill('apart');
  const erased = (n: number): RuleId[] => Array<RuleId>(n).fill('erase-edit');
  const masked = (n: number): RuleId[] => Array<RuleId>(n).fill('mark-edit');
  return {
    'component.create': [...life, 'create-create', ...Array<RuleId>(5).fill('create-create'), ...apart(4)],
    'component.erase': ['erase-edit', 'agreed', 'erase-edit', 'erase-restore', 'erase-upgrade', ...erased(8), 'apart'],
    'component.mark': [
      'create-create',
      'erase-edit',
      'agreed',
      'mark-restore',
      'mark-edit',
      ...masked(5),
      'mark-protect',
      'apart',
      'apart',
      'apart',
    ],
    'component.unmark': ['create-create', 'erase-restore', 'mark-restore', 'agreed', ...apart(10)],
    'component.retype': [
      'create-create',
      'erase-upgrade',
      'mark-edit',
      'apart',
      'upgrade-upgrade',
      ...Array<RuleId>(5).fill('upgrade-value'),
      'apart',
      'used-removed',
      'schema-value',
      'apart',
    ],
    'cell.set': [
      ...inside,
      'value-value',
      'value-unset',
      'whole-part',
      'apart',
      'element-remove-edit',
      'apart',
      'secret-removed',
      'schema-value',
      'apart',
    ],
    'cell.unset': [...inside, 'value-unset', 'agreed', 'apart', 'apart', 'agreed', ...apart(4)],
    'element.insert': [
      ...inside,
      'whole-part',
      'apart',
      'element-insert-insert',
      'apart',
      'element-remove-edit',
      ...apart(4),
    ],
    'element.move': [...inside, 'apart', 'apart', 'apart', 'element-move-move', 'element-remove-edit', ...apart(4)],
    'element.remove': [
      ...inside,
      'element-remove-edit',
      'agreed',
      'element-remove-edit',
      'element-remove-edit',
      'agreed',
      ...apart(4),
    ],
    'record.create': [
      'apart',
      'edge-erased',
      'mark-edit',
      ...apart(7),
      'record-create-create',
      'view-removed',
      'record-create-create',
      'record-create-create',
    ],
    'record.remove': [
      'apart',
      'edge-erased',
      ...apart(8),
      'used-removed',
      'agreed',
      'record-remove-set',
      'record-remove-set',
    ],
    'record.set': [
      'apart',
      'edge-erased',
      ...apart(3),
      'schema-value',
      ...apart(4),
      'record-create-create',
      'record-remove-set',
      'record-field',
      'record-field',
    ],
    'text.edit': [...apart(10), 'text-text', 'record-remove-set', 'text-text', 'text-text'],
  };
})();

/** What two edits come to where they meet. */
export function pairRule(mine: MutationKind, theirs: MutationKind): RuleId {
  return rows[mine][mutationKinds.indexOf(theirs)]!;
}

const isOrder = (m: Mutation): boolean => m.kind === 'element.insert' || m.kind === 'element.move';

/** The rule of two writes of one key or field that leave different things there. */
export function clashRule(mine: Mutation, theirs: Mutation): RuleId {
  const follows = (m: Mutation): boolean => m.kind === 'cell.set' && ('x' in m.cell || 'k' in m.cell);
  if (mine.kind === 'cell.set' && theirs.kind === 'cell.set') {
    if (follows(mine) && follows(theirs)) return 'follow-follow';
    return follows(mine) || follows(theirs) ? 'value-follow' : 'value-value';
  }
  // Both have made a default their own: its elements have the same ids on either side.
  if (isOrder(mine) && isOrder(theirs)) return 'element-move-move';
  if ('noun' in mine && 'noun' in theirs && mine.kind !== 'record.remove' && theirs.kind !== 'record.remove') {
    if (mine.noun === 'override') return 'override-override';
    const field = mine.kind === 'record.set' ? mine.field : '';
    if (field === 'defaultVariant') return 'default-variant';
    if (mine.noun === 'secret' && field === 'key') return 'secret-replaced';
  }
  return pairRule(mine.kind, theirs.kind);
}
