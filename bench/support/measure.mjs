// What every benchmark shares: its arguments, its lines, figures over samples. A line is one figure as JSON on standard
// output; whatever is for people goes to standard error.

/** `--sizes 1000,10000`, `--full` (adds 1,000,000), `--scale 0.1` (rounds and samples), in any order; `--name=value` too. */
export function readOptions(argv = process.argv.slice(2)) {
  const given = new Map();
  for (let i = 0; i < argv.length; i++) {
    const [name, value] = argv[i].replace(/^--/, '').split('=', 2);
    if (value !== undefined) given.set(name, value);
    else if (argv[i + 1] !== undefined && !argv[i + 1].startsWith('--')) given.set(name, argv[++i]);
    else given.set(name, 'true');
  }
  const sizes = (given.get('sizes') ?? '1000,10000,100000').split(',').map(Number);
  if (given.get('full') === 'true' && !sizes.includes(1_000_000)) sizes.push(1_000_000);
  if (!sizes.every((n) => Number.isInteger(n) && n > 0)) throw new Error('--sizes takes numbers of components');
  const scale = Number(given.get('scale') ?? 1);
  return { sizes, scaled: (n, least = 3) => Math.max(least, Math.round(n * scale)) };
}

/** Prints one figure. `more` may hold what it was measured on, what it is compared with, and the goal. */
export function report(bench, metric, value, unit, n, more = {}) {
  const figures = Object.entries({ value, ...more }).map(([k, v]) => [k, typeof v === 'number' ? rounded(v) : v]);
  const { value: first, ...others } = Object.fromEntries(figures);
  process.stdout.write(`${JSON.stringify({ bench, metric, value: first, unit, n, ...others })}\n`);
}

/** Three significant digits below 1,000, whole numbers above: more would be noise. */
export function rounded(value) {
  if (!Number.isFinite(value)) return null;
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** The value below which `share` of the samples lie. */
export function quantile(samples, share) {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (samples) => quantile(samples, 0.5);

/** Milliseconds that `body` takes. */
export async function timed(body) {
  const since = performance.now();
  await body();
  return performance.now() - since;
}

/** Numbers below `n` from a seed (mulberry32, public domain by Tommy Ettinger): the same picks in every run. */
export function picker(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * n);
  };
}

/** The value of a result; a refusal ends the benchmark. */
export function must(result) {
  if (result.ok) return result.value;
  throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
}
