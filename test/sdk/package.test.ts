// The SDK as a package: what is generated is what the routes say, the example of docs/sdk.md runs and has the right types, and
// nothing of Node is in it.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sdkSources } from '../../scripts/sdk.mjs';
import { openApiOf } from '../../src/surfaces/http/openapi.ts';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { Headwater } from '../../src/surfaces/sdk/index.ts';
import { repository } from '../architecture/repository.ts';
import { Served } from '../support/served.ts';

const page = readFileSync(join(repository, 'docs/sdk.md'), 'utf8');
const example = /```ts\n(.*?)```/s.exec(page)![1]!;

/** What a compiler for a browser says of a program that uses the package. */
function complaints(folder: string, text: string): string[] {
  const file = join(folder, 'program.ts');
  writeFileSync(file, text);
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
    types: [],
  });
  return ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
}

describe('headwater/sdk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-sdk-'));
  beforeAll(() => {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    // As an install leaves it.
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(repository, join(folder, 'node_modules/headwater'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('[EN581] has a method for every operation, as the routes have it', () => {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    for (const [name, text] of Object.entries(sdkSources(openApiOf(routes, version)) as Record<string, string>))
      expect(readFileSync(join(repository, 'src/surfaces/sdk/generated', name), 'utf8')).toBe(text);
    const client = new Headwater({ server: 'http://x', token: '' }) as unknown as Record<
      string,
      Record<string, unknown>
    >;
    expect(routes.length).toBeGreaterThan(100);
    for (const { id } of routes) {
      const [group = '', name = ''] = id.split('.');
      expect(client[group[0]!.toLowerCase() + group.slice(1)]?.[name], id).toBeTypeOf('function');
    }
  });

  test('[EN584] the example of the page has the right types for a browser, and runs', async () => {
    expect(complaints(folder, example)).toEqual([]);
    const wrong = example.replace("schemaName: 'AWS::EC2::VPC'", 'schemaName: 5');
    expect(complaints(folder, wrong).join()).toContain("'number' is not assignable to type 'string'");
    expect(complaints(folder, example.replace('headwater.changeSets', 'headwater.changeSet')).join()).toContain(
      "'changeSet' does not exist",
    );
    const { outputText } = ts.transpileModule(example, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    writeFileSync(join(folder, 'program.mjs'), outputText);
    const served = await Served.start(join(folder, 'data'));
    try {
      const run = `import { main } from './program.mjs';\nconsole.log(JSON.stringify(await main(...process.argv.slice(2))));\n`;
      writeFileSync(join(folder, 'run.mjs'), run);
      const args = [join(folder, 'run.mjs'), served.address, served.token!];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
      expect(JSON.parse(stdout)).toEqual(['main', 'public-a', 'mutation']);
    } finally {
      await served.stop();
    }
  }, 60_000);

  test('[EN581] is bundled for a browser with nothing of Node in it', async () => {
    writeFileSync(join(folder, 'page.js'), "export { Headwater } from 'headwater/sdk';\n");
    const bundled = async (input: string) => {
      const said: string[] = [];
      const bundle = await rolldown({
        input: join(folder, input),
        platform: 'browser',
        onLog: (_level, log) => {
          said.push(log.message);
        },
      });
      const { output } = await bundle.generate({ format: 'esm' });
      return { said, code: output[0].code, imports: output[0].imports };
    };
    const { said, code, imports } = await bundled('page.js');
    expect(said).toEqual([]);
    expect(imports).toEqual([]);
    expect(code.includes('/v1/w/{workspace_id}/change-sets')).toBe(true);
    expect(/\bfrom ["']|\brequire\(|\bprocess\.|\bBuffer\b|node:/.exec(code)).toBe(null);
    // The same look finds what is of Node.
    writeFileSync(join(folder, 'node.js'), "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n");
    expect((await bundled('node.js')).imports.length + (await bundled('node.js')).said.length).toBeGreaterThan(0);
  });
});
