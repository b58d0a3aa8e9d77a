// The page on taking over what exists, followed word by word, and a Terraform state at the command line.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ComponentView } from '../../src/engine/component.ts';
import type { Review } from '../../src/engine/operations.ts';
import type { TerraformReply } from '../../src/engine/terraform.ts';
import { stateOf } from '../formats/terraform/scene.ts';
import { Terminal } from './terminal.ts';

const page = readFileSync(new URL('../../docs/import.md', import.meta.url), 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)![1]!;

/** The words of a command line of the page, without what stands behind the hash. */
function words(line: string): string[] {
  const command = line.replace(/\s+#.*$/, '');
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2]!).slice(1);
}

describe('taking over what exists at the command line', () => {
  test('the page does what it says', async () => {
    const t = new Terminal();
    writeFileSync(join(t.folder, 'sites.ts'), block('ts'));
    const said = new Map<string, string>();
    for (const line of block('sh')
      .split('\n')
      .filter((l) => l.startsWith('headwater'))) {
      const { code, out, err } = await t.run(words(line));
      expect(`${line}: ${code} ${code === 0 ? '' : err}`).toBe(`${line}: 0 `);
      said.set(words(line).slice(0, 2).join(' '), out);
    }
    expect(said.get('resource list')).toBe('site-1  site 1  no component\nsite-2  site 2  no component\n');
    expect(said.get('resource import')).toBe('2 components made, 1 live reference.\n');
    expect(said.get('change-set review')).toContain('2 components to add');
    expect(said.get('change-set review')).not.toContain('Actions');
    const second = await t.json<ComponentView>('component', 'get', 'site 2');
    expect(second.sources.find((s) => s.path === '/domain/Backup')).toMatchObject({
      kind: 'subscription',
      sources: [{ name: 'site 1', path: '/resource_value/Id' }],
    });
    expect(second.value).toMatchObject({ domain: { Host: 'b.example', Size: 4, Backup: 'site-1' } });
    expect((await t.hw('resource', 'list', 'Demo::Site')).out).toBe('site-1  site 1  site 1\nsite-2  site 2  site 2\n');
    // Nothing is left to import, so that no change set is left open for it.
    const again = await t.hw('resource', 'import', 'Demo::Site', '--all');
    expect(again).toMatchObject({ code: 0, out: 'Nothing is there that no component has.\n' });
    expect((await t.json<unknown[]>('change-set', 'list')).length).toBe(1);
    const wrong = await t.hw('resource', 'import', 'Demo::Site', 'site-9');
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain('"site-9"');
  }, 120_000);

  test('a state', async () => {
    const t = new Terminal();
    const attributes = { id: 'vpc-1', cidr_block: '10.0.0.0/16' };
    const subnet = { id: 'subnet-1', vpc_id: 'vpc-1', cidr_block: '10.0.1.0/24', password: 'swordfish' };
    const resources = [
      { type: 'aws_vpc', name: 'main', attributes },
      { type: 'acme_subnet', name: 'a', dependencies: ['aws_vpc.main'], attributes: subnet },
    ];
    writeFileSync(join(t.folder, 'terraform.tfstate'), stateOf(resources));
    await t.hw('change-set', 'create', 'take over');
    expect(await t.hw('import', 'terraform', 'terraform.tfstate', '--change-set', 'take over')).toMatchObject({
      code: 0,
      out: `2 resources (1 of described types), 1 live reference, 0 ordering edges.
3 components created, 0 erased, 34 edits.
1 sensitive value left out.
Types the catalogue does not describe, taken as they are: Terraform::acme_subnet.
Left out, or not where somebody would look for it (1):
  /resources/1/instances/0/attributes/password  a secret by its name, though not marked as one: left out
`,
    });
    expect((await t.json<Review>('change-set', 'review', 'take over')).actions).toEqual([]);
    await t.hw('change-set', 'apply', 'take over');
    const text = readFileSync(join(t.folder, 'terraform.tfstate'), 'utf8');
    const again = await t.run(['import', 'terraform', '-', '--name', 'terraform', '--json'], text);
    expect(JSON.parse(again.out) as TerraformReply).toMatchObject({ created: 0, edits: 0, recorded: 0 });
    expect((await t.json<unknown[]>('change-set', 'list')).length).toBe(1);
  }, 120_000);
});
