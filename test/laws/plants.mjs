// One bug for each rule of the table: a change of one place of src/merge that breaks the rule. `npm run laws -- --planted`
// makes each on a copy and shows that the laws or the examples find it.

import { plant } from '../support/plant.mjs';

const place = 'src/merge/place.ts';
const rules = 'src/merge/rules.ts';
const contest = 'src/merge/contest.ts';
const repair = 'src/merge/repair.ts';
const content = 'src/merge/repair_content.ts';
const acyclic = 'src/merge/acyclic.ts';
const items = 'src/merge/lines_of_items.ts';
const between = 'src/merge/lines_between_units.ts';

/** Rule -> file, what stands there, what the bug makes of it. */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: source text
export const plants = {
  apart: ['src/merge/side.ts', '`${category} ${key} ${m.field}`', '`${category} ${key}`'],
  agreed: [
    items,
    'if (same === undefined || agrees(m.input.head, item.m) || factAt(m.draft, item.m) === factAt(m.input.head, item.m))',
    'if (same === undefined)',
  ],
  'value-value': [
    contest,
    '  const rule = c.rules.at(m);\n  if (rule === undefined) return undefined;',
    "  const rule = c.rules.at(m);\n  if (rule === undefined) return { ...item, yields: 'property-head-wins' };",
  ],
  'value-follow': [rules, "? 'value-follow' : 'value-value'", "? 'value-value' : 'value-value'"],
  'follow-follow': [rules, "return 'follow-follow';", "return 'value-follow';"],
  'value-unset': [rules, "'cell.unset': [...inside, 'value-unset'", "'cell.unset': [...inside, 'value-value'"],
  'whole-part': [place, "if (isWhole(on.get('cells', cellKey(component, above)))) gone", 'if (false) gone'],
  'element-insert-insert': [
    place,
    "    case 'element.insert':\n      return placeCell(on, m, forms);",
    "    case 'element.insert':\n      return not('element-remove-edit');",
  ],
  'element-move-move': [
    rules,
    "if (isOrder(mine) && isOrder(theirs)) return 'element-move-move';",
    "if (isOrder(mine) && isOrder(theirs)) return 'apart';",
  ],
  'element-remove-edit': [
    place,
    'const inside = contentsOf(on, m.component, m.path);',
    'const inside: Mutation[] = [];',
  ],
  'create-create': [place, '=== canonical(value)) continue;', '!== undefined) continue;'],
  'erase-edit': [
    place,
    "  if (!exists(on, component)) return not('erase-edit');\n  if (!hasElements",
    '  if (!hasElements',
  ],
  'erase-restore': [place, "asItIs : not('erase-restore')", 'asItIs : asItIs'],
  'erase-upgrade': [place, "asItIs : not('erase-upgrade')", 'asItIs : asItIs'],
  'mark-edit': [
    items,
    "  const mark = writes.find('component.mark');",
    '  const mark = undefined as HeadEdit | undefined;',
  ],
  'mark-restore': [
    rules,
    "'component.unmark': ['create-create', 'erase-restore', 'mark-restore'",
    "'component.unmark': ['create-create', 'erase-restore', 'agreed'",
  ],
  'mark-protect': [place, "asItIs : not('mark-protect')", 'asItIs : asItIs'],
  'upgrade-upgrade': [rules, "      'upgrade-upgrade',", "      'upgrade-value',"],
  'upgrade-value': [
    items,
    'if (cause === undefined || !isParked(m.draft, s.item.m)) return',
    'if (cause !== undefined) return',
  ],
  'schema-value': [
    between,
    '  if (theirs === undefined) return;\n  const isSpec',
    '  if (theirs !== undefined) return;\n  const isSpec',
  ],
  'record-field': [
    rules,
    "      'record-field',\n      'record-field',",
    "      'record-create-create',\n      'record-field',",
  ],
  'record-create-create': [place, '!== canonical(m.record[field] ?? null),', '=== canonical(m.record[field] ?? null),'],
  'record-remove-set': [place, "return now === undefined ? not('record-remove-set') : asItIs;", 'return asItIs;'],
  'used-removed': [
    repair,
    '  if (record === undefined) return;\n  say({\n',
    '  if (record !== undefined) return;\n  say({\n',
  ],
  'secret-removed': [
    repair,
    "  if (m.draft.get('secrets', secret) !== undefined) return;",
    "  if (m.draft.get('secrets', secret) === undefined) return;",
  ],
  'secret-replaced': [rules, "return 'secret-replaced';", "return 'record-field';"],
  'default-variant': [rules, "return 'default-variant';", "return 'record-field';"],
  'override-override': [rules, "return 'override-override';", "return 'record-field';"],
  'approvers-edit': [between, "e.m.noun !== 'approvers') continue;", "e.m.noun === 'approvers') continue;"],
  'text-text': ['src/merge/text_transform.ts', 'changesOf(a.map(b, true), after.theirs)', 'changesOf(a, after.theirs)'],
  'property-head-wins': [contest, "if (rule === 'head-wins') return { ...item, yields: 'property-head-wins' };", ''],
  'property-union': [contest, 'if (isTwin(c, m, item.version)) {', 'if (!isTwin(c, m, item.version)) {'],
  'property-max': [contest, "rule === 'max' ? Math.max", "rule === 'min' ? Math.max"],
  'property-min': [contest, ': Math.min(mine, theirs)', ': mine'],
  'property-must-review': [contest, 'isLast ? { ...item, review: true } : undefined', 'undefined'],
  'revert-head': [contest, "if (item.role === 'head') {", "if (item.role !== 'head') {"],
  'source-erased': [
    repair,
    "const mutations: Mutation[] = [{ kind: 'cell.unset', ...user }];",
    'const mutations: Mutation[] = [];\n    if (mutations.length === 0) continue;',
  ],
  'source-deleted': [between, '  hiddenSources(m, headVersion, lines);\n', ''],
  'edge-erased': [repair, '  for (const [noun, key] of edges)\n', '  for (const [noun, key] of edges.slice(1))\n'],
  'value-cycle': [acyclic, "    ...breakIn(m, 'value', valueGraph(m)),\n", ''],
  'depends-loop': [acyclic, "    ...breakIn(m, 'depends', edgeGraph(m, 'depends')),\n", ''],
  'manages-loop': [acyclic, "    ...breakIn(m, 'manages', edgeGraph(m, 'manages')),\n", ''],
  'view-removed': [
    repair,
    "    if (m.draft.get('views', view) !== undefined) continue;\n    for",
    "    if (m.draft.get('views', view) === undefined) continue;\n    for",
  ],
  'only-view': [repair, '  keepOneView(m, repair);\n', ''],
  'resource-shared': [content, 'if (others.length > 0) out.push(', 'if (others.length > 1) out.push('],
  'moved-twice': [content, 'if (key === undefined || m.input.head', 'if (key !== undefined || m.input.head'],
  'exclusive-action': [content, '    if (other === key || record?.action', '    if (other !== key || record?.action'],
  'unlocked-variants': [
    content,
    "  if (own.locked || !isOwn(m, 'schemas', key)) return;",
    "  if (!own.locked || !isOwn(m, 'schemas', key)) return;",
  ],
  'name-taken': [content, '  if (!taken.some(', '  if (taken.some('],
};

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: source text

/** A source with the bug of a rule; other files as they are. */
export function planted(rule, file, text) {
  const [where, wanted, bug] = plants[rule];
  return plant(rule, { file: where, wanted, bug }, file, text);
}
