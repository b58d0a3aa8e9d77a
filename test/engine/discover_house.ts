// A house with schemas whose resources are at a provider in a process of its own: networks, and hosts in them.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sodium from 'libsodium-wrappers';
import { expect } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import { openProcessTier } from '../../src/adapters/process/tier.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import { environmentKey } from '../../src/adapters/vault/installation_key.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { openVault } from '../../src/adapters/vault/vault.ts';
import type { Json } from '../../src/base/json.ts';
import type { AuthorReply } from '../../src/engine/author.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { Review } from '../../src/engine/operations.ts';
import type { ResourceImportReply, ResourceListReply } from '../../src/engine/resource_import.ts';
import { afterFiles } from '../support/endings.ts';
import { ActionHouse, type Provider, startProvider } from './action_house.ts';
import { type House, newFolder, sqliteHouse } from './house.ts';

const program = fileURLToPath(new URL('../../dist/adapters/process/child', import.meta.url));
export const token = 'open sesame, token 4711';

const login = `export default defineSchema({
  domain: { Note: { kind: 'string' } },
  definesSecret: { name: 'Login', fields: { token: { kind: 'string' } } },
  authentication: { login: (secret) => requestStorage.setItem('token', secret.token) },
});`;

/** What both schemas have in common: how the provider is asked. */
const asking = (port: number) => `
const at = 'http://127.0.0.1:${port}/things';
async function ask(method: string, url: string, body?: any): Promise<any> {
  const answer = await fetch(url, {
    method,
    headers: { authorization: 'Bearer ' + requestStorage.getItem('token') },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.status === 404) return undefined;
  const json: any = await answer.json();
  if (!answer.ok) throw new Error(json.error);
  return json;
}
`;

/** `list`: with functions for lists, `refresh`: for looking at one. */
function definitionOf(
  kind: 'network' | 'host',
  port: number,
  { list = true, refresh = true, payloads = true } = {},
): string {
  const id = kind === 'network' ? 'NetworkId' : 'HostId';
  const shown = `{ ...thing.body, ${id}: thing.id + '-${kind}', Arn: 'arn:test:${kind}/' + thing.id }`;
  const own =
    kind === 'network'
      ? `Cidr: { kind: 'string', createOnly: true }, Owner: { kind: 'string', default: 'nobody' },
    Password: { kind: 'string', writeOnly: true }, Mode: { kind: 'string', enum: ['OPEN', 'SHUT'] },`
      : `Network: { kind: 'string', suggests: [{ schema: 'Net::Network', path: '/resource_value/NetworkId' }] },
    Size: { kind: 'integer', default: 1, minimum: 1 }, Peers: { kind: 'array', items: { kind: 'string' } },
    Guard: { kind: 'string' }, Name: { kind: 'string' },
    Options: { kind: 'object', properties: { Fast: { kind: 'boolean', default: false }, Near: { kind: 'string' } } },`;
  const network = `// @network 127.0.0.1:${port}`;
  const filter = kind === 'host' ? '(properties.domain.Size ?? t.body.Size) === t.body.Size' : 'true';
  return `${asking(port)}
export default defineSchema({
  domain: { ${own} kind: { kind: 'string', default: '${kind}' } },
  resource: { ${id}: { kind: 'string' }, Arn: { kind: 'string' }, Uptime: { kind: 'integer' } },
  secrets: { credential: 'Login' },
  primaryIdentifier: ['/resource_value/${id}'],
  actions: {
    ${network}
    make: {
      kind: 'create',
      main: async ({ properties }) => {
        const thing = await ask('POST', at, { body: { ...properties.domain, kind: '${kind}' } });
        return { status: 'ok', resourceId: thing.id + '-${kind}', payload: ${shown} };
      },
    },
    ${network}
    change: {
      kind: 'update',
      main: async ({ properties }) => {
        const thing = await ask('PUT', at + '/' + properties.si.resourceId!.split('-')[0], { ...properties.domain });
        return { status: 'ok', payload: ${shown} };
      },
    },
    ${network}
    remove: {
      kind: 'destroy',
      main: async ({ properties }) => {
        await ask('DELETE', at + '/' + properties.si.resourceId!.split('-')[0]);
        return { status: 'ok', payload: null };
      },
    },
    ${
      refresh
        ? `${network}
    look: {
      kind: 'refresh',
      main: async ({ properties }) => {
        const thing = await ask('GET', at + '/' + properties.si.resourceId!.split('-')[0]);
        return { status: 'ok', payload: thing === undefined ? null : ${shown} };
      },
    },`
        : ''
    }
    ${
      list
        ? `${network}
    all: {
      kind: 'list',
      main: async ({ properties, cursor }) => {
        const after = cursor === undefined ? '' : '&after=' + cursor;
        const page = await ask('GET', at + '?kind=${kind}' + after);
        const found = page.things.filter((t: any) => ${filter});
        const resources = found.map((thing: any) => ({
          resourceId: thing.id + '-${kind}',
          payload: ${payloads ? shown : 'null'},
          ...(thing.body.title === undefined ? {} : { name: thing.body.title }),
        }));
        return { status: 'ok', resources, ...(page.next === undefined ? {} : { cursor: page.next }) };
      },
    },`
        : ''
    }
  },
});`;
}

