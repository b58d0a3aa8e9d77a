// Every bound of the engine in one place, the unit in the name. A request over a bound is refused with `limit_exceeded`;
// a bound of the engine's own housekeeping (caches, tails) only changes when work is done.

export const limits = {
  /** Mutations in one request. */
  mutationsPerRequestMax: 250_000,
  /** UTF-16 units of one literal value in a cell; a longer one is a blob of its own. */
  inlineValueCharsMax: 1_024,
  /** UTF-16 units of one value at all. */
  valueCharsMax: 4 * 1024 * 1024,
  /** Nesting of a value. */
  valueDepthMax: 64,
  /** UTF-16 units of a path. */
  pathCharsMax: 2_048,
  /** UTF-16 units of a name. */
  nameCharsMax: 256,
  /** UTF-16 units of an idempotency key. */
  idempotencyKeyCharsMax: 256,
  /** UTF-16 units of a function's text. */
  functionTextCharsMax: 1024 * 1024,
  /** Text of log entries that may wait for their chunks to be written. */
  unwrittenTailBytesMax: 8 * 1024 * 1024,
  /** New chunks that may wait in memory before they are written in the background. */
  unwrittenChunkBytesMax: 32 * 1024 * 1024,
  /** After this long without a commit, chunks that wait are written. */
  checkpointIdleMs: 1_000,
  /** Decoded chunks kept in memory. */
  chunkCacheBytesMax: 128 * 1024 * 1024,
  /** Change sets whose present state is kept in memory. */
  branchesMax: 1_024,
  /** Edits of past Head versions kept ready for merging. */
  headEditsCachedMax: 50_000,
  /** Change sets that are caught up at once in the background. */
  replaysAtOnceMax: 16,
  /** Wait before a failed replay is tried again: the first time, and at most. */
  replayRetryMs: 250,
  replayRetryMaxMs: 60_000,
  /** Rows of one listing page. */
  pageRowsMax: 300,
  /** UTF-16 units of a workspace's members, or of its budgets, as one document. */
  settingCharsMax: 1024 * 1024,
  /** Steps a regular expression of a schema may be long, in UTF-16 units. */
  patternCharsMax: 512,
  /** Memory that one process of the isolate tier may use for a call. */
  isolateMemoryBytes: 512 * 1024 * 1024,
  /** Calls after which a process of the isolate tier is replaced. */
  isolateCallsMax: 200_000,
  /** Memory in use between calls over which it is replaced. */
  isolateRestBytesMax: 384 * 1024 * 1024,
  /** Texts that it keeps prepared. */
  isolateScriptsMax: 1_024,
  /** Calls that it is given at once, and what they may be expected to take together. */
  isolateBatchCallsMax: 256,
  isolateBatchMs: 8,
  /** A call that has taken this long holds up those that were given with it no longer: they go elsewhere. */
  isolateRescueMs: 100,
  /** Time between two looks at it, to start, and without a sign of life between calls. */
  isolateWatchMs: 10,
  isolateStartMs: 30_000,
  isolateStallMs: 10_000,
  /** Times that a text may bring its process down before it is not run any more, and texts of which that is kept. */
  isolateKillsMax: 3,
  isolateTextsMax: 10_000,
} as const;
