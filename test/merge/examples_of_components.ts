// Examples of the rules about components: their values, lists, lives and edges.

import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { Request } from '../../src/mutation/request.ts';
import { marked, one, ruled, two, variantOf } from '../laws/pool.ts';
import { type Example, start } from './example.ts';

const set = (component: string, path: string, value: Json): Request => ({
  kind: 'attribute.set',
  component,
  path,
  value,
});
const from = (component: string, path: string): Json => ({ $source: { component, path } });
const cell = (component: string, path: string): Example['fact'] => ['cells', component + path];
const text = cell(one, '/domain/text');
const follows = (component: string, path: string): Json => ({ x: { s: [component, path] } });

/** The key of the element at an index of a list, and its record. */
const element = (path: string, index: number): string =>
  [...start.scan('cells', `${one}${path}/@`)].filter(([k]) => k.endsWith('#'))[index]![0];
const firstName = element('/domain/names', 0);
const firstRule = element('/domain/rules', 0).slice(0, -1);

export const valueExamples: readonly Example[] = [
  {
    rule: 'apart',
    mine: [set(one, '/domain/count', 7)],
    theirs: [set(one, '/domain/text', 'theirs')],
    fact: text,
    now: { v: 'theirs' },
  },
  {
    rule: 'agreed',
    mine: [set(one, '/domain/text', 'same')],
    theirs: [set(one, '/domain/text', 'same')],
    fact: text,
    now: { v: 'same' },
  },
  {
    rule: 'value-value',
    mine: [set(one, '/domain/text', 'mine')],
    theirs: [set(one, '/domain/text', 'theirs')],
    fact: text,
    now: { v: 'mine' },
    line: { outcome: 'overridden', mine: 'cell.set', theirs: 'cell.set', instead: { v: 'theirs' } },
  },
  {
    rule: 'value-follow',
    mine: [set(one, '/domain/text', from(two, '/si/name'))],
    theirs: [set(one, '/domain/text', 'theirs')],
    fact: text,
    now: follows(two, '/si/name'),
    line: { outcome: 'overridden', mine: 'cell.set', theirs: 'cell.set', instead: { v: 'theirs' } },
  },
  {
    rule: 'follow-follow',
    mine: [set(one, '/domain/text', from(two, '/si/name'))],
    theirs: [set(one, '/domain/text', from(marked, '/si/name'))],
    fact: text,
    now: follows(two, '/si/name'),
    line: { outcome: 'overridden', mine: 'cell.set', theirs: 'cell.set', instead: follows(marked, '/si/name') },
  },
  {
    rule: 'value-unset',
    mine: [{ kind: 'attribute.unset', component: one, path: '/domain/text' }],
    theirs: [set(one, '/domain/text', 'theirs')],
    fact: text,
    now: null,
    line: { outcome: 'overridden', mine: 'cell.unset', theirs: 'cell.set', instead: { v: 'theirs' } },
  },
  {
    rule: 'whole-part',
    mine: [set(one, '/domain/labels/env', 'prod')],
    theirs: [set(one, '/domain/labels', from(two, '/domain/labels'))],
    fact: cell(one, '/domain/labels'),
    now: null,
    line: { outcome: 'transformed', mine: 'cell.set', theirs: 'cell.set', instead: follows(two, '/domain/labels') },
  },
  {
    rule: 'element-insert-insert',
    mine: [{ kind: 'list.insert', component: one, path: '/domain/names', index: 0, value: 'mine' }],
    theirs: [{ kind: 'list.insert', component: one, path: '/domain/names', index: 0, value: 'theirs' }],
    fact: ['cells', `${one}/domain/names/@000b00000001#`],
    now: { o: 'Zz', t: '00000000000000000000CHANGE' },
  },
  {
    rule: 'element-move-move',
    mine: [{ kind: 'list.move', component: one, path: '/domain/names', from: 0, to: 2 }],
    theirs: [{ kind: 'list.move', component: one, path: '/domain/names', from: 0, to: 1 }],
    before: [set(one, '/domain/names/-', 'c')],
    fact: ['cells', firstName],
    now: { o: 'a3', t: one },
    line: {
      outcome: 'overridden',
      mine: 'element.move',
      theirs: 'element.move',
      instead: { o: 'a1V', t: one },
    },
  },
  {
    rule: 'element-remove-edit',
    mine: [set(one, '/domain/rules/0/port', 9)],
    theirs: [{ kind: 'list.remove', component: one, path: '/domain/rules', index: 0 }],
    fact: ['cells', `${firstRule}/port`],
    now: null,
    line: { outcome: 'dropped', mine: 'cell.set', theirs: 'element.remove', instead: { v: 9 } },
  },
  {
    rule: 'property-head-wins',
    mine: [set(ruled, '/domain/once', 'mine')],
    theirs: [set(ruled, '/domain/once', 'theirs')],
    fact: cell(ruled, '/domain/once'),
    now: { v: 'theirs' },
    line: { outcome: 'superseded', mine: 'cell.set', theirs: 'cell.set', instead: { v: 'mine' } },
  },
  {
    rule: 'property-union',
    mine: [set(ruled, '/domain/list/-', 'b')],
    theirs: [set(ruled, '/domain/list/-', 'b')],
    fact: ['cells', `${ruled}/domain/list/@000b00000001#`],
    now: null,
    line: {
      outcome: 'superseded',
      mine: 'element.insert',
      theirs: 'cell.set',
      instead: { o: 'a1', t: '00000000000000000000CHANGE' },
    },
  },
  {
    rule: 'property-max',
    mine: [set(ruled, '/domain/most', 14)],
    theirs: [set(ruled, '/domain/most', 30)],
    fact: cell(ruled, '/domain/most'),
    now: { v: 30 },
    line: { outcome: 'transformed', mine: 'cell.set', theirs: 'cell.set', instead: { v: 14 } },
  },
  {
    rule: 'property-min',
    mine: [set(ruled, '/domain/least', 9)],
    theirs: [set(ruled, '/domain/least', 5)],
    fact: cell(ruled, '/domain/least'),
    now: { v: 5 },
    line: { outcome: 'transformed', mine: 'cell.set', theirs: 'cell.set', instead: { v: 9 } },
  },
  {
    rule: 'property-must-review',
    review: true,
    mine: [set(ruled, '/domain/look', 'mine')],
    theirs: [set(ruled, '/domain/look', 'theirs')],
    fact: cell(ruled, '/domain/look'),
    now: { v: 'mine' },
    line: { outcome: 'overridden', mine: 'cell.set', theirs: 'cell.set', instead: { v: 'theirs' } },
  },
  {
    rule: 'revert-head',
    role: 'head',
    mine: [set(one, '/domain/text', 'mine')],
    theirs: [set(one, '/domain/text', 'theirs')],
    fact: text,
    now: { v: 'theirs' },
    line: { outcome: 'superseded', mine: 'cell.set', theirs: 'cell.set', instead: { v: 'mine' } },
  },
];

