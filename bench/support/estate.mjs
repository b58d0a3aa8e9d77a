// The estate that is measured on: components as people have them, made from their number alone. Blocks of twenty: a
// network, four subnets, two firewalls, ten machines, two stores and a database, each of a schema shaped like a
// catalogue's, with lists, maps and json documents, 20 to 50 cells and 1 to 4 KiB of values, some of which follow others.
import { picker } from './measure.mjs';

const text = (docs) => ({ kind: 'string', docs });
const tags = {
  kind: 'array',
  items: { kind: 'object', properties: { Key: { kind: 'string', required: true }, Value: { kind: 'string' } } },
};
const common = { Description: text('What it is for.'), Owner: text('Who answers for it.'), Tags: tags };
const outputs = (...names) => ({
  kind: 'object',
  properties: Object.fromEntries(names.map((n) => [n, { kind: 'string', readOnly: true }])),
});
const spec = (properties, resourceValue) => ({
  format: 1,
  domain: { kind: 'object', properties: { ...properties, ...common } },
  resourceValue,
  secrets: { kind: 'object', properties: {} },
  definitions: {},
});

export const schemas = [
  {
    name: 'Bench::Net::Network',
    category: 'network',
    spec: spec(
      {
        CidrBlock: { kind: 'string', required: true, createOnly: true, pattern: '^[0-9./]+$' },
        DnsHostnames: { kind: 'boolean', default: true },
        Tenancy: { kind: 'string', enum: ['default', 'dedicated'], default: 'default' },
        Options: { kind: 'map', values: { kind: 'string' } },
      },
      outputs('NetworkId', 'DefaultFirewallId'),
    ),
  },
  {
    name: 'Bench::Net::Subnet',
    category: 'network',
    spec: spec(
      {
        NetworkId: { kind: 'string', required: true, createOnly: true },
        CidrBlock: { kind: 'string', required: true, createOnly: true },
        Zone: { kind: 'string', createOnly: true },
        Options: { kind: 'map', values: { kind: 'string' } },
      },
      outputs('SubnetId'),
    ),
  },
  {
    name: 'Bench::Net::Firewall',
    category: 'network',
    spec: spec(
      {
        NetworkId: { kind: 'string', required: true },
        Ingress: {
          kind: 'array',
          items: {
            kind: 'object',
            properties: {
              Protocol: { kind: 'string', enum: ['tcp', 'udp', 'icmp'] },
              FromPort: { kind: 'integer', minimum: 0, maximum: 65_535 },
              ToPort: { kind: 'integer', minimum: 0, maximum: 65_535 },
              Cidr: { kind: 'string' },
            },
          },
        },
      },
      outputs('FirewallId'),
    ),
  },
  {
    name: 'Bench::Compute::Machine',
    category: 'compute',
    spec: spec(
      {
        ImageId: { kind: 'string', required: true },
        MachineType: { kind: 'string', default: 'm.large' },
        SubnetId: { kind: 'string' },
        FirewallId: { kind: 'string' },
        UserData: { kind: 'string' },
        Monitoring: { kind: 'boolean', default: false },
        Options: { kind: 'map', values: { kind: 'string' } },
        Disks: {
          kind: 'array',
          items: {
            kind: 'object',
            properties: { Device: text(''), SizeGiB: { kind: 'integer', minimum: 1 }, Kind: text('') },
          },
        },
      },
      outputs('MachineId', 'PrivateIp'),
    ),
  },
  {
    name: 'Bench::Storage::Store',
    category: 'storage',
    spec: spec(
      {
        Versioning: { kind: 'boolean' },
        Policy: { kind: 'json' },
        Lifecycle: { kind: 'map', values: { kind: 'integer' } },
        Options: { kind: 'map', values: { kind: 'string' } },
      },
      outputs('StoreId', 'Address'),
    ),
  },
  {
    name: 'Bench::Data::Database',
    category: 'data',
    spec: spec(
      {
        Engine: { kind: 'string', enum: ['a', 'b'], createOnly: true },
        Capacity: { kind: 'integer', minimum: 1, maximum: 4_096 },
        SubnetId: { kind: 'string' },
        Parameters: { kind: 'map', values: { kind: 'string' } },
        Maintenance: { kind: 'json' },
      },
      outputs('DatabaseId', 'Endpoint'),
    ),
  },
];

// Which schema stands at each place of a block, by its index above.
const block = [0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 5];
const shortNames = ['network', 'subnet', 'firewall', 'machine', 'store', 'database'];
const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function base32(n, length) {
  let out = '';
  for (let rest = n; out.length < length; rest = Math.floor(rest / 32)) out = crockford[rest % 32] + out;
  return out;
}

/** The id of the component with this number; ascending. */
export const componentId = (i) => `01J0000000${base32(i, 16)}`;

const schemaIndexOf = (i) => block[i % block.length];

/** A path that every component has a text at. */
export const editedPath = '/domain/Description';

