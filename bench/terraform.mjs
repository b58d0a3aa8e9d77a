// One edit of a linked model until its new plan is ready, beside terraform on the same graph: an edit that makes 34 of 1,000,
// 55 of 5,000 and 60 of 10,000 components others. Ours, in an engine that is serving: the edit submitted (logged, synced),
// all values settled, the review of the change set against Head read; `cold` with nothing computed yet. Theirs: `terraform plan` and
// `terraform plan -refresh=false` of builtin resources with a state on disk. Both have to change exactly those components.
// The start of a process of our own command line is measured apart. Goals: 500 times faster at 5,000, 1,000 times at
// 10,000, and flat as the model grows. Without terraform `peer` is null; a plan that does not end in time has no ratio.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { callOperation } from '../dist/engine/operations.js';
import { serveIpc } from '../dist/surfaces/ipc/server.js';
import { componentId } from './support/estate.mjs';
import { median, must, quantile, readOptions, report, say, timed } from './support/measure.mjs';
import { headKnown, inFolder, loadGraph, quiet, setValue, valuePath } from './support/model.mjs';
import { linkedModel, reached, reachOf } from './support/reach.mjs';
import { open, principal, workspaceName } from './support/seeded.mjs';
import { valuesOf } from './support/shapes.mjs';
import { makeProject, terraformVersion } from './support/terraform.mjs';

const { sizes, scaled } = readOptions();
const most = Math.max(...sizes);
const plans = { plan: [], plan_without_refresh: ['-refresh=false'] };
const goals = new Map([
  [5_000, 500],
  [10_000, 1_000],
]);
const measured = [...reached].filter(([size]) => size <= most && (size >= 1_000 || most < 1_000));
const rounds = scaled(40, 3);
const starts = scaled(10, 2);
const theirs = scaled(3, 1);
const limitMs = 900_000;
/** After one plan of this length no second one is waited for. */
const longMs = 20_000;
const program = fileURLToPath(new URL('../dist/main/headwater.js', import.meta.url));
const attemptsMax = 5;
const execute = promisify(execFile);

/** Exactly what is behind the edit has changed, and to what it has to be. */
function checkReview({ components, summary }, model, value) {
  const { nodes, edited } = model;
  const values = valuesOf(nodes, 1, new Map([[edited, value]]));
  const wanted = [...reachOf(nodes, edited)].map((i) => `${componentId(i)} ${valuePath} ${values[i]}`);
  const got = components.flatMap(({ id, attributes }) => attributes.map((a) => `${id} ${a.path} ${a.new.value}`));
  if (wanted.sort().join('\n') !== got.sort().join('\n'))
    throw new Error(`the review has ${got.length} values, not the ${wanted.length} that the edit reaches`);
  return summary.values + summary.derived;
}

/** Milliseconds of a command of our own; one that could not reach the engine in time (exit code 75) is repeated. */
async function command(...args) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await timed(() => execute(process.execPath, [program, ...args]));
    } catch (e) {
      if (e.code !== 75 || attempt === attemptsMax) throw e;
      say('the engine was too busy to be reached; once more');
    }
  }
}

/** Runs `body` while other processes can work on the folder through this engine. */
async function served({ folder, engine }, body) {
  const handle = (method, params) => callOperation({ engine, principal, progress: () => {} }, method, params);
  const server = await serveIpc({ folder, handle });
  try {
    return await body();
  } finally {
    await server.drain();
    await server.close();
  }
}

