// `npm run build`: compiles every layer in its order (tsc -b over the references of tsconfig.json), copies what is not
// TypeScript (SQL) beside the compiled code, writes the SDK's types from the HTTP API, puts the command line into one
// file, and derives the compact schema catalogue when what it comes from changed.
// Incremental: a build with nothing to do takes about two seconds. Fails with the compiler's own output.
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { bundle } from './bundle.mjs';
import { builtDocument, isSdkWritten, writeSdk } from './sdk.mjs';
import { install, mustRun, root, step } from './steps.mjs';

/** Files below `folder`, relative to it, in name order. */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`.slice(folder.length + 1))
    .sort();
}

const isAsset = (path) => !/\.ts$|\.md$|(^|\/)tsconfig\.json$/.test(path);

function copyAssets() {
  for (const path of filesBelow(`${root}src`).filter(isAsset)) {
    mkdirSync(dirname(`${root}dist/${path}`), { recursive: true });
    copyFileSync(`${root}src/${path}`, `${root}dist/${path}`);
  }
}

/** Provider packages are texts that the engine compiles; what is not there any more goes. */
function copyProviders() {
  const [from, to] = [`${root}providers`, `${root}dist/providers`];
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

/** What the catalogue is made from, as one hash: the script, the code it may use, the version of its data. */
function catalogueStamp(script) {
  const hash = createHash('sha256').update(readFileSync(script));
  for (const folder of [`${root}dist/base`, `${root}dist/model`, `${root}dist/adapters/catalogue`]) {
    for (const path of filesBelow(folder).filter((p) => p.endsWith('.js')))
      hash.update(readFileSync(`${folder}/${path}`));
  }
  const data = JSON.parse(readFileSync(`${root}node_modules/@aws-cdk/aws-service-spec/package.json`, 'utf8'));
  return hash.update(data.version).digest('hex');
}

async function buildCatalogue() {
  const script = `${root}scripts/build-catalogue.mjs`;
  if (!existsSync(script)) return;
  const out = `${root}dist/catalogue`;
  const stampFile = `${root}dist/.build/catalogue.stamp`;
  const stamp = catalogueStamp(script);
  if (existsSync(out) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  await mustRun('Deriving the schema catalogue', process.execPath, [script, out]);
  writeFileSync(stampFile, stamp);
}

/** The SDK is compiled from what the routes of the HTTP API say; another SDK is compiled once more. */
async function compile() {
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const layers = (title, project) => mustRun(title, process.execPath, [tsc, '-b', '--pretty', 'false', project]);
  if (!isSdkWritten()) await layers('Compiling the HTTP API', `${root}src/surfaces/http`);
  else await layers('Compiling', `${root}tsconfig.json`);
  if (writeSdk(await builtDocument())) await layers('Compiling with the SDK', `${root}tsconfig.json`);
}

/** Compiles and completes dist/. Throws with the compiler's output. */
export async function build() {
  copyAssets();
  copyProviders();
  await compile();
  await bundle();
  await buildCatalogue();
}

if (process.argv[1] === import.meta.filename) {
  try {
    await install();
    await step('Building', build);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
