// `npm run demo`: does all the set-up on a fresh machine (install, build) and then runs the demonstration, which is part
// of the package itself: src/main/demo.ts. It prints what it did; its arguments are those given behind `--`.
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { install, root } from './steps.mjs';

try {
  await install();
  await build();
  const demo = `${root}dist/main/demo.js`;
  if (!existsSync(demo)) throw new Error('The build made no dist/main/demo.js: src/main/demo.ts is missing.');
  await import(pathToFileURL(demo).href);
} catch (error) {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  process.exitCode = 1;
}
