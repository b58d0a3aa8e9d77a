// What of a pool's room is one engine's, where several have runs for the same runners: as much as its workspaces would have of
// it in one queue. By the number of workspaces, except that an engine with nothing waiting has no more than it has under way,
// and the others have the rest ("max-min fairness": Bertsekas, Gallager, "Data Networks", 6.5.2).

/** Another engine, and what it wants a pool for. */
export interface Contender {
  /** That have something under way or waiting. */
  readonly workspaces: number;
  readonly isWaiting: boolean;
  /** What it has under way, as a part of the pool's room. */
  readonly used: number;
}

/**
 * Over 0, 1 at most, for an engine with so many workspaces. It is answered for when something of it waits, since that may come
 * at any time: an engine without any workspace counts as one with one.
 */
export function engineShare(workspaces: number, others: readonly Contender[]): number {
  const own = Math.max(1, workspaces);
  let contending = others.filter((other) => other.workspaces > 0);
  let left = 1;
  for (;;) {
    const weights = contending.reduce((sum, other) => sum + other.workspaces, own);
    const part = left / weights;
    const content = contending.filter(({ isWaiting, used, workspaces: of }) => !isWaiting && used < part * of);
    if (content.length === 0) return part * own;
    left -= content.reduce((sum, { used }) => sum + used, 0);
    contending = contending.filter((other) => !content.includes(other));
  }
}
