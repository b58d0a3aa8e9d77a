// The application that the demonstration makes: a directory, a program in it, its configuration made of values of others, a page
// made of a template, and the process that serves it. Every one is a component; what stands in one and follows another is a
// live subscription.

import type { Json } from '../base/json.ts';

const follows = (component: string, path: string): Json => ({ $source: { component, path } });

const program = `// Serves what the configuration says, read anew for every visitor.
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { port } = JSON.parse(readFileSync('site.json', 'utf8'));
createServer((request, response) => {
  const { title, colour } = JSON.parse(readFileSync('site.json', 'utf8'));
  response.setHeader('content-type', 'text/html');
  response.end(\`<h1 style="color: \${colour}">\${title}</h1>\\n\`);
}).listen(port, '127.0.0.1', () => console.log('serving at', port));
`;

const configuration = '{ "title": "${title}", "colour": "${colour}", "port": ${port} }\n';

function made(schema: string, name: string, attributes: { readonly [path: string]: Json }): Json {
  const all = { '/secrets/Machine': { $source: { secret: 'this machine' } }, ...attributes };
  return { kind: 'component.create', schema: `Local::${schema}`, name, attributes: all };
}

export const componentNames = ['folder', 'program', 'settings', 'server'] as const;

export function applicationEdits(port: number): Json[] {
  const folder = follows('folder', '/resource_value/Path');
  return [
    made('Directory', 'folder', { '/domain/Path': 'site' }),
    made('File', 'program', { '/domain/Folder': folder, '/domain/Name': 'server.js', '/domain/Content': program }),
    made('Template', 'settings', {
      '/domain/Folder': folder,
      '/domain/Name': 'site.json',
      '/domain/Text': configuration,
      '/domain/Values': { title: 'Hello', colour: 'navy', port },
    }),
    made('Process', 'server', {
      '/domain/Name': 'site',
      '/domain/Command': 'node',
      '/domain/Arguments/-': follows('program', '/domain/Name'),
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
