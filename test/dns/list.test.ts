// What is on a PowerDNS server though nobody made it through here: listed, taken over as it is, and let alone.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { TakingOver } from '../support/taking_over.ts';
import { type DnsHouse, dnsHouse, put } from './dns_house.ts';

let world: DnsHouse;
let there: TakingOver;
beforeAll(async () => {
  world = await dnsHouse();
  there = new TakingOver(world.house.house, { credential: 'PowerDNS Server' });
}, 120_000);
afterAll(async () => {
  await world?.close();
});

const zone = (name: string) =>
  world.server.ask('POST', '/zones', { name, kind: 'Master', nameservers: [`ns1.${name}`, 'ns2.example.net.'] });

test('[EN411] zones and record sets are listed, taken over as they are, and nothing is done to them', async () => {
  const { server, house } = world;
  await zone('shop.example.');
  await zone('other.example.');
  const shop = 'shop.example.';
  await put(server, {
    zone: shop,
    name: 'www.shop.example.',
    type: 'A',
    ttl: 120,
    records: ['192.0.2.2', '192.0.2.1'],
  });
  await put(server, { zone: shop, name: shop, type: 'MX', ttl: 3600, records: ['10 mail.shop.example.'] });
  await put(server, { zone: shop, name: shop, type: 'TXT', records: ['"v=spf1 -all"'] });
  await put(server, { zone: shop, name: 'six.shop.example.', type: 'AAAA', records: ['2001:db8::1'] });
  await put(server, { zone: shop, name: 'host.shop.example.', type: 'HINFO', records: ['"PDP-11" "UNIX"'] });

  expect((await there.listed('PowerDNS::Zone')).ids).toEqual(['other.example.', 'shop.example.']);
  const sets = await there.listed('PowerDNS::RecordSet');
  const ids = [
    'shop.example. MX in shop.example.',
    'shop.example. TXT in shop.example.',
    'six.shop.example. AAAA in shop.example.',
    'www.shop.example. A in shop.example.',
  ];
  expect(sets.ids).toEqual(ids);
  expect((await there.listed('PowerDNS::RecordSet', { Zone: 'Other.Example' })).ids).toEqual([]);

  const changeSet = await house.house.open('take over');
  // [EN410] What the provider leaves out is told.
  const host = 'host.shop.example. HINFO in shop.example.';
  expect(sets.message).toContain(host);
  expect(await there.refusedOne(changeSet, 'PowerDNS::RecordSet', host)).toContain('has no type HINFO');
  const one = await there.one(changeSet, 'PowerDNS::Zone', shop);
  const zones = await there.all(changeSet, 'PowerDNS::Zone');
  const one_ = await there.one(changeSet, 'PowerDNS::RecordSet', ids[3]!);
  const others = await there.all(changeSet, 'PowerDNS::RecordSet');
  const replies = [one, zones, one_, others];
  const made = replies.flatMap((r) => r.imported.map((i) => i.name));
  expect(made).toEqual([
    'shop.example.',
    'other.example.',
    'www.shop.example. A in shop.example.',
    ...['shop.example. MX', 'shop.example. TXT', 'six.shop.example. AAAA'],
  ]);
  expect(replies.flatMap((r) => [...r.untaken, ...r.ambiguous])).toEqual([]);
  expect(others.messages).toEqual([sets.message]);
  expect(await there.domain(changeSet, shop)).toMatchObject({
    Name: shop,
    Kind: 'Master',
    Nameservers: ['ns1.shop.example.', 'ns2.example.net.'],
    Dnssec: false,
  });
  expect(await there.domain(changeSet, ids[3]!)).toEqual({
    Zone: shop,
    Name: 'www.shop.example.',
    Type: 'A',
    Ttl: 120,
    Records: ['192.0.2.1', '192.0.2.2'],
  });
  expect(await there.domain(changeSet, 'shop.example. TXT')).toMatchObject({ Records: ['"v=spf1 -all"'] });
  expect(await there.following(changeSet, 'shop.example. MX')).toEqual(['/domain/Zone']);
  await there.appliedQuietly(changeSet, made);

  // From now on they are as any others.
  expect((await there.listed('PowerDNS::Zone')).resources[1]?.component).toMatchObject({ name: shop, onHead: true });
  await house.set(ids[3]!, '/domain/Ttl', 60);
  expect(await server.resolver.resolve4('www.shop.example', { ttl: true })).toEqual(
    expect.arrayContaining([{ address: '192.0.2.1', ttl: 60 }]),
  );
  await put(server, { zone: shop, name: 'host.shop.example.', type: 'HINFO' });
  await house.remove(...made);
  expect(await house.quiet()).toEqual([]);
  expect(await server.zones()).toEqual([]);
}, 240_000);

test('[EN411] much of it comes by pages', async () => {
  await zone('many.example.');
  const names = Array.from({ length: 501 }, (_, i) => `h${String(i).padStart(3, '0')}.many.example.`);
  await world.server.ask('PATCH', '/zones/many.example.', {
    rrsets: names.map((name) => ({
      ...{ name, type: 'A', ttl: 60, changetype: 'REPLACE' },
      records: [{ content: '192.0.2.1', disabled: false }],
    })),
  });
  const { ids, pages } = await there.listed('PowerDNS::RecordSet');
  expect([ids, pages]).toEqual([names.map((name) => `${name} A in many.example.`), 2]);
  await world.server.ask('DELETE', '/zones/many.example.');
}, 60_000);