let provider: Provider | undefined;
/** Data folders with the schemas and the secret on Head, by options: checking types takes its time. */
const templates = new Map<string, string>();
afterFiles(() => {
  provider?.close();
  provider = undefined;
  templates.clear();
});

type Options = Parameters<typeof definitionOf>[2];

async function prepared(houseIn: (folder: string) => Promise<House>, port: number, options: Options): Promise<string> {
  const folder = newFolder();
  const house = await houseIn(folder);
  try {
    const changeSet = await house.open('schemas');
    const texts = {
      Login: login,
      'Net::Network': definitionOf('network', port, options),
      'Net::Host': definitionOf('host', port, options),
    };
    for (const [name, text] of Object.entries(texts))
      expect((await house.call<AuthorReply>('schema.author', { changeSet, text, name })).warnings).toEqual([]);
    await house.call('secret.set', { changeSet, name: 'main login', definition: 'Login', content: { token } });
    await house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  } finally {
    await house.close();
  }
  return folder;
}

export class DiscoverHouse extends ActionHouse {
  /** With the schemas and the secret `main login` on Head. */
  static async opened(options: Options = {}): Promise<DiscoverHouse> {
    await sodium.ready;
    const key = await environmentKey(keyTextOf(new Uint8Array(32).fill(7)));
    provider ??= await startProvider(token);
    const { port } = provider;
    await provider.reset(0);
    const houseIn = (folder: string): Promise<House> =>
      sqliteHouse(
        {
          functions: () => ({
            compiler: openCompiler(),
            runners: [openIsolate({ workers: 1 }), openProcessTier({ program })],
          }),
          vault: (store) => openVault({ documents: store.runs, key, clock: systemWorld().clock }),
        },
        join(folder, 'headwater.db'),
      ).start();
    const name = JSON.stringify(options);
    let template = templates.get(name);
    if (template === undefined) {
      template = await prepared(houseIn, port, options);
      templates.set(name, template);
    }
    const folder = newFolder();
    cpSync(template, folder, { recursive: true });
    return new DiscoverHouse(await houseIn(folder), { ...provider, close: () => {} });
  }

  list(schema: string, more: Record<string, Json> = {}): Promise<ResourceListReply> {
    return this.house.call('resource.list', { schema, secrets: { credential: 'main login' }, ...more });
  }

  /** All, unless `more` says which. */
  take(changeSet: string, schema: string, more: Record<string, Json> = {}): Promise<ResourceImportReply> {
    const which = more['resourceIds'] === undefined ? { all: true } : {};
    const secrets = { credential: 'main login' };
    return this.house.call('resource.import', { changeSet, schema, secrets, ...which, ...more });
  }

  async review(changeSet: string): Promise<Review> {
    return this.house.call<Review>('change_set.review', { changeSet });
  }

  /** What the values of a component follow, by pointer: `name path`. */
  async follows(changeSet: string, component: string): Promise<Record<string, string>> {
    const view = await this.house.call<ComponentView>('component.get', { changeSet, component });
    const following = view.sources.filter((s) => s.kind === 'subscription');
    return Object.fromEntries(following.map((s) => [s.path, `${s.sources![0]!.name} ${s.sources![0]!.path}`]));
  }
}
