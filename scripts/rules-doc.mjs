// Writes docs/transform-rules.md from src/merge/rules.ts, the one table of the rules of merging. `--check` writes nothing
// and exits 1 when the page is not what the table gives. Reads the source itself, so that no build is needed.
import { readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { root } from './steps.mjs';

const page = `${root}docs/transform-rules.md`;

/** The tables of rules.ts: `{ruleTable, mutationKinds, pairRule}`. */
export async function readRules(file = `${root}src/merge/rules.ts`) {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
  });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}

const row = (cells) => `| ${cells.join(' | ')} |`;
const link = (rule) => `[${rule}](#${rule})`;

function matrix({ mutationKinds, pairRule }) {
  return [
    row(['change set ↓, Head →', ...mutationKinds.map((kind) => `\`${kind}\``)]),
    `|---${'|---'.repeat(mutationKinds.length)}|`,
    ...mutationKinds.map((mine) =>
      row([`\`${mine}\``, ...mutationKinds.map((theirs) => link(pairRule(mine, theirs)))]),
    ),
  ].join('\n');
}

function section([id, { says, when, example, receipt }]) {
  return `### ${id}

${says[0].toUpperCase()}${says.slice(1)}.

- When: ${when}.
- Example: ${example}.
- Receipt: ${receipt === '' ? 'no line, because nothing is lost' : receipt}.`;
}

/** The whole text of docs/transform-rules.md. */
export function rulesPage({ ruleTable, mutationKinds, pairRule }) {
  return `# The rules of merging

Generated from \`src/merge/rules.ts\` by \`node scripts/rules-doc.mjs\`. Every id is stable: receipts and programs name rules
by it.

A change set is merged with one version of Head at a time: when it is caught up, when it is applied, and when an edit comes
late. Where both sides decided the same thing, the change set wins; in a revert, Head does. Nothing is lost in silence: what
is not as somebody wanted it has a line on the receipt, with both authors, what each wanted, what is there now, and the edits
that would give the other outcome. The outcomes of a line:

- \`overridden\`: Head’s edit does not show.
- \`superseded\`: the change set’s edit gave way to Head’s.
- \`dropped\`: the change set’s edit has nothing to stand on.
- \`masked\`: it stands and is hidden by a deletion.
- \`transformed\`: it stands in another form.
- \`parked\`: its value is kept where the schema has no place for it.
- \`repaired\`: the engine made an edit of its own.
- \`noted\`: nothing changed, and somebody should know.

## Every pair of kinds

What two edits come to where they meet, at one key or one inside the other; anywhere else they are ${link('apart')}.

${matrix({ mutationKinds, pairRule })}

## The rules

${Object.entries(ruleTable).map(section).join('\n\n')}
`;
}

if (process.argv[1] === import.meta.filename) {
  const wanted = rulesPage(await readRules());
  if (!process.argv.includes('--check')) {
    writeFileSync(page, wanted);
  } else if (readFileSync(page, 'utf8') !== wanted) {
    process.stderr.write('docs/transform-rules.md is stale: run `node scripts/rules-doc.mjs`.\n');
    process.exitCode = 1;
  }
}
