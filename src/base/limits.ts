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
  /** UTF-8 bytes of one line of a run's log; a longer one becomes several. */
  runLogLineBytesMax: 16 * 1024,
  /** UTF-16 units of the message of a failed run; what is cut off is said. */
  runMessageCharsMax: 4_096,
  /** Threads and processes of one run in the process tier. */
  runProcessesMax: 96,
  /** Open files of each process of a run. */
  runOpenFilesMax: 1_024,
  /** Each of a run's two private folders (work and home) in the process tier. */
  runScratchBytesMax: 64 * 1024 * 1024,
  /** What a run's processes may take beyond its memory before it is ended: Node itself. */
  runMemoryBaseBytes: 64 * 1024 * 1024,
  /** How often the memory of a run's processes is looked at. */
  runMemorySampleMs: 100,
  /** How long a child of the process tier may take to be ready, before user code. */
  childStartMs: 30_000,
  /** How long a child that has given its result may take to end by itself. */
  childEndMs: 2_000,
  /** Connections of one run through the proxy at once. */
  runConnectionsMax: 64,
} as const;
