// Builds the compact catalogue of AWS resource types: node scripts/build-catalogue.mjs [output directory]
// Runs after tsc: the derivation is compiled code (dist/adapters/catalogue). Does nothing when the directory holds the
// catalogue of this specification made by this code; the key below says what counts.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCatalogue } from '../dist/adapters/catalogue/build.js';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../', import.meta.url));
const packageName = '@aws-cdk/aws-service-spec';

/** Digest of what the catalogue is made from: the specification, this script, the compiled derivation and what it uses. */
function keyOf(specification) {
  const hash = createHash('sha256')
    .update(`${specification}\n`)
    .update(readFileSync(fileURLToPath(import.meta.url)));
  for (const folder of ['base', 'model', 'adapters/catalogue']) {
    const compiled = resolve(root, 'dist', folder);
    const modules = readdirSync(compiled).filter((name) => name.endsWith('.js'));
    for (const name of modules.sort()) hash.update(`${folder}/${name}\n`).update(readFileSync(resolve(compiled, name)));
  }
  return hash.digest('hex');
}

/** The specification in the shape of src/adapters/catalogue/spec.ts. */
function loadSpec() {
  const db = require(packageName).loadAwsServiceSpecSync();
  return { resources: db.all('resource'), definition: (id) => db.get('typeDefinition', id) };
}

const directory = resolve(process.argv[2] ?? resolve(root, 'dist/catalogue'));
const source = `${packageName} ${require(`${packageName}/package.json`).version}`;
const started = performance.now();
const report = buildCatalogue(directory, { origin: 'aws', source, key: keyOf(source) }, loadSpec);
console.log(
  `catalogue: ${report.types} types from ${source}, index ${kib(report.indexBytes)}, data ${kib(report.dataBytes)} in ` +
    `${relative(process.cwd(), directory) || '.'}, ${report.built ? `built in ${Math.round(performance.now() - started)} ms` : 'up to date'}`,
);

function kib(bytes) {
  return `${Math.round(bytes / 1024)} KiB`;
}
