// What a state becomes: components by their types, references between them, recorded reality, and what another import of
// the same state changes.

import { describe, expect, test } from 'vitest';
import { must } from '../../../src/base/result.ts';
import { orderedAfterMax } from '../../../src/formats/terraform/references.ts';
import type { Property } from '../../../src/model/property.ts';
import { emptyObject, parseVariantSpec, type VariantSpec } from '../../../src/model/schema.ts';
import {
  domainOf,
  follow,
  type Given,
  importTwice,
  lostLeaves,
  named,
  realityOf,
  Scene,
  type SpecOf,
  stateOf,
  terraformOf,
} from './scene.ts';

const text: Property = { kind: 'string' };
function described(
  properties: Record<string, Property>,
  reported: Record<string, Property>,
  id: string[],
): VariantSpec {
  return {
    format: 1,
    domain: { kind: 'object', properties },
    resourceValue: { kind: 'object', properties: reported },
    secrets: emptyObject,
    definitions: { Tag: { kind: 'object', properties: { Key: text, Value: text } } },
    primaryIdentifier: id,
  };
}
const tags: Property = { kind: 'array', items: { kind: 'ref', to: 'Tag' } };
const types: Record<string, VariantSpec> = {
  'AWS::EC2::VPC': described(
    {
      CidrBlock: text,
      EnableDnsSupport: { kind: 'boolean' },
      InstanceTenancy: { ...text, readOnly: true },
      Tags: tags,
    },
    { VpcId: text, DefaultSecurityGroup: text },
    ['/resource_value/VpcId'],
  ),
  'AWS::EC2::Subnet': described({ VpcId: text, CidrBlock: { kind: 'integer' }, Tags: tags }, { SubnetId: text }, [
    '/resource_value/SubnetId',
  ]),
  'AWS::IAM::Role': described({ RoleName: text, AssumeRolePolicyDocument: { kind: 'any' } }, { Arn: text }, [
    '/domain/RoleName',
  ]),
  'AWS::RDS::DBInstance': described({ AllocatedStorage: text, DBInstanceIdentifier: text }, { DBInstanceArn: text }, [
    '/domain/DBInstanceIdentifier',
  ]),
  'AWS::EC2::EIP': described({ Domain: text }, { PublicIp: text, AllocationId: text }, [
    '/resource_value/PublicIp',
    '/resource_value/AllocationId',
  ]),
};
const catalogue: SpecOf = (name) => types[name];

function importOf(resources: readonly Given[], specs?: SpecOf) {
  const file = stateOf(resources);
  const plan = importTwice(file, specs);
  expect(lostLeaves(file, plan)).toEqual([]);
  return plan;
}

