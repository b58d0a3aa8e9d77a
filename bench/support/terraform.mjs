// A linked model (reach.mjs) as a terraform project: one builtin `terraform_data` a component, its input the sum of the
// outputs of those it reads. The state is written here, as terraform itself would have written it after an apply: no
// apply of 5,000 ends in a quarter of an hour. Nothing is downloaded: the provider is part of the binary.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { valuesOf } from './shapes.mjs';

const nameOf = (i) => `r${i}`;
const id = (i) => `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;

/** Is there a terraform? Its version as it says it, undefined when there is none. */
export function terraformVersion() {
  const { status, stdout } = spawnSync('terraform', ['version', '-json'], { encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout).terraform_version : undefined;
}

function configuration(nodes, sourceOf) {
  const resources = nodes.map(({ reads }, i) => {
    const sum = reads.map((read) => `terraform_data.${nameOf(read)}.output`).join(' + ');
    return [nameOf(i), { input: reads.length === 0 ? sourceOf(i) : `\${${sum}}` }];
  });
  return { resource: { terraform_data: Object.fromEntries(resources) } };
}

function state(nodes, version) {
  const values = valuesOf(nodes, 1);
  /** All that a resource depends on in the end: so terraform keeps it. */
  const ancestors = [];
  for (const { reads } of nodes) ancestors.push(new Set(reads.flatMap((read) => [read, ...ancestors[read]])));
  const instance = (i) => {
    const value = { value: values[i], type: 'number' };
    const dependencies = [...ancestors[i]].map((a) => `terraform_data.${nameOf(a)}`).sort();
    return {
      schema_version: 0,
      attributes: { id: id(i), input: value, output: value, triggers_replace: null },
      sensitive_attributes: [],
      ...(dependencies.length === 0 ? {} : { dependencies }),
    };
  };
  return {
    version: 4,
    terraform_version: version,
    serial: 1,
    lineage: id(0),
    outputs: {},
    resources: nodes.map((_, i) => ({
      mode: 'managed',
      type: 'terraform_data',
      name: nameOf(i),
      provider: 'provider["terraform.io/builtin/terraform"]',
      instances: [instance(i)],
    })),
    check_results: null,
  };
}

/** A folder in which the state is all ones and their sums, and the configuration has another value for `edited`. */
export function makeProject(nodes, edited, version) {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-terraform-'));
  const write = (file, content) => writeFileSync(join(folder, file), JSON.stringify(content));
  write(
    'main.tf.json',
    configuration(nodes, (i) => (i === edited ? 2 : 1)),
  );
  write('terraform.tfstate', state(nodes, version));
  return { plan: (args, limitMs) => plan(folder, args, limitMs), remove: () => rmSync(folder, { recursive: true }) };
}

/** Milliseconds of one plan and how many resources it changes; undefined when it did not end in time. */
function plan(folder, args, limitMs) {
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
    const all = ['plan', '-input=false', '-lock=false', '-no-color', ...args];
    const child = spawn('terraform', all, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let isGivenUp = false;
    const timer = setTimeout(() => {
      isGivenUp = true;
      child.kill('SIGKILL');
    }, limitMs);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'])
      child[name].setEncoding('utf8').on('data', (text) => {
        said[name] += text;
      });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      const ms = performance.now() - since;
      if (isGivenUp) return resolve(undefined);
      const found = /Plan: (\d+) to add, (\d+) to change, (\d+) to destroy/.exec(said.stdout);
      if (code !== 0 || found === null) return reject(new Error(`terraform plan: ${code} ${said.stderr}`));
      const [added, changed, destroyed] = found.slice(1).map(Number);
      if (added + destroyed > 0) return reject(new Error(`terraform plan: ${found[0]}`));
      return resolve({ ms, changed });
    });
  });
}

/** Milliseconds of `terraform apply` of `size` resources, each reading the output of `before(i)`; undefined: not in time. */
export async function applyLayers({ size, before, limitMs }) {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-terraform-'));
  try {
    const resources = Array.from({ length: size }, (_, i) => {
      const follows = before(i);
      return [nameOf(i), { input: follows === undefined ? i : `\${terraform_data.${nameOf(follows)}.output}` }];
    });
    const all = { resource: { terraform_data: Object.fromEntries(resources) } };
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(all));
    const run = (args) =>
      new Promise((resolve, reject) => {
        const since = performance.now();
        const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
        const child = spawn('terraform', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
        const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
        let said = '';
        child.stdout.setEncoding('utf8').on('data', (text) => {
          said = (said + text).slice(-4_096);
        });
        child.on('error', reject);
        child.on('close', (code, signal) => {
          clearTimeout(timer);
          if (signal === 'SIGKILL') return resolve(undefined);
          if (code !== 0) return reject(new Error(`terraform ${args[0]}: ${code}`));
          return resolve({ ms: performance.now() - since, said });
        });
      });
    await run(['init', '-input=false', '-no-color']);
    const applied = await run(['apply', '-auto-approve', '-input=false', '-lock=false', '-no-color']);
    if (applied === undefined) return undefined;
    if (!applied.said.includes(`${size} added`)) throw new Error(`terraform apply: ${applied.said}`);
    return applied.ms;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
