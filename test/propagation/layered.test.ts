// The layered graph of the js-reactivity benchmark: every layer's node reads 25 neighbours of the layer before and sums them;
// each step sets one source and reads all leaves. How many functions run is known beforehand.

import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { Path } from '../../src/model/path.ts';
import { Propagation } from '../../src/propagation/propagation.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { smallWorld } from '../support/model_world.ts';

interface Shape {
  readonly width: number;
  /** With the sources. */
  readonly layers: number;
  readonly reads: number;
}

class Layered {
  readonly shape: Shape;
  snapshot: Snapshot;
  readonly ids: ComponentId[][] = [];
  readonly propagation: Propagation;

  constructor(shape: Shape) {
    this.shape = shape;
    const world = smallWorld();
    world.lawful = false;
    const { width, layers, reads } = shape;
    for (let layer = 0; layer < layers; layer++) {
      const before = this.ids.at(-1);
      const row: ComponentId[] = [];
      const requests = Array.from({ length: width }, (_, i) => {
        const id = world.ids.ulid<ComponentId>();
        row.push(id);
        const args = Array.from({ length: reads }, (_, k) => ({
          $source: { component: before?.[(i + k) % width] ?? id, path: '/domain/n' },
        })) as Json[];
        const value = (before === undefined ? i : { $source: { call: 'sum', args } }) as Json;
        return [
          { kind: 'component.create', schema: 'Open', name: `n${layer}-${i}`, id } as const,
          { kind: 'attribute.set', component: id, path: '/domain/n', value } as const,
        ];
      });
      world.do(...requests.flat());
      this.ids.push(row);
    }
    this.snapshot = world.snapshot;
    this.propagation = new Propagation(this.snapshot);
    this.propagation.step(Number.POSITIVE_INFINITY);
  }

  set(i: number, value: number): void {
    const draft = this.snapshot.edit();
    draft.put('cells', `${this.ids[0]![i]}/domain/n`, `{"v":${value}}`);
    this.snapshot = draft.finish();
    this.propagation.moveTo(this.snapshot);
    this.propagation.step(Number.POSITIVE_INFINITY);
  }

  leaves(): number {
    let sum = 0;
    for (const component of this.ids.at(-1)!) {
      const read = this.propagation.read({ component, path: '/domain/n' as Path });
      if (read.state !== 'value') throw new Error(`${component}: ${JSON.stringify(read)}`);
      sum += read.value as number;
    }
    return sum;
  }

  steps(n: number): number {
    const before = this.propagation.runs;
    const { width } = this.shape;
    for (let k = 0; k < n; k++) this.set(k % width, k + (k % width));
    return this.propagation.runs - before;
  }
}

describe('the layered graph', () => {
  test('[PR3] exactly the functions run whose input is another', { timeout: 600_000 }, () => {
    const graph = new Layered({ width: 1_000, layers: 5, reads: 25 });
    expect(graph.propagation.runs).toBe(4_000);
    // Step 0 sets its source to what it is already; each other reaches 25, 49, 73 and 97 nodes of the layers.
    expect(graph.steps(3_000)).toBe(731_756);
    expect(graph.leaves()).toBe(1_171_484_375_000);
    expect(graph.steps(3_000)).toBe(732_000);
    expect(graph.leaves()).toBe(1_171_484_375_000);
  });

  test('[PR3] the same for other shapes', () => {
    for (const [shape, perStep] of [
      [{ width: 10, layers: 5, reads: 1 }, 4],
      [{ width: 10, layers: 12, reads: 10 }, 110],
      [{ width: 100, layers: 3, reads: 2 }, 5],
    ] as const) {
      const graph = new Layered(shape);
      expect(graph.steps(200)).toBe(199 * perStep);
    }
  });
});
