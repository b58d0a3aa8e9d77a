// A graph of components, and its text in the language of Graphviz: `headwater … | dot -Tsvg`. The same graph gives the same
// text.

export interface GraphNode {
  readonly id: string;
  readonly name: string;
  readonly schema: string;
  readonly toDelete: boolean;
}

export interface GraphEdge {
  /** `value`: `to` follows `from`; `order`: `to` waits for `from`; `manages`: `from` manages `to`. */
  readonly kind: 'value' | 'order' | 'manages';
  readonly from: string;
  readonly to: string;
  /** Pointers, of a value. */
  readonly fromPath?: string;
  readonly toPath?: string;
}

export interface Graph {
  /** In order of id. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** There are more components than these. */
  readonly isCut: boolean;
}

const styles: Readonly<Record<GraphEdge['kind'], string>> = {
  value: '',
  order: ', style=dashed',
  manages: ', style=dotted',
};

export function dotOf({ nodes, edges, isCut }: Graph): string {
  const lines = ['digraph headwater {', '  rankdir=LR;', '  node [shape=box];'];
  if (isCut) lines.push('  // There are more components than these.');
  for (const { id, name, schema, toDelete } of nodes) {
    const style = toDelete ? ', style=dashed' : '';
    lines.push(`  ${quoted(id)} [label=${quoted(`${name}\n${schema}`)}${style}];`);
  }
  for (const { kind, from, to, toPath = kind } of edges)
    lines.push(`  ${quoted(from)} -> ${quoted(to)} [label=${quoted(toPath)}${styles[kind]}];`);
  return `${[...lines, '}'].join('\n')}\n`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
