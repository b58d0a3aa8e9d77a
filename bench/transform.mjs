// Merging two long concurrent logs, beside ot-json1, ot-json0 (ShareDB's type), Yjs, Automerge and Loro doing the same
// merge: a document of 10,000 components, two sides of as many single-value sets each, of which a share at the same
// places. Only the merge is measured, each system in a process of its own, all in turns. What has not merged within 240 s
// is given up and gets no ratio, nor is it asked again where more overlaps. Goal: faster than every one of them. Then our
// own by length of the logs and by overlap: it grows with these, never with the product of the logs.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median, readOptions, report, say } from './support/measure.mjs';
import { peers } from './support/transform_peers.mjs';

const { sizes, scaled } = readOptions();
const size = Math.min(10_000, Math.max(...sizes));
const rounds = scaled(9, 2);
const limitMs = 240_000;
/** After one merge of this length no second one is waited for. */
const longMs = 20_000;
const child = fileURLToPath(new URL('support/transform_child.mjs', import.meta.url));

/** A system at work in its process: `round` merges once and answers its figures, undefined when it was given up. */
class System {
  constructor(name, work) {
    this.name = name;
    this.samples = [];
    this.ended = true;
    this.process = spawn(
      process.execPath,
      ['--expose-gc', '--max-old-space-size=4096', child, name, JSON.stringify(work)],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async round() {
    if (!this.ended || (this.samples.at(-1)?.ms ?? 0) > longMs) return;
    this.process.stdin.write('\n');
    const ready = await this.lines.next();
    const timer = setTimeout(() => this.process.kill('SIGKILL'), limitMs);
    const line = ready.done ? ready : await this.lines.next();
    clearTimeout(timer);
    if (!line.done) this.samples.push(JSON.parse(line.value));
    else this.ended = false;
  }

  figure(name) {
    return median(this.samples.map((s) => s[name]));
  }

  close() {
    this.process.kill('SIGKILL');
  }
}

/** The systems on the same work, a round of each in turns. */
async function inTurns(names, work) {
  say(`merging ${work.edits} x ${work.edits}, ${work.overlap * 100} % at the same places, ${work.spread}`);
  const systems = names.map((name) => new System(name, work));
  try {
    for (let i = 0; i < rounds; i++) for (const system of systems) await system.round();
  } finally {
    for (const system of systems) system.close();
  }
  return systems;
}

function reportOwn(metric, own, work) {
  const [sealMs, logsMs, lines] = ['sealMs', 'logsMs', 'lines'].map((name) => own.figure(name));
  report('transform', metric, own.figure('ms'), 'ms', own.samples.length, { ...work, sealMs, logsMs, lines });
}

/** What one that did not end has nothing of: no figure, and no goal met or missed. */
function besidePeer(other, ms) {
  const peerValue = other.figure('ms');
  const ratio = peerValue / ms;
  const parts = other.name.startsWith('ot-') ? { transformMs: other.figure('transformMs') } : {};
  return { peerValue, ratio, ...parts, met: ratio > 1 };
}

let asked = Object.keys(peers);
for (const overlap of [0, 0.01, 0.1, 0.5]) {
  const work = { size, edits: size, overlap, spread: 'mixed' };
  const [own, ...others] = await inTurns(['headwater', ...asked], work);
  reportOwn('merge', own, work);
  // The root's hashes are ours to pay for.
  const ms = own.figure('ms') + own.figure('sealMs');
  for (const other of others) {
    report('transform', `merge_and_root_against_${other.name}`, ms, 'ms', Math.max(1, other.samples.length), {
      ...work,
      peer: other.name,
      ...(other.ended ? besidePeer(other, ms) : { peerEnded: false, limitMs }),
      goal: 1,
    });
  }
  asked = asked.filter((name) => others.find((o) => o.name === name)?.ended);
}

for (const share of [0.1, 0.2, 0.5, 1]) {
  for (const overlap of share === 1 ? [0, 0.01, 0.1, 0.5, 1] : [0.1]) {
    const work = { size, edits: Math.round(size * share), overlap, spread: 'apart' };
    const [own] = await inTurns(['headwater'], work);
    reportOwn('growth', own, work);
  }
}
