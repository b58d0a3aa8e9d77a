// `npm run bench`: builds, then runs the named benchmarks of bench/ (all when none is named) one after the other:
// `npm run bench -- fork commit --components 10000`. Names come first; everything from the first flag on goes to each
// benchmark. Standard output carries only their JSON lines. A benchmark that fails is said so and never fails the run.
import { existsSync, readdirSync } from 'node:fs';
import { build } from './build.mjs';
import { install, root, runChild, step } from './steps.mjs';

try {
  await install();
  await build();
  const folder = `${root}bench`;
  const known = (existsSync(folder) ? readdirSync(folder) : [])
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
    .sort();
  const args = process.argv.slice(2);
  const firstFlag = args.findIndex((a) => a.startsWith('-'));
  const named = firstFlag === -1 ? args : args.slice(0, firstFlag);
  const flags = firstFlag === -1 ? [] : args.slice(firstFlag);
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`No benchmark ${unknown.join(', ')} in bench/; there are: ${known.join(', ') || 'none'}.`);
  }
  for (const name of named.length > 0 ? named : known) {
    await step(`Benchmark ${name}`, async () => {
      const { code } = await runChild(process.execPath, [`${folder}/${name}.mjs`, ...flags], { to: process.stdout });
      if (code !== 0) process.stderr.write(`Benchmark ${name} ended with exit code ${code ?? 'none, killed'}.\n`);
    });
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
