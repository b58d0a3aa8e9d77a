// The pages: links that lead somewhere, an index of all of them, and a glossary with one meaning a word; each check also on the fixture.

import { expect, test } from 'vitest';
import { commandTree } from '../../src/surfaces/cli/program.ts';
import { commandFindings } from './checks/commands.ts';
import { glossaryFindings, indexFindings, linkFindings, pagesOf } from './checks/pages.ts';
import { show } from './checks/source_tree.ts';
import { broken, repository } from './repository.ts';

test('links lead to files and headings that are there', () => {
  expect(show(linkFindings(repository, pagesOf(repository)))).toEqual([]);
});

test('links to nothing are found in the fixture', () => {
  expect(
    show(
      linkFindings(
        broken,
        pagesOf(broken).filter((page) => page === 'README.md'),
      ),
    ),
  ).toEqual([
    'README.md:3: links to src/model/SPEC.md#rules, a heading that is not there',
    'README.md:3: links to docs/gone.md, which is not there',
    'README.md:7: links to #nowhere, a heading that is not there',
  ]);
});

test('the index names every page', () => {
  expect(show(indexFindings(repository, 'docs/README.md'))).toEqual([]);
});

test('a page that an index does not name is found in the fixture', () => {
  expect(show(indexFindings(broken, 'README.md'))).toEqual(['README.md:1: does not name docs/glossary.md']);
});

test('the commands that pages show are commands of the program', () => {
  const pages = pagesOf(repository).filter((page) => page !== 'CHANGELOG.md');
  expect(
    show(
      commandFindings(
        repository,
        pages,
        commandTree(async () => {}, ''),
      ),
    ),
  ).toEqual([]);
});

test('commands and options that are none are found in the fixture', () => {
  expect(
    show(
      commandFindings(
        broken,
        ['README.md'],
        commandTree(async () => {}, ''),
      ),
    ),
  ).toEqual([
    'README.md:12: headwater change-set ponder first: there is no command ponder',
    'README.md:13: headwater change-set review first --loud: there is no option --loud',
    'README.md:14: headwater component get web db: takes [options] <component>',
    'README.md:15: headwater change-set apply --json: takes [options] <change-set>',
    'README.md:19: headwater compnent: there is no command compnent',
    'README.md:19: headwater action ponder: there is no command ponder',
  ]);
});

test('the glossary explains each word once', () => {
  expect(show(glossaryFindings(repository, 'docs/glossary.md'))).toEqual([]);
});

test('a word explained twice is found in the fixture', () => {
  expect(show(glossaryFindings(broken, 'docs/glossary.md'))).toEqual(['docs/glossary.md:5: explains noun again']);
});
