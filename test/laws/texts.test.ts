// What becomes of the text of a function when Head edits it, writes it whole, takes it away or makes it again: small logs
// by hand, each by every schedule of catching up and bringing edits.

import { describe, expect, test } from 'vitest';
import type { Role } from '../../src/merge/item.ts';
import { merge } from '../../src/merge/merge.ts';
import { Side } from '../../src/merge/side.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import type { Request } from '../../src/mutation/request.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { editsOf, itemsOf, pendingOf } from './check.ts';
import { carryOut, type Edit } from './edits.ts';
import { statesOf } from './logs.ts';
import { loose, make2, smallState } from './pool.ts';
import { ask, raw } from './stage.ts';

const start = smallState();
const record = JSON.parse(start.get('functions', make2)!) as { text: never };
/** Hash of a text that is none of `make2`. */
const other = (JSON.parse(start.get('functions', loose)!) as { text: never }).text;

const edit = (...lines: string[]): Edit[] =>
  ask({ kind: 'function.edit_text', function: make2, text: lines.map((line) => `${line}\n`).join('') });
const write = (text: never): Edit[] =>
  raw({ kind: 'record.set', noun: 'function', key: make2, field: 'text', value: text } as Mutation);
const bind: Request = { kind: 'binding.attach', function: make2, schema: 'Ruled', action: 'update' };
const remove = raw({ kind: 'record.remove', noun: 'function', key: make2 });
const create = raw({ kind: 'record.create', noun: 'function', key: make2, record: record as never });

const textIn = (state: Snapshot): string | undefined => {
  const now = state.get('functions', make2);
  return now === undefined ? undefined : state.blob((JSON.parse(now) as { text: never }).text);
};

/** The text that every schedule comes to; each other one is told with a schedule that comes to it. */
function textsOf(
  batches: readonly Edit[][],
  versions: readonly Edit[][],
  role: Role = 'change-set',
): string | Record<string, string> | undefined {
  const texts = new Map<string | undefined, string>();
  for (const { schedule, state } of statesOf({ state: 0, role, versions, batches }, [start])) {
    const text = textIn(state);
    if (!texts.has(text)) texts.set(text, schedule.join(' '));
  }
  const [only] = texts.keys();
  return texts.size === 1 ? only : Object.fromEntries([...texts].map(([text, schedule]) => [schedule, `${text}`]));
}

describe('a version that takes a function away', () => {
  const mine = [...edit('a();', 'B();', 'c();'), ...ask(bind)];

  test('[ME60] carries no edit over what it had made of the text before, and the function has the text seen last', () => {
    const theirs = [...edit('a();', 'B();', 'c();'), ...remove];
    expect(textsOf([mine], [theirs])).toBe('a();\nB();\nc();\n');
    expect(textsOf([mine], [edit('a();', 'b();', 'c();', 'd();'), theirs])).toBe('a();\nB();\nc();\nd();\n');
    expect(textsOf([ask(bind)], [theirs])).toBe('a();\nb();\nc();\n');
  });

  test('[ME60] is another than the version that made the text what it is', () => {
    const theirs = edit('A();', 'b();', 'c();');
    expect(textsOf([mine], [theirs, remove])).toBe('A();\nB();\nc();\n');
    expect(textsOf([mine], [[...theirs, ...remove]])).toBe('a();\nB();\nc();\n');
    expect(textsOf([ask(bind)], [theirs, remove])).toBe('A();\nb();\nc();\n');
  });
});

test('[ME60] what a revert would have edited and gave way is not in what is put back', () => {
  const mine = [...edit('a();', 'B();', 'c();'), ...ask(bind)];
  const elsewhere = ask({ kind: 'view.create', name: 'New' });
  const theirs = [...edit('A();', 'b();', 'c();'), ...remove];
  expect(textsOf([mine], [elsewhere, theirs], 'head')).toBe('a();\nb();\nc();\n');
  expect(textsOf([mine], [elsewhere, remove], 'head')).toBe('a();\nB();\nc();\n');
});

describe('a text that Head writes', () => {
  const mine = edit('a();', 'b();', 'C();');

  test('[ME61] is carried over from what Head had last, whoever removed it between', () => {
    const changed = edit('A();', 'b();', 'c();');
    expect(textsOf([mine], [changed, remove, create])).toBe('a();\nb();\nC();\n');
    expect(textsOf([mine], [[...changed, ...remove, ...create]])).toBe('a();\nb();\nC();\n');
    expect(textsOf([mine], [remove, [...create, ...changed]])).toBe('A();\nb();\nC();\n');
    expect(textsOf([mine], [[...changed, ...remove], create, edit('a();', 'b();', 'c();', 'd();')])).toBe(
      'a();\nb();\nC();\nd();\n',
    );
    expect(textsOf([mine, edit('a();', 'B();', 'C();')], [changed, remove, create])).toBe('a();\nB();\nC();\n');
  });

  test('[ME61] may be written whole, before or after it is edited', () => {
    const back = write(record.text);
    const more = edit('a();', 'b();', 'c();', 'd();');
    expect(textsOf([more], [write(other)])).toBe('x\nd();\n');
    expect(textsOf([more], [write(other), back])).toBe('a();\nb();\nc();\nd();\n');
    expect(textsOf([mine], [[...edit('A();', 'b();', 'c();'), ...back]])).toBe('a();\nb();\nC();\n');
    expect(textsOf([mine], [[...write(other), ...back, ...edit('A();', 'b();', 'c();')]])).toBe('A();\nb();\nC();\n');
  });
});

describe('a text that the change set writes whole', () => {
  const theirs = edit('A();', 'b();', 'c();');

  test('[ME62] stands with what it makes of it afterwards', () => {
    const whole = [...write(other), ...edit('x', 'y')];
    expect(textsOf([whole], [theirs])).toBe('x\ny\n');
    expect(textsOf([write(other), edit('x', 'y')], [theirs, edit('A();', 'B();', 'c();')])).toBe('x\ny\n');
    expect(textsOf([[...edit('a();', 'b();', 'C();'), ...write(other)]], [theirs])).toBe('x\n');
    // As Head had it, which is no edit of it.
    expect(textsOf([write(record.text), edit('a();', 'b();', 'C();')], [theirs])).toBe('a();\nb();\nC();\n');
  });

  test('[ME62] has a line that brings Head’s text back', () => {
    for (const edits of [write(other), [...write(other), ...edit('x', 'y')]]) {
      const [own, head] = [carryOut(start, 11, edits), carryOut(start, 12, theirs)];
      const side = Side.of(editsOf(head.mutations));
      const input = { head: head.snapshot, present: own.snapshot, theirs: side };
      const { settlement, state } = merge({ ...input, pending: pendingOf(itemsOf(own.mutations)) }, 1);
      expect(settlement.lines).toMatchObject([
        { rule: 'record-field', outcome: 'overridden', item: 0, theirs: { wanted: { kind: 'text.edit' } } },
      ]);
      expect(textIn(carryOut(state, 13, raw(...settlement.lines[0]!.otherwise)).snapshot)).toBe('A();\nb();\nc();\n');
    }
  });

  test('[ME62] gives way in part when Head writes it whole and the change set edits', () => {
    const [own, head] = [carryOut(start, 11, theirs), carryOut(start, 12, write(other))];
    const input = { head: head.snapshot, present: own.snapshot, theirs: Side.of(editsOf(head.mutations)) };
    const { settlement } = merge({ ...input, pending: pendingOf(itemsOf(own.mutations)) }, 1);
    expect(settlement.lines).toMatchObject([{ rule: 'text-text', outcome: 'transformed' }]);
  });
});
