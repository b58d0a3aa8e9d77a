// The application that the demonstration makes: a directory, a program in it, its configuration made of values of others, the
// process that serves it and, where there is a server for it, a database with its owner. Every one is a component; what stands in
// one and follows another is a live subscription.

import type { Json } from '../base/json.ts';

const follows = (component: string, path: string): Json => ({ $source: { component, path } });

const program = `// Serves what the configuration says, read anew for every visitor.
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const settings = () => JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { port } = settings();
createServer((request, response) => {
  const { title, colour, database } = settings();
  response.setHeader('content-type', 'text/html');
  const kept = database === undefined ? '' : \`<p>kept in \${database}</p>\\n\`;
  response.end(\`<h1 style="color: \${colour}">\${title}</h1>\\n\${kept}\`);
}).listen(port, '127.0.0.1', () => console.log('serving at', port));
`;

const withoutDatabase = '{ "title": "${title}", "colour": "${colour}", "port": ${port} }\n';
const withDatabase = '{ "title": "${title}", "colour": "${colour}", "port": ${port}, "database": "${database}" }\n';

type Attributes = { readonly [path: string]: Json };

function made(schema: string, name: string, attributes: Attributes): Json {
  const all = { '/secrets/Machine': { $source: { secret: secretNames.machine } }, ...attributes };
  return { kind: 'component.create', schema: `Local::${schema}`, name, attributes: all };
}

export const secretNames = {
  machine: 'this machine',
  postgres: 'database server',
  password: 'password of the owner',
} as const;

/** A role and a database of the name. */
function databaseEdits(name: string): Json[] {
  const credential = { '/secrets/credential': { $source: { secret: secretNames.postgres } } };
  const of = (schema: string, component: string, attributes: Attributes): Json => ({
    kind: 'component.create',
    schema: `Postgres::${schema}`,
    name: component,
    attributes: { ...credential, ...attributes },
  });
  return [
    of('Role', 'owner', {
      '/domain/Name': name,
      '/domain/Comment': 'made by headwater demo',
      '/secrets/password': { $source: { secret: secretNames.password } },
    }),
    of('Database', 'database', {
      '/domain/Name': follows('owner', '/resource_value/Name'),
      '/domain/Owner': follows('owner', '/resource_value/Name'),
      '/domain/Comment': 'made by headwater demo',
    }),
  ];
}

/** `database`: its name, where there is a server for it. */
export function applicationEdits(port: number, database: string | undefined): Json[] {
  const isKept = database !== undefined;
  const folder = follows('folder', '/resource_value/Path');
  return [
    ...(isKept ? databaseEdits(database) : []),
    made('Directory', 'folder', { '/domain/Path': 'site' }),
    made('File', 'program', { '/domain/Folder': folder, '/domain/Name': 'server.js', '/domain/Content': program }),
    made('Template', 'settings', {
      '/domain/Folder': folder,
      '/domain/Name': 'site.json',
      '/domain/Text': isKept ? withDatabase : withoutDatabase,
      '/domain/Values/title': 'Hello',
      '/domain/Values/colour': 'navy',
      '/domain/Values/port': port,
      ...(isKept ? { '/domain/Values/database': follows('database', '/resource_value/Name') } : {}),
    }),
    made('Process', 'server', {
      '/domain/Name': 'site',
      '/domain/Command': 'node',
      // It is started once both are there.
      '/domain/Arguments': [follows('program', '/resource_value/Name'), follows('settings', '/resource_value/Name')],
      '/domain/Folder': folder,
      '/domain/Triggers/program': follows('program', '/domain/Content'),
      '/domain/HealthUrl': `http://127.0.0.1:${port}/`,
      // That it is gone is for the demonstration to find, not for the agent to mend.
      '/domain/Restart': 'never',
    }),
  ];
}

export const setValue = (component: string, path: string, value: Json): Json => ({
  kind: 'attribute.set',
  component,
  path,
  value,
});
