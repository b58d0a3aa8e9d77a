// What the cloud gives a new resource: its identifier where the author has not named it, and the properties that only the
// cloud reports, in the shapes that people know (arns, `vpc-…`, urls). The values are made up; what is promised is that
// they are of the schema's kinds, that no two resources of a type get the same identifier, and that they never change.
// Types of which an account has one, identified by the account's number, are the exception.

import { randomBytes } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { isRegionless } from '../../formats/cloudformation/regionless.ts';
import { type Definitions, derefProperty, type Property } from '../../model/property.ts';
import type { VariantSpec } from '../../model/schema.ts';

/** Whose resources they all are. */
export const account = '123456789012';
/** Between the parts of an identifier that has several. */
const separator = '|';
/** Reported objects are filled in to this depth; recursive ones end there. */
const depthMax = 4;

/** Where a resource is that was asked for in `region`. */
export function regionOf(type: string, region: string): string {
  return isRegionless(type) ? 'global' : region;
}

/** Prefixes that are not simply the name. */
const prefixes: { readonly [name: string]: string } = {
  InternetGateway: 'igw',
  NatGateway: 'nat',
  RouteTable: 'rtb',
  SecurityGroup: 'sg',
  DefaultSecurityGroup: 'sg',
  NetworkAcl: 'acl',
  DefaultNetworkAcl: 'acl',
  NetworkInterface: 'eni',
  Instance: 'i',
  Volume: 'vol',
  LaunchTemplate: 'lt',
  VPCEndpoint: 'vpce',
  VpcEndpoint: 'vpce',
  EIP: 'eipalloc',
  Allocation: 'eipalloc',
  TransitGateway: 'tgw',
  HostedZone: 'Z',
  FileSystem: 'fs',
};

/** All properties of a new resource: those asked for and those given to it. */
export function assignProperties(
  spec: VariantSpec,
  where: { readonly type: string; readonly region: string },
  desired: JsonObject,
): JsonObject {
  const [, service = '', kind = ''] = where.type.split('::');
  const unique = randomBytes(9).toString('hex').slice(0, 17);
  const own = ownName(desired, kind) ?? `${kind.toLowerCase()}-${unique}`;
  const named = nameOf(desired, kind) ?? own;
  const isIdentified = identifierOf(spec, desired) !== undefined;
  const path = isIdentified || named.includes(unique) ? named : `${named}/${unique}`;
  const maker = new Maker(spec.definitions, { ...where, service: service.toLowerCase(), kind, unique, named, path });
  // Named after something else it would be like all others of that.
  const identifying = new Maker(spec.definitions, {
    ...where,
    service: service.toLowerCase(),
    kind,
    unique,
    named: own,
    path,
  });
  const properties: { [name: string]: Json } = { ...desired };
  for (const pointer of spec.primaryIdentifier ?? []) {
    const [root, ...path] = pointer.slice(1).split('/');
    const tree = root === 'domain' ? spec.domain : spec.resourceValue;
    // A part of the identifier that the author can choose and has not: the cloud chooses it.
    if (path.length === 1 && !Object.hasOwn(properties, path[0]!)) {
      const made = identifying.make(path[0]!, tree.properties?.[path[0]!] ?? { kind: 'string' }, 0);
      properties[path[0]!] = made ?? identifying.text(path[0]!);
    }
  }
  for (const [name, property] of Object.entries(spec.resourceValue.properties ?? {})) {
    const chosen = properties[name];
    const canBeSet = Object.hasOwn(spec.domain.properties ?? {}, name);
    if (chosen === undefined && canBeSet && !/Name$|^AvailabilityZone$/.test(name)) continue;
    const made = maker.make(name, property, 0);
    if (made === undefined) continue;
    if (chosen === undefined) properties[name] = made;
    else if (isObject(chosen) && isObject(made)) properties[name] = { ...made, ...chosen };
  }
  return properties;
}

/** The identifier of a resource; undefined when a part of it is not there. */
export function identifierOf(spec: VariantSpec, properties: JsonObject): string | undefined {
  const parts: string[] = [];
  for (const pointer of spec.primaryIdentifier ?? []) {
    const value = valueAt(properties, pointer);
    if (value === undefined || value === null || typeof value === 'object') return undefined;
    parts.push(String(value));
  }
  return parts.length === 0 ? undefined : parts.join(separator);
}

/** Those properties that make up the identifier. */
export function identifierProperties(spec: VariantSpec, properties: JsonObject): JsonObject {
  const out: { [name: string]: Json } = {};
  for (const pointer of spec.primaryIdentifier ?? []) {
    const name = pointer.split('/')[2]!;
    if (properties[name] !== undefined) out[name] = properties[name];
  }
  return out;
}

function valueAt(properties: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = properties;
  for (const name of pointer.split('/').slice(2)) value = isObject(value) ? value[name] : undefined;
  return value;
}

