// Answers to questions about values, for people: the tree of where one comes from, why a function ran, what an edit
// touches. Functions from replies to lines.

import { brief } from '../../base/json.ts';
import type { BlastRadius } from '../../engine/blast_radius.ts';
import type { Address, Explained, Explanation, FreshnessLine } from '../../engine/explain.ts';
import type { SetBy } from '../../engine/provenance.ts';
import type { Reason, Why } from '../../engine/why.ts';
import { count, paint, table } from './output.ts';
import { timeText } from './render_run.ts';

const valueCharsMax = 60;

const shown = (a: Address): string => `${a.name || a.component} ${a.path}`;

/** The tree, one line a node, with what is to be said of it behind. */
export function explainLines(e: Explanation): string[] {
  const out: string[] = [];
  const walk = (node: Explained, first: string, rest: string): void => {
    const as = node.as === undefined ? '' : paint('dim', `${node.as}: `);
    const name = node.kind === 'argument' ? '' : `${shown(node)}  `;
    out.push(`${first}${as}${name}${valueText(node)}${freshnessText(node.freshness)}`);
    const more = node.from.length > 0;
    for (const line of aboutLines(node)) out.push(`${rest}${more ? '│ ' : '  '}${paint('dim', line)}`);
    node.from.forEach((below, i) => {
      const isLast = i === node.from.length - 1 && node.cut === undefined;
      walk(below, `${rest}${isLast ? '└ ' : '├ '}`, `${rest}${isLast ? '  ' : '│ '}`);
    });
    if (node.cut !== undefined && node.cut !== 'shown elsewhere')
      out.push(
        `${rest}└ ${paint('dim', node.cut === 'depth' ? '… further back, see --depth' : '… more than is shown')}`,
      );
  };
  walk(e.root, '', '');
  return out;
}

function valueText(node: Explained): string {
  const sealed = node.isSealed === true ? paint('dim', '  sealed: made with a secret') : '';
  if (node.valueCut) return paint('dim', '(a long value)') + sealed;
  if (node.value !== undefined) return paint('bold', brief(node.value, valueCharsMax)) + sealed;
  return node.kind === 'members' ? '' : paint('dim', '(no value)');
}

function freshnessText(f: FreshnessLine): string {
  switch (f.state) {
    case 'fresh':
      return '';
    case 'awaiting':
      return paint('yellow', '  awaiting');
    case 'pending':
      return paint('yellow', `  pending${f.waits.length === 0 ? '' : `, waits for ${f.waits.map(shown).join(', ')}`}`);
    case 'error':
      return paint('red', `  ${f.code}: ${f.message}`);
    case 'blocked-by':
      return paint('red', `  blocked by ${shown(f.root)}: ${f.code}: ${f.message}`);
  }
}

function aboutLines(node: Explained): string[] {
  const out: string[] = [];
  const note = node.note === undefined ? '' : `: ${node.note}`;
  switch (node.kind) {
    case 'literal':
      out.push(`declared${setText(node.set)}`);
      break;
    case 'secret':
      out.push(`a secret, referred to${setText(node.set)}`);
      break;
    case 'unset':
      out.push(`declared to have no value${setText(node.set)}`);
      break;
    case 'subscription':
    case 'expression':
      out.push(`follows ${node.follows}${setText(node.set)}`);
      break;
    case 'function':
      out.push(
        `result of the ${node.function?.kind} function ${node.function?.name}, bound${setText(node.function?.bound)}`,
      );
      break;
    case 'argument':
      out.push('given with the binding');
      break;
    case 'part':
      out.push(node.cut === 'shown elsewhere' ? 'shown elsewhere in this tree' : 'part of what is below');
      break;
    case 'members':
      out.push('made of its members; others have the defaults of the schema');
      break;
    case 'default':
      out.push(`default of the schema ${node.schema}`);
      break;
    case 'validation':
      out.push(`the engine’s own: what stands below /domain, held against the schema ${node.schema}`);
      break;
    case 'reality':
      out.push(`from the provider${note}`);
      break;
    case 'none':
      out.push(`nothing is declared there and the schema has no default${note}`);
      break;
    case 'gone':
      out.push('the component is not there');
      break;
  }
  if (node.waitsForPool !== undefined)
    out.push(`waiting for a runner of pool ${node.waitsForPool}, which nothing serves`);
  if (node.run !== undefined)
    out.push(
      node.run === null
        ? 'no run of it is kept'
        : `run ${node.run.id}, ${node.run.status}${node.run.endedAtMs === null ? '' : `, ${timeText(node.run.endedAtMs)}`}`,
    );
  return out;
}

function setText(set: SetBy | null | undefined): string {
  if (set === undefined) return '';
  if (set === null) return '; the trail does not say by whom';
  const merged = set.merged ? ', and merged with others since' : '';
  return ` by ${set.actor}, ${timeText(set.atMs)}, in ${set.changeSet.name || set.changeSet.id} (${set.kind})${merged}`;
}

export function whyLines(w: Why): string[] {
  return [
    ...w.reasons.flatMap((r, i) => [...(i === 0 ? [] : ['']), ...reasonLines(r)]),
    ...(w.isCut ? ['', paint('dim', 'There are more at that path; ask for a narrower one.')] : []),
  ];
}

function reasonLines(r: Reason): string[] {
  const out = [`${shown(r)}  ${paint('bold', r.verdict)}${freshnessText(r.freshness)}`, `  ${r.because}`];
  if (r.codeChanged) out.push('  the text of the function is another than before');
  for (const d of r.differs ?? [])
    out.push(
      `  ${d.name === '' ? 'input' : d.name}  ${d.was ?? '(nothing)'} ${paint('dim', '->')} ${d.is ?? '(nothing)'}`,
    );
  for (const [what, run] of [
    ['run', r.run],
    ['before', r.before],
  ] as const) {
    if (run === null) continue;
    const failure = run.failure === null ? '' : `, ${run.failure.code}`;
    const when = run.endedAtMs === null ? '' : `, ${timeText(run.endedAtMs)}`;
    out.push(paint('dim', `  ${what} ${run.id}, ${run.status}${failure}${when}`));
  }
  return out;
}

export function blastLines(b: BlastRadius): string[] {
  const least = b.isCut ? 'at least ' : '';
  const runs = b.functions.reduce((n, f) => n + f.runs, 0);
  const out = [
    `${least}${count(b.values, 'value')} in ${count(b.components, 'component')}, ${count(b.qualifications, 'qualification')}, ${count(runs, 'run')} of ${count(b.functions.length, 'function')}; nothing was run, and what comes out equal ends it earlier.`,
  ];
  if (b.functions.length > 0)
    out.push(paint('dim', `functions: ${b.functions.map((f) => `${f.name} ${f.runs}`).join(', ')}`));
  out.push(
    ...table(
      b.items.map((i) => [
        `  ${i.distance}`,
        shown(i),
        i.function === null ? '' : `${i.function}()`,
        i.via === null ? '' : paint('dim', `via ${shown(i.via)}`),
      ]),
    ),
  );
  if (b.items.length < b.values) out.push(paint('dim', `  … ${b.values - b.items.length} more, see --limit`));
  return out;
}
