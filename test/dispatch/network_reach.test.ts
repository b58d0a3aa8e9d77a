// What words of `@network` come to with the contents of secrets.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { reachOf } from '../../src/dispatch/network_reach.ts';

/** The entries of one secret's members, or what is wrong. */
function entries(words: readonly string[], ...contents: Json[]): readonly string[] | string {
  const reach = reachOf(
    words,
    contents.map((content, i) => ({ name: `secret ${i + 1}`, content })),
  );
  return reach.ok ? reach.members.map((m) => m.entry) : reach.message;
}

describe('a member', () => {
  test.each([
    ['http://127.0.0.1:4711', '127.0.0.1:4711'],
    ['http://api.example.com/v1?a=b:1', 'api.example.com:80'],
    ['HTTPS://api.example.com', 'api.example.com:443'],
    ['https://api.example.com:8443/', 'api.example.com:8443'],
    ['postgresql://ada:p%40ss:w@db.internal/shop', 'db.internal:5432'],
    ['postgres://ada:a@b@db.internal:6432/shop', 'db.internal:6432'],
    ['amqp://queue.internal:5672', 'queue.internal:5672'],
    ['http://[::1]:8080/', '[::1]:8080'],
    ['http://good.example.com\\@evil.example.com/', 'good.example.com:80'],
    ['db.internal', 'db.internal'],
    [' db.internal:5432\n', 'db.internal:5432'],
    ['[fe80::1]:22', '[fe80::1]:22'],
    ['unix:/run/podman/podman.sock', 'unix:/run/podman/podman.sock'],
    ['unix:///run/podman/podman.sock', 'unix:/run/podman/podman.sock'],
    ['http+unix://%2Frun%2Fx.sock/v1', 'unix:/run/x.sock'],
  ])('[EN300] %j is %s', (value, entry) => {
    expect(entries(['$Endpoint'], { Endpoint: value })).toEqual([entry]);
  });

  test.each([
    ['amqp://queue.internal'],
    ['*.example.com'],
    ['*'],
    ['http://*.example.com'],
    ['http:///etc/passwd'],
    ['http://a.example.com:0'],
    ['http://a.example.com:65536'],
    ['http://good.example.com@evil.example.com:99x/'],
    ['a.example.com b.example.com'],
    ['a.example.com/path'],
    ['unix:/run/../x.sock'],
    ['unix:run/x.sock'],
    ['unix://run/x.sock'],
    [`unix:/${'x'.repeat(107)}`],
    ['http+unix://%zz/'],
    ['$Other'],
    ['localhost:http'],
    [`${'a'.repeat(5_000)}`],
    [4711],
    [true],
    [['db.internal']],
    [{ host: 'db.internal' }],
  ] as [Json][])('[EN301] %j is no address; it is named, not told', (value) => {
    const told = entries(['$Endpoint'], { Endpoint: value });
    expect(told).toBe(
      'the secret "secret 1": its member Endpoint, which `@network $Endpoint` names, is not a URL with a port or a scheme that has one, `host`, `host:port` or `unix:/path`',
    );
  });

  test('[EN300] one that is missing or empty adds nothing, nor does one that every object has', () => {
    for (const content of [{}, { Endpoint: '' }, { Endpoint: null }, 'Endpoint', ['Endpoint']] as Json[])
      expect(entries(['$Endpoint', '$Host:$Port'], content)).toEqual([]);
    expect(entries(['$constructor', '$__proto__', '$toString'], {})).toEqual([]);
  });

  test('[EN300] is looked for in every secret of the run, each entry once', () => {
    expect(
      entries(
        ['$Endpoint', 'api.example.com'],
        { Endpoint: 'a.b' },
        { Other: 1 },
        { Endpoint: 'c.d' },
        { Endpoint: 'a.b' },
      ),
    ).toEqual(['a.b', 'c.d']);
  });
});

describe('a host and a port', () => {
  test('[EN300] of two members, or one and a number', () => {
    expect(entries(['$Host:$Port'], { Host: 'db.internal', Port: 6432 })).toEqual(['db.internal:6432']);
    expect(entries(['$Host:$Port'], { Host: '::1', Port: '6432' })).toContain('its member Host');
    expect(entries(['$Host:$Port'], { Host: '[::1]', Port: '06432' })).toEqual(['[::1]:6432']);
    expect(entries(['$Host:5432'], { Host: 'db.internal' })).toEqual(['db.internal:5432']);
    expect(entries(['$Host:$Port'], { Host: 'db.internal' }, { Port: 1 })).toEqual([]);
  });

  test.each([
    [{ Host: 'db.internal:1', Port: 2 }, 'Host', 'a host without a port'],
    [{ Host: 'http://db.internal', Port: 2 }, 'Host', 'a host without a port'],
    [{ Host: 'db.internal', Port: 0 }, 'Port', 'a port from 1 to 65535'],
    [{ Host: 'db.internal', Port: 65_536 }, 'Port', 'a port from 1 to 65535'],
    [{ Host: 'db.internal', Port: 80.5 }, 'Port', 'a port from 1 to 65535'],
    [{ Host: 'db.internal', Port: '80:90' }, 'Port', 'a port from 1 to 65535'],
    [{ Host: 'db.internal', Port: [80] }, 'Port', 'a port from 1 to 65535'],
  ] as [Json, string, string][])('[EN301] %j: %s', (content, member, expected) => {
    expect(entries(['$Host:$Port'], content)).toBe(
      `the secret "secret 1": its member ${member}, which \`@network $Host:$Port\` names, is not ${expected}`,
    );
  });
});
