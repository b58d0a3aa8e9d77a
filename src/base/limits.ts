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
  /** UTF-16 units of compiled functions kept. */
  compiledCharsMax: 32 * 1024 * 1024,
  /** After this long a text is given up by the parser, and as much longer for each MiB of it. */
  parseTimeMs: 1_000,
  parseTimePerMibMs: 8_000,
  /** After this long without an answer the thread that checks types is ended. */
  checkTimeMs: 20_000,
  /** After this long without a question it is ended as well. */
  checkIdleMs: 600_000,
  /** Memory of the thread that checks types. */
  checkMemoryMib: 1_024,
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
  /** UTF-16 units of a text that is held against a named format; a longer one is not checked. */
  formatTextCharsMax: 65_536,
  /** Regular expressions kept ready. */
  patternsKeptMax: 1_024,
  /** Size of a regular expression times UTF-16 units of the text it is tried on; beyond it is not checked. */
  patternStepsMax: 5_000_000,
} as const;