const words =
  'edge core batch queue ledger search media report billing audit stream cache index worker gateway session profile';
const vocabulary = words.split(' ');

function sentence(pick, chars) {
  let out = '';
  while (out.length < chars) out += `${out === '' ? '' : ' '}${vocabulary[pick(vocabulary.length)]}`;
  return out.slice(0, chars);
}

/**
 * The components with numbers from `from` up to `to`, in order. `types` names the schema and variant ids of `schemas`.
 */
export function* components(types, from, to) {
  for (let i = from; i < to; i++) yield { id: componentId(i), image: imageOf(types, i) };
}

function imageOf(types, i) {
  const kind = schemaIndexOf(i);
  const pick = picker(i * 7919 + 17);
  const cells = {};
  const put = (path, value) => {
    cells[path] = { v: value };
  };
  const element = (n) => base32(i * 64 + n, 12).toLowerCase();
  const list = (path, count, put1) => {
    for (let n = 0; n < count; n++) {
      const at = `${path}/@${element(n + path.length)}`;
      // Order keys as one insert of a whole list gives them: any ascending ones do.
      cells[`${at}#`] = { o: `a${n}`, t: componentId(0) };
      put1(at, n);
    }
  };
  const map = (path, count, value) => {
    for (let n = 0; n < count; n++) put(`${path}/${vocabulary[n]}-${n}`, value(n));
  };
  const follow = (path, place, output) => {
    const source = i - (i % block.length) + place;
    cells[path] = { x: { s: [componentId(source), `/resource_value/${output}`] } };
  };

  put('/si/name', `${shortNames[kind]}-${String(i).padStart(7, '0')}`);
  put(editedPath, sentence(pick, 240 + pick(480)));
  put('/domain/Owner', `team-${vocabulary[pick(vocabulary.length)]}@example.com`);
  list('/domain/Tags', 2 + pick(4), (at, n) => {
    put(`${at}/Key`, `${vocabulary[n]}.example.com/label`);
    put(`${at}/Value`, sentence(pick, 24 + pick(24)));
  });
  switch (kind) {
    case 0:
      put('/domain/CidrBlock', `10.${i % 250}.0.0/16`);
      put('/domain/DnsHostnames', true);
      put('/domain/Tenancy', 'default');
      map('/domain/Options', 10, () => sentence(pick, 80));
      break;
    case 1:
      follow('/domain/NetworkId', 0, 'NetworkId');
      put('/domain/CidrBlock', `10.${i % 250}.${pick(250)}.0/24`);
      put('/domain/Zone', `region-1${'abc'[i % 3]}`);
      map('/domain/Options', 8, () => sentence(pick, 80));
      break;
    case 2:
      follow('/domain/NetworkId', 0, 'NetworkId');
      list('/domain/Ingress', 5, (at, n) => {
        put(`${at}/Protocol`, 'tcp');
        put(`${at}/FromPort`, 1_000 + n);
        put(`${at}/ToPort`, 1_000 + n + pick(100));
        put(`${at}/Cidr`, `10.${pick(250)}.0.0/16`);
      });
      break;
    case 3:
      put('/domain/ImageId', `image-${base32(pick(2 ** 31), 12).toLowerCase()}`);
      put('/domain/MachineType', ['m.large', 'm.xlarge', 'c.large'][pick(3)]);
      follow('/domain/SubnetId', 1 + pick(4), 'SubnetId');
      follow('/domain/FirewallId', 5 + pick(2), 'FirewallId');
      put('/domain/UserData', sentence(pick, 400 + pick(500)));
      put('/domain/Monitoring', i % 2 === 0);
      map('/domain/Options', 6, () => sentence(pick, 60));
      list('/domain/Disks', 2, (at, n) => {
        put(`${at}/Device`, `/dev/disk${n}`);
        put(`${at}/SizeGiB`, 20 + pick(500));
        put(`${at}/Kind`, 'ssd');
      });
      break;
    case 4:
      put('/domain/Versioning', true);
      put('/domain/Policy', {
        Version: '2012-10-17',
        Statement: [0, 1, 2].map((n) => ({
          Sid: `s${n}`,
          Effect: 'Allow',
          Action: ['store:Get', 'store:List'],
          Resource: sentence(pick, 120),
        })),
      });
      map('/domain/Lifecycle', 4, (n) => 30 * (n + 1));
      map('/domain/Options', 6, () => sentence(pick, 60));
      break;
    default:
      put('/domain/Engine', 'a');
      put('/domain/Capacity', 16 + pick(100));
      follow('/domain/SubnetId', 1 + pick(4), 'SubnetId');
      map('/domain/Parameters', 14, () => sentence(pick, 70));
      put('/domain/Maintenance', { window: 'sun:03:00-sun:04:00', notes: sentence(pick, 300) });
  }
  return { record: types[kind], cells, flags: [], ignored: [], dependsOn: [], manages: [] };
}