async function measureOwn(model) {
  return inFolder(async (opened) => {
    const { folder, engine, workspace } = opened;
    await loadGraph(workspace, model.nodes);
    const call = { engine, principal, progress: () => {} };
    const read = async (changeSet) =>
      must(await callOperation(call, 'change_set.review', { workspace: workspaceName, changeSet }));
    const samples = { ready: [], submit: [], settle: [], review: [], ran: [], start: [], command: [] };
    /** A change set just opened, one edit in it, its new plan. */
    const planOnce = async (value, into) => {
      const changeSet = await open(workspace, `plan ${value}`);
      let values;
      let review;
      const submitMs = await timed(() => setValue(workspace, changeSet, model.edited, value));
      const settleMs = await timed(async () => {
        values = await quiet(workspace, changeSet);
      });
      const reviewMs = await timed(async () => {
        review = await read(changeSet);
      });
      into.submit.push(submitMs);
      into.settle.push(settleMs);
      into.review.push(reviewMs);
      into.ready.push(submitMs + settleMs + reviewMs);
      into.ran.push(values.runs);
      if (into === samples && values.runs !== model.reach - 1)
        throw new Error(`${values.runs} values were computed for an edit behind which there are ${model.reach - 1}`);
      return { changeSet, changed: checkReview(review, model, value) };
    };
    const cold = { ready: [], submit: [], settle: [], review: [], ran: [] };
    await planOnce(2, cold);
    await headKnown(workspace, model.nodes.length);
    let last;
    for (let i = 0; i < rounds; i++) last = await planOnce(i + 3, samples);
    const { changeSet, changed } = last;
    await served(opened, async () => {
      const args = ['--data', folder, '--workspace', workspaceName, '--json', 'change-set', 'review', changeSet];
      for (let i = 0; i < starts; i++) {
        samples.start.push(await command('--version'));
        samples.command.push(await command(...args));
      }
    });
    return { changed, samples, cold };
  });
}

/** Milliseconds of each plan that ended, and how many resources it changes. */
async function measureTerraform(project, args) {
  const out = { samples: [], changed: undefined, ended: true };
  for (let i = 0; i < theirs && out.ended && (out.samples.at(-1) ?? 0) < longMs; i++) {
    const plan = await project.plan(args, limitMs);
    out.ended = plan !== undefined;
    if (plan === undefined) continue;
    out.samples.push(plan.ms);
    out.changed = plan.changed;
  }
  return out;
}

function besideTerraform(metric, { ms, more, size, changed }, args, plan) {
  const goal = goals.has(size) ? { goal: goals.get(size) } : {};
  const peer = ['terraform plan', ...args].join(' ');
  const line = (others) => report('terraform', metric, ms, 'ms', rounds, { ...more, ...others, ...goal });
  if (plan === undefined) line({ peer: null });
  else if (plan.samples.length === 0) line({ peer, peerEnded: false, limitMs });
  else {
    if (plan.changed !== changed) throw new Error(`${peer} changes ${plan.changed}, not ${changed}`);
    const ratio = median(plan.samples) / ms;
    const met = goal.goal === undefined ? {} : { met: ratio >= goal.goal };
    const peerRounds = plan.samples.length;
    line({ peer, peerValue: median(plan.samples), peerRounds, peerChanged: plan.changed, ratio, ...met });
  }
}

const version = terraformVersion();
if (version === undefined) say('There is no terraform on the PATH: its figures are missing.');
const own = new Map();
for (const [size, reach] of measured) {
  const model = linkedModel(size, reach);
  const { changed, samples, cold } = await measureOwn(model);
  if (changed !== reach) throw new Error(`${changed} values changed, not ${reach}`);
  const ms = median(samples.ready);
  own.set(size, ms / reach);
  const parts = {
    submitMs: median(samples.submit),
    settleMs: median(samples.settle),
    reviewMs: median(samples.review),
  };
  const more = { size, reach };
  report('terraform', 'new_plan', ms, 'ms', rounds, {
    ...more,
    changed,
    ran: median(samples.ran),
    ...parts,
    p90: quantile(samples.ready, 0.9),
  });
  report('terraform', 'new_plan_cold', cold.ready[0], 'ms', 1, {
    ...more,
    ran: cold.ran[0],
    settleMs: cold.settle[0],
    reviewMs: cold.review[0],
  });
  report('terraform', 'process_start', median(samples.start), 'ms', starts, more);
  report('terraform', 'review_from_a_process', median(samples.command), 'ms', starts, more);
  const project = version === undefined ? undefined : makeProject(model.nodes, model.edited, version);
  try {
    for (const [name, args] of Object.entries(plans)) {
      const plan = project && (await measureTerraform(project, args));
      besideTerraform(`new_plan_beside_${name}`, { ms, more, size, changed }, args, plan);
    }
  } finally {
    project?.remove();
  }
}
const [smallest, largest] = [measured[0][0], measured.at(-1)[0]];
if (smallest !== largest) {
  const growth = own.get(largest) / own.get(smallest);
  const more = { from: smallest, to: largest, goal: 1.5, met: growth <= 1.5 };
  report('terraform', 'growth_by_changed_component', growth, 'times', rounds, more);
}
