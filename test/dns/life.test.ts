// The whole life of what the provider `dns` makes, with the answers that anybody gets over DNS: created in order, written in other
// words than the server's, changed by others, updated in place, replaced, destroyed until nothing is left.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { follows } from '../support/provider_house.ts';
import { type DnsHouse, dnsHouse, made, put } from './dns_house.ts';

let world: DnsHouse;
beforeAll(async () => {
  world = await dnsHouse();
});
afterAll(() => world?.close());

const zone = follows('shop', '/resource_value/FullName');
const sets = ['www', 'www6', 'mail', 'alias', 'text', 'sip'];
const set = (component: string, property: string, value: Json): Json => ({
  kind: 'attribute.set',
  component,
  path: `/domain/${property}`,
  value,
});

test('a zone comes before its record sets, and they are answered with', async () => {
  const { house, server } = world;
  await house.apply(
    'shop',
    made('Zone', 'shop', { Name: 'Shop.Example', Nameservers: ['ns1.example.net', 'NS2.example.net.'] }),
    made('RecordSet', 'www', { Zone: zone, Name: 'WWW', Type: 'A', Ttl: 60, Records: ['192.0.2.7', '192.0.2.1'] }),
    made('RecordSet', 'www6', {
      Zone: zone,
      Name: 'www',
      Type: 'AAAA',
      Records: ['2001:DB8:0:0:0:0:0:1'],
    }),
    made('RecordSet', 'mail', { Zone: zone, Name: '@', Type: 'MX', Records: ['010 Mail.Shop.example'] }),
    made('RecordSet', 'alias', { Zone: zone, Name: '*.alias', Type: 'CNAME', Records: ['www.shop.example'] }),
    made('RecordSet', 'text', {
      Zone: zone,
      Name: 'text',
      Type: 'TXT',
      Records: ['say "hä" \\ once', 'x'.repeat(300)],
    }),
    made('RecordSet', 'sip', { Zone: zone, Name: '_sip._tcp', Type: 'SRV', Records: ['0 5 5060 sip.shop.example'] }),
  );
  const told = await house.told();
  expect(told[0]).toBe('create of shop: succeeded');
  expect(told.toSorted()).toEqual(['shop', ...sets].map((c) => `create of ${c}: succeeded`).toSorted());
  const { resolver } = server;
  const answers = await resolver.resolve4('www.shop.example', { ttl: true });
  expect(answers.toSorted((a, b) => (a.address < b.address ? -1 : 1))).toEqual([
    { address: '192.0.2.1', ttl: 60 },
    { address: '192.0.2.7', ttl: 60 },
  ]);
  expect(await resolver.resolve6('www.shop.example')).toEqual(['2001:db8::1']);
  expect(await resolver.resolveMx('shop.example')).toEqual([{ exchange: 'mail.shop.example', priority: 10 }]);
  expect(await resolver.resolveCname('any.alias.shop.example')).toEqual(['www.shop.example']);
  expect(await resolver.resolveSrv('_sip._tcp.shop.example')).toEqual([
    { name: 'sip.shop.example', port: 5060, priority: 0, weight: 5 },
  ]);
  const texts = (await resolver.resolveTxt('text.shop.example')).map((parts) => parts.join('|'));
  expect(texts.toSorted()).toEqual([
    // Bytes, one a character.
    Buffer.from('say "hä" \\ once').toString('latin1'),
    `${'x'.repeat(255)}|${'x'.repeat(45)}`,
  ]);
  expect((await resolver.resolveNs('shop.example')).toSorted()).toEqual(['ns1.example.net', 'ns2.example.net']);
});

