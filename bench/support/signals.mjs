// The peers of `propagate`, in memory: each builds a graph of shapes.mjs and answers `set(value)`, which returns when all
// is computed, and `last()`, what the last node is. Nothing of theirs is durable, versioned or shared.
import { computed, effect, signal } from 'alien-signals';
import { HyperFormula } from 'hyperformula';

/** A signal, a computed value a node, and an effect on each that nothing else reads, as in that library's own benchmark. */
function alienSignals(nodes) {
  const source = signal(1);
  const isRead = new Set(nodes.flatMap(({ reads }) => reads));
  const values = [source];
  let last;
  for (const [i, { reads, add }] of nodes.entries()) {
    if (i === 0) continue;
    const [a, b] = reads.map((read) => values[read]);
    const node =
      b !== undefined ? computed(() => a() + b()) : add === 0 ? computed(() => a()) : computed(() => a() + add);
    // Read as it is made: a chain computed first from its end goes as deep into the stack as it is long.
    node();
    values.push(node);
    if (i === nodes.length - 1) {
      effect(() => {
        last = node();
      });
    } else if (!isRead.has(i)) effect(() => void node());
  }
  return { set: (value) => source(value), last: () => last, close: () => {} };
}

/** One sheet, one column, a formula a node. */
function hyperFormula(nodes) {
  const rows = nodes.map(({ reads, add }, i) => {
    if (i === 0) return [1];
    const sum = reads.map((read) => `$A$${read + 1}`).join('+');
    return [add === 0 ? `=${sum}` : `=${sum}+${add}`];
  });
  // Without its rounding its numbers are those of everybody else.
  const exact = { smartRounding: false, precisionEpsilon: 0 };
  const sheet = HyperFormula.buildFromArray(rows, { licenseKey: 'gpl-v3', maxRows: rows.length + 1, ...exact });
  const at = (row) => ({ sheet: 0, col: 0, row });
  return {
    set: (value) => sheet.setCellContents(at(0), [[value]]),
    last: () => sheet.getCellValue(at(rows.length - 1)),
    close: () => sheet.destroy(),
  };
}

export const peers = { 'alien-signals': alienSignals, hyperformula: hyperFormula };
