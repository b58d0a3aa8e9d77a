// Terraform states through the engine: imported, applied and imported again, after which nothing is to be done, whatever the state
// holds. Real states where they are, own ones always.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { Review } from '../../src/engine/operations.ts';
import type { TerraformReply } from '../../src/engine/terraform.ts';
import { idLength, index } from '../../src/model/keys.ts';
import { findComponent, findSchema, resolveFunction, resolveSchema } from '../../src/model/lookup.ts';
import { stateOf } from '../formats/terraform/scene.ts';
import { findTestData } from '../support/test_data.ts';
import { withFunctions } from './function_house.ts';
import { fileHouse, type House } from './house.ts';

const catalogueFolder = join(fileURLToPath(new URL('../..', import.meta.url)), 'dist/catalogue');

let shared: House | undefined;
async function house(): Promise<House> {
  if (!existsSync(join(catalogueFolder, 'index.json'))) throw new Error('dist/catalogue is missing: run the build');
  // On a file, which is looked through for what must not be in it.
  shared ??= await fileHouse({ ...withFunctions, catalogue: openCatalogue(catalogueFolder) }).start();
  return shared;
}
afterAll(() => shared?.close());

const take = (h: House, changeSet: string, text: string, name: string) =>
  h.call<TerraformReply>('import.terraform', { changeSet, text, name });
const review = (h: House, changeSet: string) => h.call<Review>('change_set.review', { changeSet });
const seen = (h: House, changeSet: string, component: string) =>
  h.call<ComponentView>('component.get', { changeSet, component });
/** Functions that could do something to the resources of all components of a change set: without them nothing is ever planned. */
async function withActions(h: House, changeSet: string): Promise<void> {
  const found = await (await h.workspace()).present(changeSet as never);
  if (!found.ok) throw new Error('no change set');
  const { snapshot } = found.value;
  const kinds = ['create', 'update', 'destroy'];
  const known = (name: string) => resolveFunction(snapshot, name).ok;
  const text = "function main() {\n  return { status: 'error', message: 'nothing was to be done' };\n}\n";
  const made = kinds
    .filter((kind) => !known(`do ${kind}`))
    .map((kind): Json => ({ kind: 'function.create', name: `do ${kind}`, functionKind: 'action', text }));
  const ids = [...snapshot.scan('components', '')].filter(([key]) => key.length === idLength);
  const all = ids.map(([id]) => findSchema(snapshot, findComponent(snapshot, id as ComponentId)!.schema)!.name);
  const schemas = [...new Set(all)].filter((name) => name !== 'Terraform::State');
  const bound = schemas.flatMap((schema) => {
    const id = resolveSchema(snapshot, schema);
    const isBound = id.ok && [...snapshot.scan('index', index.bindingsOf(id.value))].length > 0;
    return isBound
      ? []
      : kinds.map((action): Json => ({ kind: 'binding.attach', function: `do ${action}`, schema, action }));
  });
  if (made.length + bound.length > 0) await h.submit(changeSet, ...made, ...bound);
}

/** Edits that are left out of a reply that changed nothing. */
const nothing = { created: 0, removed: 0, edits: 0, recorded: 0 };

const network = (cidr = '10.0.0.0/16', more: readonly unknown[] = []) =>
  stateOf([
    {
      type: 'aws_vpc',
      name: 'main',
      attributes: { id: 'vpc-1', arn: 'arn:aws:ec2:eu-west-1:1:vpc/vpc-1', cidr_block: cidr, tags: { Name: 'main' } },
    },
    {
      type: 'aws_subnet',
      name: 'a',
      dependencies: ['aws_vpc.main'],
      attributes: { id: 'subnet-1', vpc_id: 'vpc-1', cidr_block: '10.0.1.0/24' },
    },
    {
      type: 'acme_site',
      name: 'web',
      dependencies: ['aws_subnet.a'],
      sensitive_attributes: [[{ type: 'get_attr', value: 'login' }]],
      attributes: { id: 'site-1', size: 3, subnet: 'subnet-1', login: 'hunter2', password: 'swordfish' },
    },
    ...(more as []),
  ]);