test('what is reported is in the words of the component as long as it means the same', async () => {
  const { house, server } = world;
  expect(await house.refreshed('shop')).toMatchObject({
    Name: 'Shop.Example',
    FullName: 'shop.example.',
    Nameservers: ['ns1.example.net', 'NS2.example.net.'],
    Kind: 'Native',
  });
  expect(await house.refreshed('www')).toEqual({
    Zone: 'shop.example.',
    Name: 'WWW',
    FullName: 'www.shop.example.',
    Type: 'A',
    Ttl: 60,
    Records: ['192.0.2.7', '192.0.2.1'],
  });
  expect(await house.refreshed('www6')).toMatchObject({ Records: ['2001:DB8:0:0:0:0:0:1'] });
  expect(await house.refreshed('mail')).toMatchObject({ Name: '@', Records: ['010 Mail.Shop.example'] });
  expect(await house.refreshed('text')).toMatchObject({ Records: ['say "hä" \\ once', 'x'.repeat(300)] });
  const inShop = { zone: 'shop.example.' };
  await put(server, { ...inShop, name: 'www.shop.example.', type: 'A', ttl: 30, records: ['192.0.2.9', '192.0.2.7'] });
  await put(server, { ...inShop, name: 'shop.example.', type: 'NS', records: ['ns3.example.net.'] });
  await put(server, { ...inShop, name: 'text.shop.example.', type: 'TXT' });
  expect(await house.refreshed('www')).toMatchObject({ Ttl: 30, Records: ['192.0.2.7', '192.0.2.9'] });
  expect(await house.refreshed('shop')).toMatchObject({ Nameservers: ['ns3.example.net.'] });
  expect(await house.refreshed('text')).toBeNull();
});

test('what can be changed in place is', async () => {
  const { house, server } = world;
  const before = await house.payload('shop');
  await house.apply(
    'changes',
    set('www', 'Records', ['192.0.2.20']),
    set('www', 'Ttl', 120),
    set('shop', 'Nameservers', ['ns1.example.net']),
    set('shop', 'Dnssec', true),
    set('mail', 'Records', ['20 mail2.shop.example.']),
  );
  const { resolver } = server;
  expect(await resolver.resolve4('www.shop.example', { ttl: true })).toEqual([{ address: '192.0.2.20', ttl: 120 }]);
  expect(await resolver.resolveMx('shop.example')).toEqual([{ exchange: 'mail2.shop.example', priority: 20 }]);
  expect(await resolver.resolveNs('shop.example')).toEqual(['ns1.example.net']);
  const shop = await house.refreshed('shop');
  expect(shop).toMatchObject({ Dnssec: true, Nameservers: ['ns1.example.net'] });
  expect(Number(shop?.['Serial'])).toBeGreaterThan(Number(before?.['Serial']));
});

test('another name is another zone, with the record sets that follow it', async () => {
  const { house, server } = world;
  const left = { zone: 'shop.example.', name: 'left.shop.example.', type: 'A' };
  await put(server, { ...left, records: ['192.0.2.3'] });
  await house.apply('rename', set('shop', 'Name', 'store.example'));
  const failed = (await house.actions()).find((a) => a.status === 'failed');
  expect(failed?.failure?.message).toBe(
    'the zone shop.example. is not empty: it holds left.shop.example. A (1 in all): remove them, or set /domain/Destroy to with-contents',
  );
  await put(server, left);
  await house.house.call('action.retry', { action: failed!.id });
  expect(await house.quiet()).toEqual([]);
  expect(await server.zones()).toEqual(['store.example.']);
  expect(await server.resolver.resolve4('www.store.example')).toEqual(['192.0.2.20']);
  await expect(server.resolver.resolve4('www.shop.example')).rejects.toThrow(/EREFUSED/);
});

test('destroyed, nothing is left', async () => {
  const { house, server } = world;
  const before = (await house.told()).length;
  await house.remove('shop', ...sets);
  const told = (await house.told()).slice(before);
  expect(told.at(-1)).toBe('destroy of shop: succeeded');
  expect(told.filter((line) => !line.endsWith(': succeeded'))).toEqual([]);
  expect(await server.zones()).toEqual([]);
  expect(await house.quiet()).toEqual([]);
});
