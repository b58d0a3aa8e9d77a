// A review as Markdown.

import { expect, test } from 'vitest';
import type { Review } from '../../src/engine/operations.ts';
import { markdownLines } from '../../src/surfaces/cli/render_markdown.ts';
import { resultLines, withoutResults } from '../../src/surfaces/cli/render_results.ts';

const review = (components: number): Review =>
  ({
    changeSet: { name: 'a `b` @team', status: 'Open', version: 3, baseVersion: 2 },
    summary: { added: 1, modified: 0, removed: 0, values: 1, derived: 0 },
    components: Array.from({ length: components }, (_, i) => ({
      id: String(i),
      name: `<b>${i}</b>`,
      schema: 'Box',
      status: 'Added',
      attributes: [
        { path: '/domain/x', status: 'Added', old: null, new: { value: 'a|b\n# no `title`', source: 'value' } },
        { path: '/domain/y', status: 'Added', old: null, new: { source: 'subscription', follows: 'net /domain/Id' } },
      ],
    })),
    records: [{ noun: 'view', key: 'k', title: 'v', status: 'Added', fields: [] }],
    actions: [{ component: 'c', kind: 'create', name: 'net', schema: 'VPC', because: [], awaits: false, held: false }],
    policies: [{ policy: 'guard', level: 'deny', message: 'no' }],
    receipt: [],
    approvals: { requirements: [{ isMet: false, title: 'Workspace', have: 0, need: 1, whoMay: ['bob'] }] },
    overwrites: [],
    results: {
      changed: [
        {
          component: '0',
          name: 'a|b',
          function: { id: 'f', name: 'check' },
          kind: 'qualification',
          path: '/qualification/check',
          status: 'Modified',
          was: { state: 'value', value: { result: 'success' } },
          is: { state: 'value', value: { result: 'failure', message: 'no `x` | @y' } },
        },
        {
          component: '0',
          name: 'new',
          function: { id: 'g', name: 'conf' },
          kind: 'code-generation',
          path: '/code/conf',
          status: 'Added',
          was: null,
          is: { state: 'pending' },
        },
      ],
      leftOut: 7,
      isCut: false,
    },
  }) as unknown as Review;

test('[EN616] what people typed is no markup', () => {
  const text = markdownLines(review(1)).join('\n');
  expect(text).toContain('## Headwater: ``a `b` @team``');
  expect(text).toContain('<summary>+ &lt;b&gt;0&lt;/b&gt; <em>Box</em></summary>');
  expect(text).toContain('| + | `/domain/x` |  | ``"a\\|b\\n# no `title`"`` |');
  expect(text).toContain('| + | `/domain/y` |  | ← `net /domain/Id` |');
  expect(text).toContain('- ⛔ `guard`: `no`');
  expect(text).toContain('- `+ create net VPC`');
  expect(text).toContain('- `Workspace`: 0 of 1, ask `bob`');
  expect(text).toContain('- + view `v`');
});

test('[EN721] [EN722] results of functions are a table, with how many were left out', () => {
  const text = markdownLines(review(1)).join('\n');
  expect(text).toContain('### Results of functions');
  expect(text).toContain('| ~ | `a\\|b` | `check` | `success` | ``failure: no `x` \\| @y`` |');
  expect(text).toContain('| + | `new` | `conf` |  | `(being computed)` |');
  expect(text).toContain('7 more results would be others.');
});

test('[EN721] a terminal has a line for each, and not the same once more among the values', () => {
  const attribute = { path: '/qualification/check', status: 'Modified', old: null, new: null, derived: true };
  const own = { ...attribute, path: '/domain/x' };
  const of = {
    ...review(1),
    components: [{ id: '0', name: 'n', schema: 'S', status: 'Modified', attributes: [attribute, own] }],
  };
  const told = of as unknown as Review;
  expect(resultLines(told).map((l) => l.replace(/ +/g, ' '))).toEqual([
    'results of functions',
    '~ a|b check success -> failure: no `x` | @y',
    '+ new conf (none) -> (being computed)',
    '7 more results would be others.',
    '',
  ]);
  expect(withoutResults(told).components[0]!.attributes.map((a) => a.path)).toEqual(['/domain/x']);
});

test('[EN616] it is cut where a comment holds no more, with every fold closed', () => {
  const lines = markdownLines(review(5_000));
  const text = lines.join('\n');
  expect(text.length).toBeLessThan(61_000);
  expect(lines.at(-1)).toMatch(/more lines: see the review/);
  expect(lines.filter((l) => l.startsWith('<details>')).length).toBe(lines.filter((l) => l === '</details>').length);
});
