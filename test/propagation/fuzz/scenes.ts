// Steps chosen by hand for what random ones seldom meet: edits that come while something waits or is half way down.

import type { ComponentId } from '../../../src/base/ids.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Expr } from '../../../src/model/expr.ts';
import type { Path } from '../../../src/model/path.ts';
import type { Op } from './ops.ts';
import { functionId, idOf } from './world.ts';

const id = (n: number): ComponentId => idOf('C', n) as ComponentId;
const at = (name: string): Path => `/domain/${name}` as Path;
const set = (n: number, name: string, value: Json): Json => ({
  kind: 'attribute.set',
  component: id(n),
  path: at(name),
  value,
});
const edit = (...requests: Json[]): Op => ({ op: 'edit', requests });
const from = (n: number, name: string): Json => ({ $source: { component: id(n), path: at(name) } });
const qualificationsOf = (n: number): Json => ({ $source: { component: id(n), path: '/qualification' } });
const join = (list: Json): Json => ({ $source: { call: 'join', args: [',', list] } });
const sum = (...args: Json[]): Json => ({ $source: { call: 'sum', args } });
const text = (...args: Json[]): Json => ({ $source: { call: 'concat', args } });
const cell = (n: number, name: string, x: Expr): Op => ({ op: 'cell', component: id(n), path: at(name), cell: { x } });
const s = (n: number, name: string): Expr => ({ s: [id(n), at(name)] });
const called = (...args: Expr[]): Expr => ({ f: [functionId('trans1'), ...args] });
const drive = (budget: number, ...order: number[]): Op => ({ op: 'drive', budget, order });
const settle: Op = { op: 'settle' };
const all = 1_000;

const chosen: Readonly<Record<string, readonly Op[]>> = {
  'something it reads is marked anew while it waits': [
    edit(set(3, 't1', 'a'), set(1, 'x2', text(from(3, 't1')))),
    cell(0, 'x2', { f: ['concat', s(1, 'x2'), called(s(2, 'x1'))] }),
    drive(all),
    edit(set(3, 't1', 'b')),
    drive(0, 0),
    drive(3),
    settle,
  ],
  'an empty container over an output becomes a value': [
    edit({
      kind: 'binding.attach',
      function: functionId('attr2'),
      schema: 'A',
      arguments: [{ name: 'p', path: '/domain/x1' }],
      output: '/domain/obj/a',
    }),
    edit(set(0, 'obj', {}), set(1, 'x1', text(from(0, 'obj/a')))),
    settle,
    edit(set(0, 'obj', 2)),
    settle,
    edit(set(0, 'obj', {})),
    settle,
  ],
  // What was held behind one call is by an edit what the other one's vertex reads, and the other way round.
  'what held something reads it now': [
    cell(0, 'x1', called(s(4, 'n1'))),
    cell(1, 'x1', called(s(5, 'n1'))),
    edit(set(2, 'x1', text(from(0, 'x1'))), set(2, 'x2', text(from(2, 'x1'))), set(2, 'x3', text(from(2, 'x2')))),
    edit(set(3, 'x1', text(from(1, 'x1'))), set(3, 'x2', text(from(3, 'x1'))), set(3, 'x3', text(from(3, 'x2')))),
    drive(all),
    edit(
      set(2, 'x1', text('a')),
      set(3, 'x1', text('b')),
      set(0, 'x1', text(from(3, 'x3'))),
      set(1, 'x1', text(from(2, 'x3'))),
    ),
    settle,
  ],
  'a call that nobody waits for any more, and again': [
    cell(0, 'x1', called(s(4, 'n1'))),
    drive(all),
    edit(set(4, 'n1', 1)),
    drive(all),
    edit(set(4, 'n1', 2)),
    drive(all, 0),
    edit(set(4, 'n1', 1)),
    drive(all, 0, 0, 0),
    settle,
  ],
  'a vertex that is left out when another loop stays': [
    cell(0, 'x1', { f: ['concat', s(1, 'x1'), s(2, 'x1')] }),
    cell(1, 'x1', s(2, 'x1')),
    cell(2, 'x1', s(0, 'x1')),
    settle,
    cell(0, 'x1', { f: ['concat', s(2, 'x1')] }),
    settle,
    cell(2, 'x1', { f: ['concat', { v: 'end' }] }),
    settle,
  ],
  // Both validations are read only by a cell on the cycle, which is given up before it has come to the second.
  'what a vertex on a cycle reads besides': [
    edit({
      kind: 'component.create',
      schema: 'B',
      id: id(6),
      name: 'b',
      attributes: { '/domain/x2': join(qualificationsOf(3)) },
    }),
    edit(set(3, 'box/inner/d', sum(qualificationsOf(6), qualificationsOf(1)))),
    settle,
  ],
  'readers come and go while others are found': [
    edit(set(3, 't1', 'a'), ...['x1', 'x2', 'x3'].map((x) => set(1, x, text(from(3, 't1'))))),
    settle,
    { op: 'reopen' },
    edit(set(3, 't1', 'b')),
    drive(2),
    edit(set(0, 'x1', text(from(3, 't1'))), set(1, 'x1', 'no reader any more')),
    settle,
    edit(set(3, 't1', 'c')),
    settle,
  ],
};

/** A way down that turns round, after a number of vertices. */
const turned = (budget: number): readonly Op[] => [
  edit(
    set(3, 't1', 'a'),
    set(0, 'x2', text(from(1, 'x2'))),
    set(1, 'x2', text(from(2, 'x2'))),
    set(2, 'x2', text(from(3, 't1'))),
  ),
  drive(budget),
  edit(set(0, 'x2', text(from(3, 't1'))), set(1, 'x2', text(from(0, 'x2'))), set(2, 'x2', text(from(1, 'x2')))),
  drive(1),
  drive(1),
  settle,
];

/** Two components wait for one call. One of them would make another by then, which is known after `budget` steps. */
const answeredLate = (name: string, budget: number): readonly Op[] => [
  edit(
    {
      kind: 'binding.attach',
      function: functionId('attr2'),
      schema: 'A',
      arguments: [{ name: 'p', path: at(name) }],
      output: '/domain/out',
    },
    set(0, 't1', 'a'),
    set(1, 't1', 'a'),
    set(0, 'x1', text(from(0, 't1'))),
    set(1, 'x1', text(from(1, 't1'))),
  ),
  drive(all),
  edit(set(0, 't1', 'b')),
  drive(budget, 0, 0, 0, 0),
  settle,
];
export const scenes: Readonly<Record<string, readonly Op[]>> = {
  ...chosen,
  ...Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`a way down that turns round after ${i}`, turned(i)])),
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`a late answer after ${i}`, answeredLate(i % 2 === 0 ? 'x1' : 't1', i >> 1)]),
  ),
};