describe('an instance of a described type', () => {
  const vpc: Given = {
    type: 'aws_vpc',
    name: 'main',
    attributes: {
      id: 'vpc-1',
      cidr_block: '10.0.0.0/16',
      enable_dns_support: true,
      instance_tenancy: 'default',
      default_security_group_id: 'sg-0',
      owner_id: '42',
      ipv6_cidr_block: '',
      tags: { Name: 'main', Team: 'net' },
      tags_all: { Name: 'main', Team: 'net' },
    },
  };

  test('declares what has a counterpart that takes the value, and records the resource as Cloud Control shows it', () => {
    const plan = importOf([vpc], catalogue);
    expect(named(plan, 'aws_vpc.main').schema).toBe('AWS::EC2::VPC');
    expect(plan.described).toEqual(['AWS::EC2::VPC']);
    expect(plan.install.map((s) => s.name)).toEqual(['Terraform::State']);
    const pairs = [
      { Key: 'Name', Value: 'main' },
      { Key: 'Team', Value: 'net' },
    ];
    expect(domainOf(plan, 'aws_vpc.main')).toEqual({ CidrBlock: '10.0.0.0/16', EnableDnsSupport: true, Tags: pairs });
    expect(realityOf(plan, 'aws_vpc.main')).toEqual({
      component: named(plan, 'aws_vpc.main').id,
      resourceId: 'vpc-1',
      status: 'ok',
      payload: {
        CidrBlock: '10.0.0.0/16',
        EnableDnsSupport: true,
        Tags: pairs,
        VpcId: 'vpc-1',
        DefaultSecurityGroup: 'sg-0',
      },
    });
  });

  test('keeps what has none beside the properties, and tells it', () => {
    const plan = importOf([vpc], catalogue);
    expect(terraformOf(plan, 'aws_vpc.main')['attributes']).toEqual({
      instance_tenancy: 'default',
      owner_id: '42',
      ipv6_cidr_block: '',
    });
    const at = '/resources/0/instances/0/attributes';
    expect(plan.report.notes.map((n) => n.path)).toEqual([`${at}/instance_tenancy`, `${at}/owner_id`]);
  });

  test('a value that does not fit is kept and told', () => {
    const subnet = {
      type: 'aws_subnet',
      name: 's',
      attributes: { id: 'subnet-1', cidr_block: '10.0.1.0/24', vpc_id: 'v' },
    };
    const plan = importOf([subnet], catalogue);
    expect(domainOf(plan, 'aws_subnet.s')).toEqual({ VpcId: 'v' });
    expect(terraformOf(plan, 'aws_subnet.s')['attributes']).toEqual({ cidr_block: '10.0.1.0/24' });
    expect(plan.report.notes).toHaveLength(1);
  });

  test('a policy becomes a document, unless that would say something else', () => {
    const role = (name: string, assume_role_policy: string): Given => ({
      type: 'aws_iam_role',
      name,
      attributes: { id: name, name, arn: `arn:aws:iam::1:role/${name}`, assume_role_policy },
    });
    const plan = importOf(
      [role('doc', '{"Version":"2012-10-17","Statement":[]}'), role('nul', '{"A":null}'), role('broken', '{"A":')],
      catalogue,
    );
    expect(domainOf(plan, 'aws_iam_role.doc')).toEqual({
      RoleName: 'doc',
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] },
    });
    expect(domainOf(plan, 'aws_iam_role.nul')).toEqual({ RoleName: 'nul' });
    expect(domainOf(plan, 'aws_iam_role.broken')).toEqual({ RoleName: 'broken' });
  });

  test('a number is written as text where the catalogue has text', () => {
    const attributes = { id: 'db-XYZ', identifier: 'main', allocated_storage: 20, password: 'hunter2' };
    const plan = importOf([{ type: 'aws_db_instance', name: 'd', attributes }], catalogue);
    expect(domainOf(plan, 'aws_db_instance.d')).toEqual({ AllocatedStorage: '20', DBInstanceIdentifier: 'main' });
    // Not the id that Terraform uses.
    expect(realityOf(plan, 'aws_db_instance.d').resourceId).toBe('main');
  });

  test('without its identifier, its flat form or a catalogue it is a generic one', () => {
    const partial: Given = { type: 'aws_eip', name: 'a', attributes: { id: 'eipalloc-1', public_ip: '' } };
    expect(named(importOf([partial], catalogue), 'aws_eip.a').schema).toBe('Terraform::aws_eip');
    expect(named(importOf([vpc]), 'aws_vpc.main').schema).toBe('Terraform::aws_vpc');
    const flat: Given = { type: 'aws_vpc', name: 'f', attributes_flat: { id: 'vpc-1', 'tags.%': '1', 'tags.A': 'b' } };
    expect(domainOf(importOf([flat], catalogue), 'aws_vpc.f')).toEqual({ 'tags.%': '1', 'tags.A': 'b' });
  });
});

