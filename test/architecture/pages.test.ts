// The pages: links that lead somewhere, and a glossary with one meaning a word; each check also on the fixture.

import { expect, test } from 'vitest';
import { glossaryFindings, linkFindings } from './checks/pages.ts';
import { show } from './checks/source_tree.ts';
import { broken, repository } from './repository.ts';

const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'docs/glossary.md',
  'docs/errors.md',
  'docs/functions.md',
  'src/README.md',
];

test('links lead to files that are there', () => {
  expect(show(linkFindings(repository, pages))).toEqual([]);
});

test('a link to nothing is found in the fixture', () => {
  expect(show(linkFindings(broken, ['README.md']))).toEqual(['README.md:3: links to docs/gone.md, which is not there']);
});

test('the glossary explains each word once', () => {
  expect(show(glossaryFindings(repository, 'docs/glossary.md'))).toEqual([]);
});

test('a word explained twice is found in the fixture', () => {
  expect(show(glossaryFindings(broken, 'docs/glossary.md'))).toEqual(['docs/glossary.md:5: explains noun again']);
});
