// Which of several queues, one for each priority, whoever takes from them asks first: the most urgent, except that what waits
// with a lower priority is not passed over for ever. For every so many that were taken past a priority (`natsPassedOverMax`) it
// has one coming, and is asked first. What was found to be empty has nothing coming.

import { limits } from '../base/limits.ts';
import { type Priority, priorities } from './strand.ts';

export class PriorityTurns {
  /** How many were taken past it since it was its turn. */
  readonly #passed: Record<Priority, number> = { interactive: 0, replay: 0, background: 0 };

  /** How many it has coming before those that are more urgent. */
  due(priority: Priority): number {
    return Math.floor(this.#passed[priority] / limits.natsPassedOverMax);
  }

  /** All of them: those that have something coming, the longest passed over first; then by urgency. */
  order(): readonly Priority[] {
    const due = priorities.filter((priority) => this.due(priority) > 0);
    due.sort((a, b) => this.#passed[b] - this.#passed[a]);
    return [...due, ...priorities.filter((priority) => !due.includes(priority))];
  }

  took(priority: Priority): void {
    this.#passed[priority] = Math.max(0, this.#passed[priority] - limits.natsPassedOverMax);
    for (const lower of priorities.slice(priorities.indexOf(priority) + 1)) this.#passed[lower]++;
  }

  /** Nothing waits with it. */
  foundEmpty(priority: Priority): void {
    this.#passed[priority] = 0;
  }
}