describe('an instance of any other type', () => {
  test('declares everything but what the provider gives; its schema has the kinds that the values have', () => {
    const attributes = {
      id: 'x-1',
      arn: 'arn:x',
      size: 3,
      on: true,
      label: 'l',
      none: null,
      list: ['a', 'b'],
      blocks: [{ a: 1 }],
      tags: { a: 'b' },
      mixed: { a: 'b', c: 1 },
    };
    const plan = importOf([{ type: 'x_thing', name: 't', attributes }], catalogue);
    const { id: _id, arn: _arn, none: _none, ...declared } = attributes;
    expect(domainOf(plan, 'x_thing.t')).toEqual(declared);
    expect(realityOf(plan, 'x_thing.t')).toMatchObject({ resourceId: 'x-1', payload: attributes });
    const spec = plan.install.find((s) => s.name === 'Terraform::x_thing')!.spec;
    must(parseVariantSpec(spec));
    expect(spec.domain.properties).toEqual({
      size: { kind: 'number' },
      on: { kind: 'boolean' },
      label: { kind: 'string' },
      list: { kind: 'array', items: { kind: 'string' } },
      blocks: { kind: 'array', items: { kind: 'any' } },
      tags: { kind: 'map', values: { kind: 'string' } },
      mixed: { kind: 'map', values: { kind: 'any' } },
    });
  });

  test('null is what is not set: not declared in maps, kept in lists and in what is recorded', () => {
    const attributes = { map: { a: null, b: 'c' }, list: [null, { d: null }], none: null };
    const plan = importOf([{ type: 'x', name: 'a', attributes }]);
    expect(domainOf(plan, 'x.a')).toEqual({ map: { b: 'c' }, list: [null, {}] });
    expect(realityOf(plan, 'x.a').payload).toEqual(attributes);
  });

  test('what instances disagree about may be anything', () => {
    const plan = importOf([
      { type: 'x', name: 'a', attributes: { v: 1, w: ['a'], u: { a: 'b' } } },
      { type: 'x', name: 'b', attributes: { v: 'one', w: [1], u: ['a'] } },
    ]);
    expect(plan.install.find((s) => s.name === 'Terraform::x')!.spec.domain.properties).toEqual({
      v: { kind: 'any' },
      w: { kind: 'array', items: { kind: 'any' } },
      u: { kind: 'any' },
    });
  });

  test('names that no path can have are kept as text, and $source is data', () => {
    const attributes = {
      'a\nb': 1,
      ok: { 'c\td': [1], e: 2 },
      src: { $source: { value: 1 } },
      $source: 'x',
      'a/b~c': 'y',
    };
    const plan = importOf([{ type: 'x', name: 'a', attributes }]);
    expect(domainOf(plan, 'x.a')).toEqual({ src: { $source: { value: { $source: { value: 1 } } } }, 'a/b~c': 'y' });
    expect(terraformOf(plan, 'x.a')['encoded']).toEqual([
      { at: '/attributes/a\nb', json: '1' },
      { at: '/attributes/ok', json: '{"c\\td":[1],"e":2}' },
      { at: '/attributes/$source', json: '"x"' },
    ]);
  });

  test('a type that is no name of a schema has the untyped one', () => {
    const plan = importOf([{ type: 'a::b c', name: 'n', attributes: { id: '1' } }]);
    expect(named(plan, 'a::b c.n').schema).toBe('Terraform::Untyped');
    expect(terraformOf(plan, 'a::b c.n')['type']).toBe('a::b c');
  });

  test('a tainted one is recorded with a warning', () => {
    const plan = importOf([{ type: 'x', name: 'a', status: 'tainted', attributes: { id: '1' } }]);
    expect(realityOf(plan, 'x.a').status).toBe('warning');
    expect(plan.report.notes).toHaveLength(1);
  });
});

