// A house with the provider `dns` on Head beside a PowerDNS of its own: components by a few words, records changed behind
// everybody's back.

import type { Json } from '../../src/base/json.ts';
import { PowerDnsServer } from '../support/powerdns_server.ts';
import { ProviderHouse, secret } from '../support/provider_house.ts';

export interface DnsHouse {
  readonly server: PowerDnsServer;
  readonly house: ProviderHouse;
  close(): Promise<void>;
}

export async function dnsHouse(): Promise<DnsHouse> {
  const server = await PowerDnsServer.open();
  const house = await ProviderHouse.open('dns', { 'PowerDNS Server': { Url: server.url, ApiKey: server.apiKey } });
  return {
    server,
    house,
    close: async () => {
      await house.close();
      await server.close();
    },
  };
}

/** A component of a schema `PowerDNS::…`, its properties without `/domain/`. */
export function made(schema: 'Zone' | 'RecordSet', name: string, domain: { readonly [property: string]: Json }): Json {
  const attributes = Object.fromEntries(
    Object.entries(domain).map(([property, value]) => [`/domain/${property}`, value]),
  );
  return {
    kind: 'component.create',
    schema: `PowerDNS::${schema}`,
    name,
    attributes: { '/secrets/credential': secret('PowerDNS Server'), ...attributes },
  };
}

interface Records {
  readonly zone: string;
  readonly name: string;
  readonly type: string;
  readonly ttl?: number;
  /** None: the record set is removed. */
  readonly records?: readonly string[];
}

export function put(server: PowerDnsServer, { zone, name, type, ttl = 60, records = [] }: Records): Promise<Json> {
  const set = { name, type, ttl, records: records.map((content) => ({ content, disabled: false })) };
  const changetype = records.length === 0 ? 'DELETE' : 'REPLACE';
  return server.ask('PATCH', `/zones/${zone}`, { rrsets: [{ ...set, changetype }] });
}
