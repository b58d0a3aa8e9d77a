// Named documents in memory with compare-and-set, as a run store keeps them; `beforeWrite` lets a test step in between a read
// and its write, where another process could.

import type { RunStore } from '../../src/ports/run_store.ts';

export class MemoryDocuments implements Pick<RunStore, 'readDocument' | 'writeDocument'> {
  readonly texts = new Map<string, string>();
  beforeWrite: (() => Promise<void>) | undefined;

  async readDocument(workspace: string, name: string): Promise<string | undefined> {
    await Promise.resolve();
    return this.texts.get(`${workspace}/${name}`);
  }

  async writeDocument(workspace: string, name: string, text: string, expected: string | undefined): Promise<boolean> {
    await Promise.resolve();
    const step = this.beforeWrite;
    this.beforeWrite = undefined;
    await step?.();
    if (this.texts.get(`${workspace}/${name}`) !== expected) return false;
    this.texts.set(`${workspace}/${name}`, text);
    return true;
  }
}