describe('references', () => {
  const net: Given = { type: 'x_net', name: 'n', attributes: { id: 'net-1', arn: 'arn:net', cidr: '10.0.0.0/8' } };
  const user = (attributes: Given['attributes'], dependencies = ['x_net.n']): Given => ({
    type: 'x_user',
    name: 'u',
    attributes: attributes!,
    dependencies,
  });

  test('a text equal to the id or ARN of a dependency follows it, at any depth', () => {
    const plan = importOf([net, user({ net: 'net-1', deep: [{ arns: ['arn:net', 'other'] }] })]);
    expect(domainOf(plan, 'x_user.u')).toEqual({
      net: follow(plan, 'x_net.n', '/si/resourceId'),
      deep: [{ arns: [follow(plan, 'x_net.n', '/resource_value/arn'), 'other'] }],
    });
    expect(plan.report).toMatchObject({ subscriptions: 2, dependsOn: 0 });
  });

  test('an equal text without a dependency is chance, and so are labels and common words', () => {
    expect(domainOf(importOf([net, user({ net: 'net-1' }, [])]), 'x_user.u')).toEqual({ net: 'net-1' });
    const plan = importOf([net, user({ name: 'net-1', tags: { a: 'net-1', b: 'arn:net' } })]);
    expect(domainOf(plan, 'x_user.u')).toEqual({
      name: 'net-1',
      tags: { a: 'net-1', b: follow(plan, 'x_net.n', '/resource_value/arn') },
    });
    const common: Given = { ...net, attributes: { id: 'none' } };
    expect(domainOf(importOf([common, user({ mode: 'none' })]), 'x_user.u')).toEqual({ mode: 'none' });
  });

  test('a described type is followed where it shows the value', () => {
    const eip: Given = {
      type: 'aws_eip',
      name: 'e',
      attributes: { id: 'eipalloc-1', allocation_id: 'eipalloc-1', public_ip: '1.2.3.4' },
    };
    const plan = importOf([eip, user({ address: 'eipalloc-1' }, ['aws_eip.e'])], catalogue);
    expect(realityOf(plan, 'aws_eip.e').resourceId).toBe('1.2.3.4|eipalloc-1');
    expect(domainOf(plan, 'x_user.u')).toEqual({ address: follow(plan, 'aws_eip.e', '/resource_value/AllocationId') });
  });

  test('of several that show a text, the one that the others have it from is followed', () => {
    const policy: Given = { type: 'a_policy', name: 'p', attributes: { id: 'net-1' }, dependencies: ['x_net.n'] };
    const plan = importOf([policy, net, user({ net: 'net-1' }, ['a_policy.p', 'x_net.n'])]);
    expect(domainOf(plan, 'x_user.u')).toEqual({ net: follow(plan, 'x_net.n', '/si/resourceId') });
    // The policy's only tie is its place in the order.
    expect(named(plan, 'x_user.u').dependsOn).toEqual([named(plan, 'a_policy.p').id]);
  });

  test('of several instances the one with the same key in the same module is meant', () => {
    const of = (type: string, module: string, more: object): Given => ({
      type,
      name: 'r',
      module,
      instances: [0, 1].map((index_key) => ({ index_key, ...more, attributes: { id: 'shared', at: 'shared' } })),
    });
    const plan = importOf([
      of('x_net', 'module.a', {}),
      of('x_net', 'module.b', {}),
      of('x_user', 'module.b', { dependencies: ['module.a.x_net.r', 'module.b.x_net.r'] }),
    ]);
    expect(domainOf(plan, 'module.b.x_user.r[1]')['at']).toEqual(follow(plan, 'module.a.x_net.r[0]', '/si/resourceId'));
    const near = importOf([
      { ...of('x_net', 'module.b["k"]', {}) },
      { ...of('x_net', 'module.b["l"]', {}) },
      of('x_user', 'module.b["l"]', { dependencies: ['module.b.x_net.r'] }),
    ]);
    expect(domainOf(near, 'module.b["l"].x_user.r[1]')['at']).toEqual(
      follow(near, 'module.b["l"].x_net.r[1]', '/si/resourceId'),
    );
  });

  test('early releases named dependencies within the module', () => {
    const plan = importOf([
      { ...net, module: 'module.m' },
      { type: 'x_user', name: 'u', module: 'module.m', attributes: { net: 'net-1' }, depends_on: ['x_net.n'] },
    ]);
    expect(domainOf(plan, 'module.m.x_user.u')).toEqual({ net: follow(plan, 'module.m.x_net.n', '/si/resourceId') });
  });

  test('a dependency that no value shows is an order, unless another one brings it along', () => {
    const a: Given = { type: 'x', name: 'a', attributes: { id: 'a-1' } };
    const b: Given = { type: 'x', name: 'b', attributes: { id: 'b-1' }, dependencies: ['x.a'] };
    const c: Given = { type: 'x', name: 'c', attributes: {}, dependencies: ['x.a', 'x.b', 'x.gone', 'data.y.z'] };
    const plan = importOf([c, b, a]);
    expect(named(plan, 'x.c').dependsOn).toEqual([named(plan, 'x.b').id]);
    expect(named(plan, 'x.b').dependsOn).toEqual([named(plan, 'x.a').id]);
    expect(terraformOf(plan, 'x.c')['dependencies']).toEqual(['x.a', 'x.b', 'x.gone', 'data.y.z']);
  });

  test('an order after very many instances is told instead', () => {
    const many = (n: number): Given => ({
      type: 'x',
      name: 'many',
      instances: Array.from({ length: n }, (_, index_key) => ({ index_key, attributes: {} })),
    });
    const last: Given = { type: 'y', name: 'last', attributes: {}, dependencies: ['x.many'] };
    expect(importOf([many(orderedAfterMax), last]).report.dependsOn).toBe(orderedAfterMax);
    const plan = importOf([many(orderedAfterMax + 1), last]);
    expect(plan.report.dependsOn).toBe(0);
    expect(plan.report.notes.map((n) => n.path)).toEqual([`/resources/1/instances/0`]);
  });

  test('what would close a circle is not linked, and told', () => {
    const on = (name: string, id: string, ref: string, dependencies: string[]): Given => ({
      type: 'x',
      name,
      attributes: { id, ref },
      dependencies,
    });
    const plan = importOf([
      on('a', 'id-a', 'id-b', ['x.b']),
      on('b', 'id-b', 'id-a', ['x.a', 'x.c']),
      on('c', 'id-c', 'id-d', ['x.c']),
      on('d', 'id-d', 'id-a', ['x.a']),
    ]);
    expect(['x.a', 'x.b', 'x.c', 'x.d'].map((name) => domainOf(plan, name)['ref'])).toEqual([
      'id-b',
      'id-a',
      'id-d',
      follow(plan, 'x.a', '/si/resourceId'),
    ]);
    expect(named(plan, 'x.b').dependsOn).toEqual([named(plan, 'x.c').id]);
    expect(plan.report.notes.map((n) => n.reason.split(' ')[0])).toEqual(['x.b', 'x.a', 'x.c']);
  });
});