/** The name that its author has given it. */
function ownName(desired: JsonObject, kind: string): string | undefined {
  for (const key of [`${kind}Name`, 'Name']) if (typeof desired[key] === 'string') return desired[key];
  return undefined;
}

/** That name, or another one that is declared of it. */
function nameOf(desired: JsonObject, kind: string): string | undefined {
  const own = ownName(desired, kind);
  if (own !== undefined) return own;
  const other = Object.keys(desired).find((key) => key.endsWith('Name') && typeof desired[key] === 'string');
  return other === undefined ? undefined : (desired[other] as string);
}

interface Subject {
  readonly type: string;
  readonly region: string;
  readonly service: string;
  readonly kind: string;
  readonly unique: string;
  /** Its name: the author's, or one of the cloud's. */
  readonly named: string;
  /** Its name, with something behind it where others may have the same. */
  readonly path: string;
}

class Maker {
  readonly #definitions: Definitions;
  readonly #subject: Subject;

  constructor(definitions: Definitions, subject: Subject) {
    this.#definitions = definitions;
    this.#subject = subject;
  }

  /** A value for a reported property; undefined for one whose shape says too little. */
  make(name: string, given: Property, depth: number): Json | undefined {
    const property = derefProperty(given, this.#definitions);
    if (property.enum !== undefined) return property.enum[0];
    switch (property.kind) {
      case 'string':
        return property.format === 'date-time' ? new Date().toISOString() : this.text(name);
      case 'integer':
      case 'number':
        return /Version/.test(name) ? 1 : Math.max(0, property.minimum ?? 0);
      case 'boolean':
        return false;
      case 'array': {
        const items = derefProperty(property.items ?? { kind: 'any' }, this.#definitions);
        // Other lists are of things that a new resource has none of.
        if (items.kind !== 'string' || /Ipv6/.test(name)) return [];
        return name === 'NameServers' ? this.#nameServers() : [this.text(name.replace(/s$/, ''))];
      }
      case 'object': {
        if (depth === depthMax) return undefined;
        const members = Object.entries(property.properties ?? {}).map(
          ([key, member]) => [key, this.make(key, member, depth + 1)] as const,
        );
        return Object.fromEntries(members.filter((m): m is readonly [string, Json] => m[1] !== undefined));
      }
      default:
        return undefined;
    }
  }

  text(name: string): string {
    const { region, service, kind, named, unique } = this.#subject;
    if (/Arn$|ARN$/.test(name)) return this.#arn(name);
    // A new account is the one that is not the caller's.
    if (name === 'AccountId' && kind === 'Account')
      return String(Number.parseInt(unique.slice(0, 9), 16)).padStart(12, '2');
    if (/AccountId$|OwnerId$/.test(name)) return account;
    if (name === 'Region') return region;
    if (name === 'AvailabilityZone') return `${region}a`;
    if (/Ur[li]$|URL$/.test(name)) return `https://${service}.${region}.amazonaws.com/${account}/${named}`;
    if (/(Endpoint|DomainName|DNSName|DnsName|Address)$/.test(name) && !/Ip/.test(name))
      return `${named.toLowerCase()}.${service}.${region}.amazonaws.com`;
    if (/Ip(Address)?$/.test(name)) return this.#ip();
    if (/(Time|Date|At)$/.test(name)) return new Date().toISOString();
    if (/(Status|State)$/.test(name)) return 'ACTIVE';
    if (/Name$/.test(name)) return named;
    if (/Port$/.test(name)) return '443';
    if (/Version$/.test(name)) return '1';
    if (name === 'Id') return this.#id(kind);
    if (/Id$/.test(name)) return this.#id(name.slice(0, -2));
    return this.#id(name);
  }

  #id(name: string): string {
    const prefix = prefixes[name] ?? name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
    return prefix === 'Z' ? `Z${this.#subject.unique.toUpperCase()}` : `${prefix}-${this.#subject.unique}`;
  }

  #arn(name: string): string {
    const { type, region, service, kind, named, path } = this.#subject;
    if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::${named}`;
    const at = `arn:aws:${service}:${region === 'global' ? '' : region}:${account}`;
    if (service === 'sqs' || service === 'sns') return `${at}:${named}`;
    // An arn is the resource's own when it has its name or none; others are of something that came with it.
    const isOwn = ['arn', `${kind.toLowerCase()}arn`].includes(name.toLowerCase());
    return `${at}:${(isOwn ? kind : name.slice(0, -3)).toLowerCase()}/${path}`;
  }

  #ip(): string {
    const at = (i: number): number => Number.parseInt(this.#subject.unique.slice(i, i + 2), 16);
    return `10.${at(0)}.${at(2)}.${at(4)}`;
  }

  #nameServers(): string[] {
    const { unique } = this.#subject;
    return ['com', 'net', 'org', 'co.uk'].map((top, i) => `ns-${unique.slice(0, 6)}${i}.awsdns-0${i}.${top}`);
  }
}
