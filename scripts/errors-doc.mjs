// Writes docs/errors.md from src/base/codes.ts, the one table of refusal and fault codes. `--check` writes nothing and
// exits 1 when the page is not what the table gives. Reads the source itself, so that no build is needed.
import { readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { root } from './steps.mjs';

const page = `${root}docs/errors.md`;

/** The tables of codes.ts: `{refusalCodes, faultCodes}`, each code -> {means, next}. */
export async function readCodes(file = `${root}src/base/codes.ts`) {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (codes) =>
  [
    '| code | what it means | what to do next |',
    '|---|---|---|',
    ...Object.entries(codes).map(([code, { means, next }]) => `| \`${code}\` | ${cell(means)} | ${cell(next)} |`),
  ].join('\n');

/** The whole text of docs/errors.md. */
export function errorsPage({ refusalCodes, faultCodes }) {
  return `# Error codes

Generated from \`src/base/codes.ts\` by \`node scripts/errors-doc.mjs\`. Codes are stable: programs may depend on them,
the wording around them may change.

Every refusal has the same shape: \`{code, path, expected, got, hint}\`. \`path\` is a JSON pointer into the request or
the component, \`hint\` says what to do next.

## Refusals

The request is at fault or has lost a race; the state is as if it had not been made. Where several apply, the one that
stands first in this table is reported.

${table(refusalCodes)}

## Faults

The outside world failed: a disk, a lock, damaged data, another process.

${table(faultCodes)}
`;
}

if (process.argv[1] === import.meta.filename) {
  const wanted = errorsPage(await readCodes());
  if (!process.argv.includes('--check')) {
    writeFileSync(page, wanted);
  } else if (readFileSync(page, 'utf8') !== wanted) {
    process.stderr.write('docs/errors.md is stale: run `node scripts/errors-doc.mjs`.\n');
    process.exitCode = 1;
  }
}
