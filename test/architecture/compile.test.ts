// The compiler as a wall: a small project with the configuration of this one, in which each forbidden thing is tried in
// a file of its own and must not compile. The same things where they are allowed must compile, so that a probe which
// fails for another reason (a missing file, a broken configuration) is noticed.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tsconfigOf, units } from '../../scripts/layers.mjs';
import { repository } from './repository.ts';

const folder = mkdtempSync(join(tmpdir(), 'headwater-walls-'));
const shared = ['tsconfig.strict.json', 'tsconfig.pure.json', 'tsconfig.node.json', 'package.json'];
const inProject = new Set(['base', 'model', 'formats', 'adapters/memory', 'adapters/sqlite']);

/** What is tried: file -> its text, and the compiler's error, if one is expected. */
const probes: Record<string, { text: string; error?: RegExp }> = {
  'src/model/noun.ts': { text: 'export const noun = 1;' },
  'src/model/downward.ts': { text: "import { low } from '../base/low.ts';\nexport const x = low;" },
  'src/base/low.ts': { text: 'export const low = 1;' },
  'src/base/upward.ts': {
    text: "import { noun } from '../model/noun.ts';\nexport const x = noun;",
    error: /TS(6059|6307)/,
  },
  'src/base/files.ts': {
    text: "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;",
    error: /TS2(307|591)/,
  },
  'src/base/timers.ts': { text: 'export const x = setTimeout(() => 1, 1);', error: /TS2(304|591)/ },
  'src/base/network.ts': { text: "export const x = fetch('/');", error: /TS2(304|591)/ },
  'src/base/printing.ts': { text: "console.log('x');", error: /TS2(304|584|591)/ },
  'src/base/environment.ts': { text: 'export const x = process.env;', error: /TS2(304|580|591)/ },
  'src/base/digest.ts': { text: 'export const x = crypto.subtle;', error: /TS2(304|591)/ },
  'src/formats/text.ts': { text: "import { parse } from 'yaml';\nexport const x = parse('a: 1');" },
  'src/formats/leak.ts': {
    text: "import { parse } from 'yaml';\nexport const x = [parse, process.env];",
    error: /TS2(304|580|591)/,
  },
  'src/adapters/memory/store.ts': { text: 'export const store = 1;' },
  'src/adapters/sqlite/world.ts': {
    text: "import { readFileSync } from 'node:fs';\nexport const x = [readFileSync, setTimeout, fetch, process, console, crypto];",
  },
  'src/adapters/sqlite/downward.ts': { text: "import { noun } from '../../model/noun.ts';\nexport const x = noun;" },
  'src/adapters/sqlite/sideward.ts': {
    text: "import { store } from '../memory/store.ts';\nexport const x = store;",
    error: /TS(6059|6307)/,
  },
};

/** Errors of building the project: file -> texts such as `TS2304: Cannot find name 'fetch'.` */
const errors = new Map<string, string[]>();

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function compile(id: string): void {
  const config = ts.getParsedCommandLineOfConfigFile(join(folder, `src/${id}/tsconfig.json`), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (d) => {
      throw new Error(ts.flattenDiagnosticMessageText(d.messageText, '\n'));
    },
  });
  if (config === undefined) throw new Error(`no configuration of ${id}`);
  const { fileNames, options, projectReferences } = config;
  const program = ts.createProgram({
    rootNames: fileNames,
    options: { ...options, noEmit: false },
    ...(projectReferences === undefined ? {} : { projectReferences }),
  });
  for (const d of [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics]) {
    const path = d.file?.fileName.slice(folder.length + 1) ?? '';
    const text = `TS${d.code}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`;
    errors.set(path, [...(errors.get(path) ?? []), text]);
  }
}

beforeAll(() => {
  for (const name of shared) cpSync(join(repository, name), join(folder, name));
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const [path, { text }] of Object.entries(probes)) write(path, `${text}\n`);
  const built = units().filter((unit) => inProject.has(unit.id));
  for (const unit of built) {
    write(
      `src/${unit.id}/tsconfig.json`,
      tsconfigOf({ ...unit, mayImport: unit.mayImport.filter((id) => inProject.has(id)) }),
    );
  }
  for (const unit of built) compile(unit.id);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the compiler', () => {
  for (const [path, { error }] of Object.entries(probes)) {
    if (error === undefined) test(`accepts ${path}`, () => expect(errors.get(path)).toBeUndefined());
    else test(`refuses ${path}`, () => expect((errors.get(path) ?? []).join('\n')).toMatch(error));
  }

  test('complains about nothing else', () => {
    expect([...errors.keys()].filter((path) => probes[path]?.error === undefined)).toEqual([]);
  });
});
