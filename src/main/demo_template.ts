// The demonstration on the model: a real kind of template and a type of one's own, through the command line as a user would,
// each command shown with what it printed. Works in a temporary data folder and leaves nothing behind.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sameJson } from '../base/json.ts';
import { Fault, must } from '../base/result.ts';
import { parseTemplate } from '../formats/cloudformation/parse.ts';

const bin = fileURLToPath(new URL('./headwater.js', import.meta.url));
const template = fileURLToPath(new URL('../../examples/network.yaml', import.meta.url));
const service = fileURLToPath(new URL('../../examples/service', import.meta.url));
let folder = '';

/** Runs one command line and shows it. Ends the demonstration when the exit code is another than expected. */
function run(what: string, args: readonly string[], expected = 0): string {
  const shown = args
    .map((a) => (/^[\w./:@*=-]+$/.test(a) ? a : `'${a}'`))
    .join(' ')
    .replace(template, 'examples/network.yaml')
    .replace(service, 'examples/service')
    .replace(folder, '/tmp/demo');
  process.stdout.write(`${what === '' ? '' : `\n# ${what}`}\n$ headwater ${shown}\n`);
  const done = spawnSync(process.execPath, [bin, '--data', join(folder, 'data'), ...args], { encoding: 'utf8' });
  process.stdout.write(
    (done.stderr + done.stdout).replaceAll(folder, '/tmp/demo').replaceAll(service, 'examples/service'),
  );
  if (done.status !== expected) {
    throw new Fault('demo_failed', `expected exit code ${expected} and got ${done.status}`);
  }
  return done.stdout;
}

/** A type written by its user, with functions of three kinds, beside the catalogue's. */
function ownType(): void {
  const file = (name: string): string => join(service, name);
  const here = ['--change-set', 'our services'];
  const type = 'Acme::Service';
  run('A type of your own is a definition in TypeScript: checked with its types…', [
    'schema',
    'check',
    file('schema.ts'),
  ]);
  run('', ['change-set', 'create', 'our services']);
  run('…and run in a sandbox, with its text kept beside it.', [
    'schema',
    'author',
    file('schema.ts'),
    '--name',
    type,
    ...here,
  ]);
  const args = ['scheme', 'host', 'port'].map((n) => `${n}=/domain/${n[0]!.toUpperCase()}${n.slice(1)}`);
  run('Functions of three kinds: a value made of others, code, and a qualification.', [
    ...[
      'function',
      'create',
      'url',
      file('url.ts'),
      '--kind',
      'attribute',
      '--schema',
      type,
      '--output',
      '/domain/Url',
    ],
    ...args.flatMap((a) => ['--argument', a]),
    ...here,
  ]);
  for (const [name, kind] of [
    ['proxy', 'code-generation'],
    ['encrypted', 'qualification'],
  ] as const)
    run('', ['function', 'create', name, file(`${name}.ts`), '--kind', kind, '--schema', type, ...here]);
  run('', ['function', 'create', 'shout', file('shout.ts'), '--kind', 'transformation', ...here]);
  run('A component of it, and one of the catalogue that follows what the function makes.', [
    ...['component', 'create', type, 'shop', ...here],
  ]);
  run('', ['component', 'set', 'shop', '/domain/Host', 'shop.example', ...here]);
  run('', ['component', 'create', 'AWS::SSM::Parameter', 'shop-url', ...here]);
  run('', ['component', 'subscribe', 'shop-url', '/domain/Value', 'shop', '/domain/Url', ...here]);
  run('', [
    'component',
    'subscribe',
    'shop-url',
    '/domain/Description',
    'shop',
    '/domain/Label',
    '--function',
    'shout',
    ...here,
  ]);
  run('What is missing of it says the validation, which every component has whose schema asks for something.', [
    ...['component', 'get', 'shop-url', ...here],
  ]);
  run('', ['component', 'set', 'shop-url', '/domain/Type', 'String', ...here]);
  run('Values, code and qualifications, `validation` being the engine’s own.', ['component', 'get', 'shop', ...here]);
  run('', ['component', 'get', 'shop-url', ...here]);
  run('An input is changed…', ['component', 'set', 'shop', '/domain/Scheme', 'http', ...here]);
  run('', ['component', 'get', 'shop', ...here]);
  run('…and this is what ran for it, newest first; what had run with the same input did not run again.', [
    'run',
    'list',
    ...here,
  ]);
  run('Where a value comes from.', ['explain', 'shop-url', '/domain/Value', ...here]);
  managed(file('publish.ts'), type, here);
  run('', ['change-set', 'apply', 'our services']);
}

/** A function that edits: what it returns is first shown, then carried out. */
function managed(file: string, type: string, here: readonly string[]): void {
  run('A function that edits other components: here it creates two that follow this one.', [
    ...['function', 'create', 'publish', file, '--kind', 'management', '--schema', type, ...here],
  ]);
  run('', ['management', 'run', 'shop', 'publish', '--dry-run', ...here]);
  run('What it returns is one batch of edits.', ['management', 'run', 'shop', 'publish', ...here]);
  run('', ['component', 'get', 'shop.url', ...here]);
  run('Run again it finds them there.', ['management', 'run', 'shop', 'publish', ...here]);
}

/** Fault `demo_failed` when something is not as it is told. */
export function templateDemo(): void {
  folder = mkdtempSync(join(tmpdir(), 'headwater-demo-'));
  try {
    tellAll();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tellAll(): void {
  run('A CloudFormation template becomes components and live subscriptions, in a change set of its own.', [
    'change-set',
    'create',
    'first network',
  ]);
  run('', ['import', 'cloudformation', template, '--change-set', 'first network']);
  run('What it would change, value by value.', ['change-set', 'review', 'first network', '--detailed-exitcode'], 2);
  run('Make it part of Head.', ['change-set', 'apply', 'first network']);
  run('One value is edited, in a second change set…', ['change-set', 'create', 'go to production']);
  run('', ['component', 'set', 'Environment', '/domain/Value', 'prod', '--change-set', 'go to production']);
  run(
    '…and the review shows everything that follows it.',
    ['change-set', 'review', 'go to production', '--detailed-exitcode'],
    2,
  );
  run(
    'A wrong edit is refused with what was expected; nothing changes.',
    ['component', 'set', 'Network', '/domain/CidrBlok', '10.0.0.0/8', '--change-set', 'go to production'],
    1,
  );
  run('', ['change-set', 'apply', 'go to production']);
  run('Where every value of a component comes from.', ['component', 'get', 'PublicSubnet']);
  run('Find components by type and value.', ['component', 'search', 'schema:AWS::EC2::* & CidrBlock:10.20.*']);
  run('Who did what to a component.', ['history', 'Environment']);
  run('What Head looked like before.', ['diff', 'HEAD@2', 'HEAD']);
  const exported = join(folder, 'network.yaml');
  run('Back to a template.', ['export', 'cloudformation', 'network', '-o', exported]);
  const [before, after] = [template, exported].map((f) => must(parseTemplate(readFileSync(f, 'utf8'))));
  process.stdout.write(
    `The exported template ${sameJson(before, after) ? 'equals' : 'DIFFERS FROM'} the one imported.\n`,
  );
  ownType();
  run('The audit trail is whole, and everything in the store is what its hash says.', ['audit', 'verify']);
  run('', ['verify']);
  if (!sameJson(before, after))
    throw new Fault('demo_failed', 'the exported template is another than the one imported');
}
