// When not everything goes well: the server is away for a while, an action is done twice because nobody wrote down that it was
// done, what is there already is somebody else's, the key is wrong, and secrets, which nobody is to find.

import { afterEach, expect, test } from 'vitest';
import { follows, partsInCommon, schemasOf } from '../support/provider_house.ts';
import { type DnsHouse, dnsHouse, made, put } from './dns_house.ts';

const open: DnsHouse[] = [];
async function opened(): Promise<DnsHouse> {
  const world = await dnsHouse();
  open.push(world);
  return world;
}
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

const atMost = { timeout: 120_000 };
const zone = follows('shop', '/resource_value/FullName');
const Nameservers = ['ns1.example.net'];

test('a server that is away is waited for, and what is done twice with one key is done once', atMost, async () => {
  const { house, server } = await opened();
  await server.stop();
  await house.begin(
    'shop',
    made('Zone', 'shop', { Name: 'shop.example', Nameservers }),
    made('RecordSet', 'www', { Zone: zone, Name: 'www', Type: 'A', Records: ['192.0.2.7'] }),
  );
  expect(await house.isTriedAgain('shop')).toMatchObject({ status: 'queued' });
  await house.twice(() => server.start());
  expect(await house.told()).toEqual(['create of shop: succeeded', 'create of www: succeeded']);
  expect(await server.resolver.resolve4('www.shop.example')).toEqual(['192.0.2.7']);
  // A change of a zone raises its serial: that of a new zone ends in 1, and the record set is one change.
  expect(`${(await house.refreshed('shop'))?.['Serial']}`).toMatch(/02$/);
});

test('what somebody else made is not taken over, and names of others are refused', atMost, async () => {
  const { house, server } = await opened();
  const taken = 'taken.example.';
  await server.ask('POST', '/zones', { name: taken, kind: 'Native', nameservers: ['ns1.example.net.'] });
  await put(server, { zone: taken, name: `www.${taken}`, type: 'A', records: ['192.0.2.1'] });
  const wrong = {
    zone: 'a zone taken.example. exists already: import it as taken.example., or remove it',
    other: 'www.taken.example. A in taken.example. exists already with 192.0.2.1: import it, or remove it',
    outside: 'www.elsewhere.example. is not in the zone taken.example.',
    apex: "the NS records of taken.example. itself are the zone's: see its Nameservers",
    lone: 'there is no zone nowhere.example. on the server: create it first',
    malformed: expect.stringMatching(/was answered with 422: .*'no address'/),
  };
  const records = (name: string, Zone: string, Name: string, content: string, Type = 'A') =>
    made('RecordSet', name, { Zone, Name, Type, Records: [content] });
  await house.apply(
    'wrong',
    made('Zone', 'zone', { Name: 'Taken.example', Nameservers }),
    records('other', 'taken.example', 'www', '192.0.2.2'),
    records('outside', 'taken.example', 'www.elsewhere.example.', '192.0.2.2'),
    records('apex', 'taken.example', '@', 'ns9.example.net.', 'NS'),
    records('lone', 'nowhere.example', 'www', '192.0.2.2'),
    records('malformed', 'taken.example', 'bad', 'no address'),
  );
  const said = (await house.actions()).map((a) => [a.componentName, a.failure?.message]);
  expect(Object.fromEntries(said)).toEqual(wrong);
  expect(await house.failures('HEAD', 'outside')).toEqual({ isItsOwn: wrong.outside });
  expect(await house.failures('HEAD', 'apex')).toEqual({ isItsOwn: wrong.apex });
  const answers = await server.resolver.resolve4('www.taken.example', { ttl: true });
  expect(answers).toEqual([{ address: '192.0.2.1', ttl: 60 }]);
});

test('the key is on the way to the server and nowhere else, also when it is wrong', atMost, async () => {
  const { house, server } = await opened();
  await house.apply('shop', made('Zone', 'shop', { Name: 'shop.example', Nameservers }));
  expect(await house.told()).toEqual(['create of shop: succeeded']);
  const changeSet = await house.house.open('another key');
  const wrongKey = 'a key that nobody knows';
  const content = { Url: server.url, ApiKey: wrongKey };
  await house.house.call('secret.set', { changeSet, name: 'PowerDNS Server', content });
  await house.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  await house.apply('other', made('Zone', 'other', { Name: 'other.example', Nameservers }));
  const { failure } = (await house.actions()).find((a) => a.componentName === 'other')!;
  expect(failure?.message).toMatch(/answered with 401: .*look at the key of the credential$/s);
  for (const text of [server.apiKey, wrongKey]) expect(await house.holding(text)).toEqual([]);
  // What is looked for would be found.
  expect((await house.holding('shop.example')).length).toBeGreaterThan(2);
});

test(
  'what the files of the provider have in common is the same text in each, and their types are right',
  atMost,
  async () => {
    const parts = [...partsInCommon('dns')].map(([title, texts]) => [title, texts.size]);
    expect(parts).toEqual([['What zones and record sets share', 1]]);
    const { house } = await opened();
    const schemas = schemasOf('dns');
    expect(schemas.length).toBe(3);
    for (const { name, text } of schemas) expect([name, await house.findings(text)]).toEqual([name, []]);
  },
);