describe('a newer state', () => {
  const web = (attributes: Given['attributes'], name = 'web'): Given => ({
    type: 'x_web',
    name,
    attributes: attributes!,
  });
  const kinds = (requests: readonly { kind: string }[]) => requests.map((r) => r.kind);

  test('changes what is different and nothing else', () => {
    const scene = new Scene();
    scene.import(stateOf([web({ id: 'w-1', size: 1, kept: 'k' }), web({ id: 'w-2', size: 1 }, 'other')]));
    const newer = stateOf([web({ id: 'w-1', size: 2, kept: 'k' }), web({ id: 'w-2', size: 1 }, 'other')], {
      serial: 8,
    });
    const { requests, reality } = scene.steps(newer);
    const model = scene.read()!;
    expect(requests).toEqual([
      { kind: 'attribute.set', component: model.state, path: '/domain/File/serial', value: 8 },
      { kind: 'attribute.set', component: named(model, 'x_web.web').id, path: '/domain/size', value: 2 },
    ]);
    expect(reality).toEqual([
      {
        component: named(model, 'x_web.web').id,
        resourceId: 'w-1',
        status: 'ok',
        payload: { id: 'w-1', size: 2, kept: 'k' },
      },
    ]);
    scene.import(newer);
    expect(scene.steps(newer)).toEqual({ requests: [], reality: [] });
  });

  test('creates what is new and erases what has gone, which destroys nothing', () => {
    const scene = new Scene();
    scene.import(stateOf([web({ id: 'w-1' }), web({ id: 'w-2' }, 'old')]));
    const newer = stateOf([web({ id: 'w-1' }), web({ id: 'w-3' }, 'new')]);
    const old = named(scene.read()!, 'x_web.old').id;
    const { requests } = scene.steps(newer);
    expect(kinds(requests)).toEqual(['component.create', 'attribute.set', 'component.manage', 'component.erase']);
    expect(requests.at(-1)).toEqual({ kind: 'component.erase', component: old });
    scene.import(newer);
    expect(scene.read()!.components.map((c) => c.name)).toEqual(['infra', 'x_web.web', 'x_web.new']);
    expect(scene.steps(newer)).toEqual({ requests: [], reality: [] });
  });

  test('knows a resource again that has moved to another address', () => {
    const scene = new Scene();
    scene.import(stateOf([web({ id: 'w-1', size: 1 })]));
    const { id } = named(scene.read()!, 'x_web.web');
    const moved = stateOf([{ ...web({ id: 'w-1', size: 1 }, 'server'), module: 'module.m' }]);
    const { requests, reality } = scene.steps(moved);
    expect(kinds(requests)).toEqual(['component.rename', 'attribute.set']);
    expect(reality).toEqual([]);
    scene.import(moved);
    expect(named(scene.read()!, 'module.m.x_web.server').id).toBe(id);
    // A name that somebody gave is theirs.
    scene.submit({ kind: 'component.rename', component: id, name: 'my server' });
    scene.import(stateOf([web({ id: 'w-1', size: 1 })]));
    expect(named(scene.read()!, 'my server').id).toBe(id);
  });

  test('takes no resource for another where two could be meant', () => {
    const one = new Scene();
    one.import(stateOf([web({ id: 'same' })]));
    const split = one.steps(stateOf([web({ id: 'same' }, 'third'), web({ id: 'same' }, 'fourth')]));
    expect(kinds(split.requests).filter((k) => k.startsWith('component'))).toEqual([
      'component.create',
      'component.create',
      'component.manage',
      'component.manage',
      'component.erase',
    ]);
    const scene = new Scene();
    scene.import(stateOf([web({ id: 'same' }), web({ id: 'same' }, 'twin')]));
    const { requests } = scene.steps(stateOf([web({ id: 'same' }, 'third')]));
    expect(kinds(requests).filter((k) => k === 'component.erase')).toHaveLength(2);
  });

  test('widens a generic schema only where it does not take the values', () => {
    const scene = new Scene();
    scene.import(stateOf([web({ id: 'w-1', size: 1, list: ['a'] })]));
    const same = scene.steps(stateOf([web({ id: 'w-1', size: null, list: [] })]));
    expect(kinds(same.requests)).not.toContain('schema.install');
    const wider = stateOf([web({ id: 'w-1', size: 'big', list: ['a'], more: true })]);
    const { requests } = scene.steps(wider);
    expect(kinds(requests)).toEqual(['schema.install', 'component.upgrade', 'attribute.set', 'attribute.set']);
    scene.import(wider);
    expect(domainOf(scene.read()!, 'x_web.web')).toEqual({ size: 'big', list: ['a'], more: true });
    // What it took before, it still takes.
    const back = stateOf([web({ id: 'w-1', size: 1, list: ['a'] })]);
    expect(kinds(scene.steps(back).requests)).not.toContain('schema.install');
    scene.import(back);
    expect(domainOf(scene.read()!, 'x_web.web')).toEqual({ size: 1, list: ['a'] });
  });

  test('leaves what somebody added to the state’s component alone', () => {
    const scene = new Scene();
    const file = stateOf([web({ id: 'w-1' })]);
    const { state } = scene.import(file);
    scene.submit({
      kind: 'component.create',
      schema: 'Terraform::x_web',
      name: 'mine',
      id: '9'.padStart(26, '0') as never,
    });
    scene.submit({ kind: 'component.manage', component: state, managed: '9'.padStart(26, '0') });
    expect(scene.steps(file)).toEqual({ requests: [], reality: [] });
  });

  test('turns the direction of an order around', () => {
    const scene = new Scene();
    const pair = (a: string[], b: string[]) =>
      stateOf([
        { type: 'x', name: 'a', attributes: { id: 'id-a' }, dependencies: a },
        { type: 'x', name: 'b', attributes: { id: 'id-b' }, dependencies: b },
      ]);
    scene.import(pair(['x.b'], []));
    scene.import(pair([], ['x.a']));
    const model = scene.read()!;
    expect(named(model, 'x.b').dependsOn).toEqual([named(model, 'x.a').id]);
    expect(named(model, 'x.a').dependsOn).toEqual([]);
  });
});
