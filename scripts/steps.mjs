// What the commands of package.json share: check the Node version, install what package-lock.json names, run a child
// process as a timed step, build. Only Node's own modules are imported, because nothing else need be installed yet.
// Progress goes to standard error, so that a command's standard output stays its own.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const nodeMin = [20, 12];

/** Throws when Node is older than `engines` in package.json allows. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1])) {
    throw new Error(`Node ${nodeMin.join('.')} or later is needed, this is ${process.versions.node}.`);
  }
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const say = (line) => process.stderr.write(`${line}\n`);

/** Children that run now, so that an interrupt can end them. */
const running = new Set();
export function stopChildren() {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Runs a child to its end. Answers its exit code (null when it was killed) and, with `capture`, what it printed;
 * otherwise its output passes through to `to`. Over `limitMs` it is killed.
 */
export function runChild(command, args, { capture = false, to = process.stderr, env = process.env, limitMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      stdio: ['ignore', capture ? 'pipe' : to, capture ? 'pipe' : process.stderr],
      shell: process.platform === 'win32' && !/\.exe$/i.test(command),
    });
    running.add(child);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
    const timer = limitMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, output });
    });
  });
}

/** One timed step: says what it does, every 10 s that it still does, and how long it took. */
export async function step(title, body) {
  const since = performance.now();
  say(`${title} ...`);
  const alive = setInterval(() => say(`${title} ... ${seconds(since)}`), 10_000);
  try {
    const value = await body();
    say(`${title}: ${seconds(since)}`);
    return value;
  } catch (error) {
    say(`${title}: failed after ${seconds(since)}`);
    throw error;
  } finally {
    clearInterval(alive);
  }
}

/** A child as a timed step that must succeed; throws with the child's output. */
export async function mustRun(title, command, args, options = {}) {
  await step(title, async () => {
    const { code, output } = await runChild(command, args, { capture: true, ...options });
    if (code !== 0) throw new Error(`${title} failed (exit code ${code ?? 'none, killed'})\n${output.trim()}`);
  });
}

const readLock = (path) => {
  try {
    return JSON.parse(readFileSync(`${root}${path}`, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
};

/** Is every package of package-lock.json installed in its version? Those optional (other platforms) may be absent. */
export function isInstalled() {
  const wanted = readLock('package-lock.json');
  const present = readLock('node_modules/.package-lock.json');
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([name, { version, optional, peer }]) => {
    if (name === '') return true;
    return present[name] === undefined ? optional === true || peer === true : present[name].version === version;
  });
}

/** Installs what package-lock.json names, development packages included whatever NODE_ENV says; no prompt. */
export async function install() {
  requireNode();
  if (isInstalled()) return;
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  const [command, front] = npm !== undefined && /npm-cli\.c?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  await step('Installing packages (npm ci)', async () => {
    const { code } = await runChild(command, [...front, ...args]);
    if (code !== 0) throw new Error(`npm ci failed (exit code ${code})`);
  });
}