describe('[EN224] a Terraform state', () => {
  test('becomes components with values, references and what is known, for which nothing has to be done', async () => {
    const h = await house();
    const changeSet = await h.open('network');
    const reply = await take(h, changeSet, network(), 'network');
    expect(reply).toMatchObject({
      instances: 3,
      described: 2,
      created: 4,
      recorded: 3,
      subscriptions: 2,
      secrets: 2,
      genericTypes: ['Terraform::acme_site'],
    });
    expect(JSON.stringify(reply)).not.toMatch(/hunter2|swordfish/);
    const subnet = await seen(h, changeSet, 'aws_subnet.a');
    expect(subnet).toMatchObject({ schema: { name: 'AWS::EC2::Subnet' }, resourceId: 'subnet-1' });
    expect(subnet.value).toMatchObject({
      si: { resourceId: 'subnet-1' },
      domain: { VpcId: 'vpc-1', CidrBlock: '10.0.1.0/24' },
      resource_value: { SubnetId: 'subnet-1', VpcId: 'vpc-1' },
    });
    const site = await seen(h, changeSet, 'acme_site.web');
    expect(site.value).toMatchObject({ domain: { size: 3, subnet: 'subnet-1' }, resource_value: { id: 'site-1' } });
    const w = await h.workspace();
    await w.checkpoint();
    const kept = [...readdirSync(join(h.file!, '..'))].map((f) => readFileSync(join(h.file!, '..', f), 'latin1'));
    expect(kept.join('')).not.toMatch(/hunter2|swordfish/);
    await withActions(h, changeSet);
    expect(await review(h, changeSet)).toMatchObject({ actions: [], notPlanned: [] });
    await h.set(changeSet, 'acme_site.web', '/domain/size', 4);
    expect((await review(h, changeSet)).actions).toMatchObject([{ kind: 'update', because: ['/domain/size'] }]);
    await h.set(changeSet, 'acme_site.web', '/domain/size', 3);
    await h.call('change_set.apply', { changeSet, waitMs: 20_000 });
    expect(await h.call('action.run', { waitMs: 20_000 })).toEqual({ quiet: true, open: [] });
    expect((await seen(h, 'HEAD', 'aws_subnet.a')).value).toMatchObject({ resource_value: { SubnetId: 'subnet-1' } });
    await h.reopen();
    expect((await seen(h, 'HEAD', 'acme_site.web')).value).toMatchObject({ resource_value: { id: 'site-1' } });
  });

  test('imported again changes nothing, changed it changes what is another, and what it has lost is erased', async () => {
    const h = await house();
    const changeSet = await h.open('again');
    await take(h, changeSet, network(), 'again');
    const before = await h.row(changeSet);
    expect(await take(h, changeSet, network(), 'again')).toMatchObject(nothing);
    expect(await h.row(changeSet)).toEqual(before);
    await h.call('change_set.apply', { changeSet, waitMs: 20_000 });
    const next = await h.open('next');
    expect(await take(h, next, network(), 'again')).toMatchObject(nothing);
    const lb = { type: 'acme_site', name: 'api', attributes: { id: 'site-2', size: 'large' } };
    const wider = await take(h, next, network('10.9.0.0/16', [lb]), 'again');
    expect(wider).toMatchObject({ created: 1, removed: 0, recorded: 2 });
    const vpc = await h.call<{ items: { id: string }[] }>('component.search', {
      changeSet: next,
      query: 'aws_vpc.main',
    });
    const values = await Promise.all(vpc.items.map((c) => h.value(next, c.id)));
    expect(values.filter((v) => v['CidrBlock'] === '10.9.0.0/16')).toHaveLength(1);
    expect((await review(h, next)).actions).toEqual([]);
    expect(await take(h, next, network('10.9.0.0/16', [lb]), 'again')).toMatchObject(nothing);
    expect(await take(h, next, network('10.9.0.0/16'), 'again')).toMatchObject({ created: 0, removed: 1 });
    expect(await review(h, next)).toMatchObject({ actions: [], summary: { added: 0 } });
  });

  test('that is none is refused, and two imports at once are one', async () => {
    const h = await house();
    const changeSet = await h.open('two');
    const refused = await h.refused('import.terraform', { changeSet, text: '{"version":3}', name: 'two' });
    expect(refused).toMatchObject({ code: 'request_malformed', path: '/version' });
    const both = await Promise.all([take(h, changeSet, network(), 'two'), take(h, changeSet, network(), 'two')]);
    expect(both.map((r) => r.created).sort()).toEqual([0, 4]);
    const onHead = { changeSet: 'HEAD', text: network(), name: 'other' };
    expect((await h.refused('import.terraform', onHead)).code).toBe('head_is_read_only');
  });
});

const folder = findTestData('terraform');
if (folder === undefined) test.skip('[EN225] real states (not run: no terraform in HEADWATER_TEST_DATA)', () => {});
else {
  const files = readdirSync(folder).filter((f) => f.startsWith('state-v4') || f.startsWith('show-state'));
  const all = { files: 0, components: 0, described: 0, links: 0, edges: 0, generic: new Set<string>() };
  describe('[EN225] real states', () => {
    test.each(files)('%s: applied, nothing is to be done, and importing it again changes nothing', async (file) => {
      const h = await house();
      const text = readFileSync(join(folder, file), 'utf8');
      const changeSet = await h.open(file);
      const reply = await take(h, changeSet, text, file);
      expect(reply.created).toBe(reply.instances + 1);
      expect(reply.recorded).toBe(reply.instances);
      await withActions(h, changeSet);
      expect(await review(h, changeSet)).toMatchObject({ actions: [], notPlanned: [] });
      const receipt = await h.call<{ actions: unknown[] }>('change_set.apply', { changeSet, waitMs: 60_000 });
      expect(receipt.actions).toEqual([]);
      const next = await h.open(`${file} again`);
      expect(await take(h, next, text, file)).toMatchObject(nothing);
      expect(await review(h, next)).toMatchObject({ actions: [], notPlanned: [], components: [] });
      const { snapshot } = await (await h.workspace()).head();
      let payloads = 0;
      for (const [, record] of snapshot.scan('resources', '')) {
        const { payload } = JSON.parse(record) as { payload: Json };
        if (payload !== null) payloads++;
      }
      expect(payloads).toBeGreaterThanOrEqual(reply.instances);
      all.files++;
      all.components += reply.instances;
      all.described += reply.described;
      all.links += reply.subscriptions;
      all.edges += reply.dependsOn;
      for (const type of reply.genericTypes) all.generic.add(type);
    });

    test('together: components, links and generic types; the store is sound', async () => {
      console.log({ ...all, generic: all.generic.size });
      expect(all.files).toBe(files.length);
      expect(all.components).toBeGreaterThan(200);
      expect(all.described).toBeGreaterThan(50);
      expect(all.links).toBeGreaterThan(100);
      expect(all.generic.size).toBeGreaterThan(20);
      await (await house()).sound();
    }, 240_000);
  });
}
