// A review as Markdown.

import { expect, test } from 'vitest';
import type { Review } from '../../src/engine/operations.ts';
import { markdownLines } from '../../src/surfaces/cli/render_markdown.ts';

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

test('[EN616] it is cut where a comment holds no more, with every fold closed', () => {
  const lines = markdownLines(review(5_000));
  const text = lines.join('\n');
  expect(text.length).toBeLessThan(61_000);
  expect(lines.at(-1)).toMatch(/more lines: see the review/);
  expect(lines.filter((l) => l.startsWith('<details>')).length).toBe(lines.filter((l) => l === '</details>').length);
});
