// Names, opening comments, lengths and reach of the source files; the rules of SPEC.md files and the titles that quote
// them; the error codes and their page. Each check also runs on the fixture, where it must find what was put there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorsPage, readCodes } from '../../scripts/errors-doc.mjs';
import { faultCodes, refusalCodes } from '../../src/base/codes.ts';
import { codeFindings } from './checks/codes.ts';
import { headerFindings, lengthFindings, nameFindings, openingCommentLines, reachFindings } from './checks/files.ts';
import { ruleFindings } from './checks/rules.ts';
import { show } from './checks/source_tree.ts';
import { broken, isEntry, repository } from './repository.ts';

/** A file over this many lines is said; over the second number it fails. */
const linesSoftMax = 400;
const linesMax = 500;

describe('names', () => {
  test('say what a file is about', () => {
    expect(show(nameFindings(repository, ['src', 'test', 'scripts', 'bench']))).toEqual([]);
  });

  test('that say nothing are found in the fixture', () => {
    expect(show(nameFindings(broken, ['src', 'test']))).toEqual(['src/model/utils.ts: the name utils says nothing']);
  });
});

describe('opening comments', () => {
  test('stand in every source file', () => {
    expect(show(headerFindings(repository))).toEqual([]);
  });

  test('that are missing are found in the fixture', () => {
    expect(show(headerFindings(broken))).toEqual([
      'src/model/headless.ts:1: opens with 0 lines of comment, not with 2 to 10',
    ]);
  });

  test('are counted in both notations and behind a shebang', () => {
    expect(openingCommentLines('// a\n// b\n\n// c\n')).toBe(2);
    expect(openingCommentLines('/* a\n b\n c */\nx')).toBe(3);
    expect(openingCommentLines('#!/usr/bin/env node\n// a\n// b\nx')).toBe(2);
    expect(openingCommentLines('x\n// a')).toBe(0);
  });
});

describe('lengths', () => {
  /** Of what people write; a table that a build makes is as long as what it is made from. */
  const written = (max: number) => lengthFindings(repository, max).filter((f) => !f.file.includes('/generated/'));

  test(`no file is over ${linesMax} lines`, () => {
    for (const line of show(written(linesSoftMax))) process.stdout.write(`long: ${line}\n`);
    expect(show(written(linesMax))).toEqual([]);
  });

  test('over a bound are found in the fixture', () => {
    expect(show(lengthFindings(broken, 19))).toEqual(['src/base/world.ts: 20 lines, over 19']);
  });
});

describe('reach', () => {
  test('every source file is reached', () => {
    expect(show(reachFindings(repository, isEntry))).toEqual([]);
  });

  test('a dead file is found in the fixture, one named by URL is not', () => {
    expect(show(reachFindings(broken, isEntry))).toEqual(['src/model/dead.ts: nothing reaches this file']);
  });
});

describe('rules', () => {
  test('are each quoted by a test, and no title quotes an unknown one', () => {
    expect(show(ruleFindings(repository))).toEqual([]);
  });

  test('unquoted, repeated and unknown ones are found in the fixture', () => {
    expect(show(ruleFindings(broken))).toEqual([
      'src/model/SPEC.md:4: no test quotes [MO2]',
      'src/model/SPEC.md:6: [MO3] is stated twice',
      'test/noun.test.ts:7: quotes the unknown rule [MO9]',
    ]);
  });
});

describe('error codes', () => {
  test('are each given by something in src/', () => {
    expect(show(codeFindings(repository))).toEqual([]);
  });

  test('that nothing gives are found in the fixture, also when a type names them', () => {
    expect(show(codeFindings(broken))).toEqual(['src/base/codes.ts:5: nothing in src/ gives unused_code']);
  });

  test('docs/errors.md is what scripts/errors-doc.mjs writes', async () => {
    const page = readFileSync(join(repository, 'docs/errors.md'), 'utf8');
    expect(page).toBe(errorsPage({ refusalCodes, faultCodes }));
    expect(errorsPage(await readCodes())).toBe(page);
  });

  test('give another page when the table is another', async () => {
    const other = await readCodes(join(broken, 'src/base/codes.ts'));
    const page = errorsPage({ ...other, faultCodes: {} });
    expect(page).toContain('| `unused_code` | Unused. | Nothing. |');
    expect(page).not.toContain('request_malformed');
  });
});
