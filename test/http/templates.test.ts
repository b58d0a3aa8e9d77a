// Templates in TypeScript, over the wire: typed inputs and found components become a working set that converges.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

let house: HttpHouse;
beforeAll(async () => {
  house = await HttpHouse.open();
});
afterAll(() => house.close());

const subnets = `const template = {
  inputs: { zones: { kind: 'array', items: { kind: 'string' }, required: true }, size: { kind: 'integer', default: 24, minimum: 16 } },
  find: { networks: 'schema:AWS::EC2::VPC' },
  components({ inputs, found }: any) {
    console.log('networks', found.networks.length);
    return found.networks.flatMap((network: any) =>
      inputs.zones.map((zone: string) => ({
        component: network.name + '-' + zone,
        schema: 'AWS::EC2::Subnet',
        attributes: {
          '/domain/AvailabilityZone': zone,
          '/domain/CidrBlock': '10.0.0.0/' + inputs.size,
          '/domain/VpcId': { $source: { component: network.name, path: '/resource_value/VpcId' } },
        },
      })));
  },
};
`;

async function opened(name: string): Promise<string> {
  const { id } = (await house.must('POST', '~/change-sets', { body: { changeSetName: name } })).changeSet;
  const mutations = [{ kind: 'component.create', schema: 'AWS::EC2::VPC', name: 'net', attributes: {} }];
  await house.call('submit', { changeSet: id, mutations: mutations as never });
  return id;
}

const asked = (id: string, inputs: object, more: object = {}) =>
  house.ask('POST', `~/change-sets/${id}/templates/run`, { body: { name: 'subnets', text: subnets, inputs, ...more } });
const states = (body: { components: { name: string; state: string }[] }) =>
  Object.fromEntries(body.components.map((c) => [c.name, c.state]));

test('[EN593] converges: made, left, changed and deleted by what its inputs say', async () => {
  const id = await opened('converging');
  const dry = await asked(id, { zones: ['a', 'b'] }, { dryRun: true });
  expect(dry.status, JSON.stringify(dry.body)).toBe(200);
  expect(states(dry.body)).toEqual({ 'net-a': 'created', 'net-b': 'created' });
  const first = (await asked(id, { zones: ['a', 'b'] })).body;
  expect(first).toMatchObject({ inputs: { zones: ['a', 'b'], size: 24 }, found: { networks: 1 }, log: ['networks 1'] });
  expect(first.version).toBeGreaterThan(dry.body.version);
  const again = (await asked(id, { zones: ['a', 'b'] })).body;
  expect({ edits: again.edits, version: again.version }).toEqual({ edits: 0, version: first.version });
  // As the command line gives them.
  const other = (await asked(id, { zones: '["b", "c"]', size: '20' })).body;
  expect(states(other)).toEqual({ 'net-b': 'changed', 'net-c': 'created', 'net-a': 'deleted' });
  const seen = await house.call<{ value: unknown }>('component.get', { changeSet: id, component: 'net-b' });
  expect(seen.value).toMatchObject({ domain: { CidrBlock: '10.0.0.0/20', AvailabilityZone: 'b' } });
});

test('[EN593] refuses inputs that do not fit, effects, and what fails, with the place; nothing is edited', async () => {
  const id = await opened('refused');
  const root = async () => (await house.call<{ intentRoot: string }>('change_set.get', { changeSet: id })).intentRoot;
  const before = await root();
  const reasons = async (inputs: object, more: object = {}) => {
    const { status, body } = await asked(id, inputs, more);
    return [status, body.reason, body.errors[0].path];
  };
  expect(await reasons({ zones: ['a'], size: 8 })).toEqual([422, 'request_malformed', 'inputs/size']);
  expect(await reasons({})).toEqual([422, 'request_malformed', 'inputs/zones']);
  expect(await reasons({ zones: ['a'], colour: 'red' })).toEqual([422, 'request_malformed', 'inputs/colour']);
  const failing = 'const template = {\n  components: () => null.x,\n};\n';
  expect((await reasons({}, { text: failing })).slice(1)).toEqual(['function_invalid', 'text:2:26']);
  const reaching = "const template = { components: async () => [await fetch('http://127.0.0.1/')] };";
  expect((await reasons({}, { text: reaching }))[0]).toBe(422);
  const wrong = "const template = { components: () => [{ component: 'x', schema: 'AWS::EC2::VPC', colour: 'red' }] };";
  expect((await reasons({}, { text: wrong }))[1]).toBe('request_malformed');
  expect(await root()).toBe(before);
});

test('[EN720] is described without being run', async () => {
  const id = await opened('described');
  const ask = (body: object) => house.ask('POST', `~/change-sets/${id}/templates/describe`, { body });
  const failing = 'throw new Error("it was run");';
  const { status, body } = await ask({ name: 'nets', text: subnets.replace('console.log', `${failing} console.log`) });
  expect([status, body.name, Object.keys(body.inputs).sort()]).toEqual([200, 'nets', ['size', 'zones']]);
  expect(body.inputs.size).toEqual({ kind: 'integer', default: 24, minimum: 16 });
  expect(body.find).toEqual({ networks: 'schema:AWS::EC2::VPC' });
  const wrong = await ask({ text: "const template = { inputs: { a: { kind: 'colour' } } };" });
  expect([wrong.status, wrong.body.errors[0].path]).toEqual([422, expect.stringContaining('template/inputs/a')]);
});