const fresh = '0000000000000000000000NEW1';
const create = (name: string): Request => ({
  kind: 'component.create',
  id: fresh as ComponentId,
  schema: 'Thing',
  name,
});
const upgrade = (schema: string): Request =>
  ({ kind: 'component.upgrade', component: one, variant: variantOf(start, schema) }) as Request;
const typeOf = (schema: string): Json => {
  const variant = variantOf(start, schema);
  const key = [...start.scan('schemas', '')].map(([k]) => k).find((k) => k.endsWith(`/${variant}`))!;
  return { schema: key.slice(0, 26), variant };
};
const erase: Request = { kind: 'component.erase', component: one };
const depends = `${two}/depends/${one}`;

export const lifeExamples: readonly Example[] = [
  {
    rule: 'create-create',
    mine: [create('mine')],
    theirs: [create('theirs'), set(fresh, '/domain/count', 7)],
    fact: cell(fresh, '/si/name'),
    now: { v: 'mine' },
    line: {
      outcome: 'transformed',
      mine: 'component.create',
      theirs: 'component.create',
      instead: { v: 'theirs' },
    },
  },
  {
    rule: 'erase-edit',
    mine: [set(one, '/domain/text', 'mine')],
    theirs: [erase],
    fact: text,
    now: null,
    line: { outcome: 'dropped', mine: 'cell.set', theirs: 'component.erase', instead: { v: 'mine' } },
  },
  {
    rule: 'erase-restore',
    mine: [{ kind: 'component.restore', component: marked }],
    theirs: [{ kind: 'component.erase', component: marked }],
    fact: cell(marked, '/si/name'),
    now: null,
    line: { outcome: 'dropped', mine: 'component.unmark', theirs: 'component.erase', instead: { v: 'marked' } },
  },
  {
    rule: 'erase-upgrade',
    mine: [upgrade('Thing2')],
    theirs: [erase],
    fact: ['components', one],
    now: null,
    line: { outcome: 'dropped', mine: 'component.retype', theirs: 'component.erase', instead: typeOf('Thing2') },
  },
  {
    rule: 'mark-edit',
    mine: [set(one, '/domain/text', 'mine')],
    theirs: [{ kind: 'component.delete', component: one }],
    fact: cell(one, '/deleted_at'),
    now: { v: true },
    line: { outcome: 'masked', mine: 'cell.set', theirs: 'component.mark', instead: null },
  },
  {
    rule: 'mark-restore',
    mine: [{ kind: 'component.restore', component: marked }],
    theirs: [
      { kind: 'component.restore', component: marked },
      { kind: 'component.delete', component: marked },
    ],
    fact: cell(marked, '/deleted_at'),
    now: null,
    line: { outcome: 'overridden', mine: 'component.unmark', theirs: 'component.mark', instead: { v: true } },
  },
  {
    rule: 'mark-protect',
    mine: [{ kind: 'component.delete', component: one }],
    theirs: [{ kind: 'component.protect', component: one, on: true }],
    fact: cell(one, '/deleted_at'),
    now: null,
    line: { outcome: 'dropped', mine: 'component.mark', theirs: 'record.create', instead: { v: true } },
  },
  {
    rule: 'upgrade-upgrade',
    mine: [upgrade('Thing2')],
    theirs: [upgrade('Cat')],
    fact: ['components', one],
    now: typeOf('Thing2'),
    line: { outcome: 'overridden', mine: 'component.retype', theirs: 'component.retype', instead: typeOf('Cat') },
  },
  {
    rule: 'upgrade-value',
    mine: [set(one, '/domain/text', 'mine')],
    theirs: [upgrade('Thing2')],
    fact: ['components', one],
    now: typeOf('Thing2'),
    line: { outcome: 'parked', mine: 'cell.set', theirs: 'component.retype', instead: typeOf('Thing') },
  },
  {
    rule: 'source-erased',
    mine: [set(ruled, '/domain/mine', from(one, '/si/name'))],
    theirs: [erase],
    fact: cell(ruled, '/domain/mine'),
    now: null,
    line: { outcome: 'repaired', mine: 'cell.set', theirs: 'component.erase', instead: follows(one, '/si/name') },
  },
  {
    rule: 'source-deleted',
    mine: [set(ruled, '/domain/mine', from(one, '/si/name'))],
    theirs: [{ kind: 'component.delete', component: one }],
    fact: cell(one, '/deleted_at'),
    now: { v: true },
    line: { outcome: 'masked', mine: 'cell.set', theirs: 'component.mark', instead: null },
  },
  {
    rule: 'edge-erased',
    before: [{ kind: 'depends_on.remove', component: two, on: one }],
    mine: [{ kind: 'depends_on.add', component: two, on: one }],
    theirs: [erase],
    fact: ['components', depends],
    now: null,
    line: { outcome: 'repaired', mine: 'record.create', theirs: 'component.erase', instead: {} },
  },
  {
    rule: 'value-cycle',
    mine: [set(one, '/domain/labels/k', from(two, '/domain/labels/k'))],
    theirs: [set(two, '/domain/labels/k', from(one, '/domain/labels/k'))],
    fact: cell(one, '/domain/labels/k'),
    now: { v: 'v' },
    line: { outcome: 'dropped', mine: 'cell.set', theirs: 'cell.set', instead: follows(two, '/domain/labels/k') },
  },
  {
    rule: 'depends-loop',
    mine: [{ kind: 'depends_on.add', component: one, on: marked }],
    theirs: [{ kind: 'depends_on.add', component: marked, on: one }],
    fact: ['components', `${one}/depends/${marked}`],
    now: null,
    line: { outcome: 'dropped', mine: 'record.create', theirs: 'record.create', instead: {} },
  },
  {
    rule: 'manages-loop',
    mine: [{ kind: 'component.manage', component: one, managed: marked }],
    theirs: [{ kind: 'component.manage', component: marked, managed: one }],
    fact: ['components', `${one}/manages/${marked}`],
    now: null,
    line: { outcome: 'dropped', mine: 'record.create', theirs: 'record.create', instead: {} },
  },
  {
    rule: 'resource-shared',
    mine: [set(one, '/si/resourceId', 'vpc-1')],
    theirs: [set(two, '/si/resourceId', 'vpc-1')],
    fact: cell(one, '/si/resourceId'),
    now: { v: 'vpc-1' },
    line: { outcome: 'noted', mine: 'cell.set', theirs: 'cell.set', instead: null },
  },
  {
    rule: 'moved-twice',
    before: [
      { kind: 'component.restore', component: marked },
      { kind: 'component.set_resource_id', component: one, resourceId: 'vpc-1' },
    ],
    mine: [{ kind: 'component.moved', from: one, to: marked }],
    theirs: [{ kind: 'component.moved', from: one, to: two }],
    fact: cell(marked, '/si/movedFrom'),
    now: null,
    line: { outcome: 'repaired', mine: 'cell.set', theirs: 'cell.set', instead: { v: one } },
  },
];
