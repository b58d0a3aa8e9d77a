// Packages that connect to something, made ready for a run: their clients go through the proxy unless they are told otherwise,
// for nothing else leads out. Everything else of a package is as it is.

import { ProxiedStream } from './proxied.ts';

type Constructor = new (...args: unknown[]) => object;

/** `pg` (https://node-postgres.com): `Client` and `Pool` connect through the proxy. */
export function pgThrough(proxy: string | null, pg: unknown): unknown {
  const { Client, constructor: Package } = pg as { readonly Client: Constructor; readonly constructor: Constructor };
  class ProxiedClient extends Client {
    constructor(config?: unknown) {
      const given = typeof config === 'string' ? { connectionString: config } : (config as object | undefined);
      super({ stream: () => new ProxiedStream(proxy), ...given });
    }
  }
  // As the package makes itself, for this client.
  return new Package(ProxiedClient);
}

/** A client of the AWS SDK: requests are made with `fetch`, which goes through the proxy, and not with Node's own sockets. */
export function awsThroughFetch(sdk: unknown, FetchHttpHandler: Constructor): unknown {
  const own = Object.entries(sdk as Record<string, unknown>).map(([name, value]) => {
    const isClient = typeof value === 'function' && typeof value.prototype?.send === 'function';
    return [name, isClient ? withHandler(value as Constructor, FetchHttpHandler) : value];
  });
  return Object.freeze(Object.fromEntries(own));
}

function withHandler(Client: Constructor, FetchHttpHandler: Constructor): Constructor {
  return class extends Client {
    constructor(config?: unknown) {
      super({ requestHandler: new FetchHttpHandler(), ...(config as object | undefined) });
    }
  };
}
