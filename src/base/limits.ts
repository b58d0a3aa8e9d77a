// Every bound of the engine in one place, the unit in the name. A request over a bound is refused with `limit_exceeded`;
// a bound of the engine's own housekeeping (caches, tails) only changes when work is done.

export const limits = {
  /** Body of one HTTP request. */
  httpBodyBytesMax: 32 * 1024 * 1024,
  /** Characters of one part of the path of an HTTP request, decoded. Names fit into it. */
  httpPathPartCharsMax: 512,
  /** Bytes, about, that a workspace keeps of what searches have looked at. */
  searchIndexBytesMax: 96 * 1024 * 1024,
  /** Milliseconds that a search spends, portion by portion, on keeping what it looks at. */
  searchIndexSliceMs: 10,
  /** Components that may differ between two states for what is kept of one to be of use for the other. */
  searchTouchedMax: 50_000,
  /** Components that one search of a template may find. */
  templateFoundMax: 1_000,
  /** HTTP requests of one token, or of one address that shows none, in a minute. */
  httpRequestsPerMinuteMax: 6_000,
  /** How long a browser keeps what a page of another origin may ask. */
  httpPreflightKeptMs: 10 * 60_000,
  /** Days until a token expires that is made with an end. */
  tokenDaysMin: 0.01,
  tokenDaysMax: 36_500,
  /** How long the token of a login is good. */
  loginMs: 12 * 3_600_000,
  /** From being sent to the identity provider to coming back. */
  loginAttemptMs: 10 * 60_000,
  /** From coming back to exchanging the code that the command line gets. */
  loginCodeMs: 60_000,
  /** Logins begun and not ended, and codes not exchanged, that a server keeps; the oldest make room. */
  loginsKeptMax: 10_000,
  /** Answers shorter than this are not compressed. */
  httpCompressedBytesMin: 1_024,
  /** Mutations in one request. */
  mutationsPerRequestMax: 250_000,
  /** UTF-16 units of one literal value in a cell; a longer one is a blob of its own. */
  inlineValueCharsMax: 1_024,
  /** UTF-16 units of one value at all. */
  valueCharsMax: 4 * 1024 * 1024,
  /** Nesting of a value. */
  valueDepthMax: 64,
  /** Nesting of what is asked of an operation, documents within it included. */
  requestDepthMax: 256,
  /** UTF-16 units of a path. */
  pathCharsMax: 2_048,
  /** UTF-16 units of a name. */
  nameCharsMax: 256,
  /** UTF-16 units of an idempotency key. */
  idempotencyKeyCharsMax: 256,
  /** Milliseconds for which what was answered under a key is remembered, at least. */
  idempotencyKeptMs: 86_400_000,
  /** UTF-16 units of a function's text. */
  functionTextCharsMax: 1024 * 1024,
  /** UTF-16 units of compiled functions kept. */
  compiledCharsMax: 32 * 1024 * 1024,
  /** After this much work of the processor a text is given up by the parser, and after as much more for each MiB of it. */
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
  /** Chunks that are fetched in one go beside one that was missing, at most. */
  chunksAheadMax: 511,
  /** After this long without a commit, chunks that wait are written. */
  checkpointIdleMs: 1_000,
  /** Decoded chunks kept in memory. */
  chunkCacheBytesMax: 128 * 1024 * 1024,
  /** Change sets whose present state is kept in memory. */
  branchesMax: 1_024,
  /** Edits of past Head versions kept ready for merging. */
  headEditsCachedMax: 50_000,
  /** How long an engine that shares its store has a workspace without renewing its lease, and how often it renews. */
  leaseMs: 6_000,
  leaseRenewedEveryMs: 1_500,
  /**
   * How long a database that keeps the store may take to answer a statement before its connection is given up: any, one that renews leases,
   * and one that looks at or changes everything.
   */
  databaseAnsweredMs: 20_000,
  databaseRenewedMs: 2_000,
  databaseAnsweredLongMs: 3_600_000,
  /**
   * How long an engine that shares its store keeps the seats of concurrency keys that it has without renewing them. As long as another
   * one waits before it takes up an action that is under way, and longer than a runner elsewhere goes on without its engine.
   */
  keyHoldMs: 10_000,
  /**
   * How often what waits for a seat of a concurrency key is looked at, where engines share keys: after a tenth of what has waited least
   * has waited so far, so that noticing costs little beside waiting, at least and at most after so long.
   */
  keyLookedAtMsMin: 10,
  keyLookedAtMsMax: 100,
  /** Within this time an engine whose turn at a concurrency key has come asks for the seat; then others go before it. */
  keyTurnMs: 2_000,
  /** What waits so long for seats of several concurrency keys is let go first at all of them, also at those that are free. */
  keyAgedMs: 10_000,
  /** So long the room of a runner is kept for what has asked for a seat, and after so long it is asked again when the store is away. */
  keyAnsweredMs: 2_000,
  keyRetryMs: 500,
  /** How long a request that another engine has to answer waits for one that can. */
  forwardedMs: 20_000,
  /** How long an engine that ends waits for answers that it passes on: less than others wait for what it drives itself. */
  forwardedEndMs: 5_000,
  /** Change sets that are caught up at once in the background. */
  replaysAtOnceMax: 16,
  /** Wait before a failed replay is tried again: the first time, and at most. */
  replayRetryMs: 250,
  replayRetryMaxMs: 60_000,
  /** The longest wait that a provider's Retry-After is followed in. */
  retryAfterMsMax: 3_600_000,
  /** Time of one cpu by which a workspace that used less than its share of a pool goes before those that used theirs. */
  shareCreditMs: 1_000,
  /** Time for which computing values holds up everything else at most, before it lets others go first. */
  propagationSliceMs: 4,
  /** Components of one graph. */
  graphNodesMax: 20_000,
  /** Time that a management function waits for values that it is given and that are still being computed, at most. */
  managementSettleMs: 30_000,
  /** Management functions that were started and have ended, of which it is remembered how their edits went. */
  managementJobsMax: 1_000,
  /** Values computed for one read before it is answered with what is there. */
  valuesPerReadMax: 20_000,
  /** Computed values in memory after which they are written with the next checkpoint. */
  unsavedValuesMax: 50_000,
  /** What one run may use, unless its function declares otherwise. */
  isolateRunMs: 5_000,
  isolateRunBytes: 128 * 1024 * 1024,
  processRunMs: 60_000,
  processRunBytes: 512 * 1024 * 1024,
  runOutputBytesMax: 4 * 1024 * 1024,
  /** UTF-16 units of the argument of a run that is kept as it is; of a longer one each member up to so many, else its hash. */
  runInputCharsMax: 1_024,
  runInputPartCharsMax: 256,
  /** Members of a longer one; with more than that nothing of it is kept. */
  runInputPartsMax: 64,
  /** UTF-16 units of the result of a test run that is kept with it. */
  runResultCharsMax: 64 * 1024,
  /** Ended runs are kept for this long, and no more than so many of a workspace. */
  runsKeptMs: 30 * 24 * 3_600_000,
  runsKeptMax: 500_000,
  /** Old runs are looked for after so many new ones, or after this long when there were any; never sooner than that. */
  pruneAfterRuns: 20_000,
  pruneEveryMs: 3_600_000,
  pruneEveryMsMin: 60_000,
  /** Time that a question about a run waits for more of its log, or for its end, at most. */
  runWaitMsMax: 120_000,
  /** Actions that have ended are kept for this long, and no more than so many: those that an apply asked for, and the others. */
  actionsKeptMs: 365 * 24 * 3_600_000,
  actionsKeptMax: 200_000,
  otherActionsKeptMs: 30 * 24 * 3_600_000,
  otherActionsKeptMax: 50_000,
  /** What is told of actions and resources is kept for so many of a workspace; it is cut to that after so many commits. */
  eventsKeptMax: 100_000,
  eventsPrunedEvery: 5_000,
  /** Events that wait for one stream before it reads them from the store instead. */
  eventsWaitingMax: 256,
  /** After this long without an event a stream says that it is there, and looks whether it may go on. */
  eventHeartbeatMs: 15_000,
  /** How long one look waits for more of a log that is followed. */
  runLogPollMs: 5_000,
  /** A stream whose other end takes nothing for so long is ended. */
  eventDrainMs: 60_000,
  /** Events that come within this time are told together; the first at once. */
  eventsToldEveryMs: 20,
  /** How often those who follow a change set are told how many of its values are pending. */
  pendingToldEveryMs: 100,
  /** How long one request may wait for actions, and an action for the values that it is made of. */
  actionWaitMsMax: 3_600_000,
  actionBindMs: 60_000,
  /** Time that a question about drift waits for values that are still being computed, at most. */
  driftSettleMs: 5_000,
  /** How often the resources of a schema may be looked at by themselves. */
  refreshEveryMsMin: 1_000,
  refreshEveryMsMax: 366 * 24 * 3_600_000,
  /** Of a workspace, by themselves: how many are looked at at once, and how long after one begins the next may. */
  refreshesAtOnceMax: 4,
  refreshSpacingMs: 100,
  /** How long after the work is taken up, or something has changed, what is due is looked for, and how often at least. */
  refreshLookMs: 1_000,
  refreshLookMsMax: 30_000,
  /** Resources that one question or import takes in, and how many are looked at by themselves at once. */
  discoveredMax: 100_000,
  lookedAtAtOnceMax: 8,
  /** Components of one commit of an import, and of one step of what is known of their resources. */
  importedAtOnceMax: 1_000,
  recordedAtOnceMax: 250,
  /** How long a list that was throttled waits, and how often it is asked again. */
  listRetryMs: 500,
  listRetryMsMax: 10_000,
  listAttemptsMax: 8,
  /** How often a function that looks at a resource may say that it is not finished. */
  lookCallsMax: 100,
  /** How long whoever cancels an action that is under way waits for its end. */
  actionCancelMs: 10_000,
  /** How long an engine that ends waits for the actions that are under way. */
  actionStopMs: 10_000,
  /** The longest time that a timer of Node can be set to. */
  timerMsMax: 2_147_483_647,
  /** After this long an action that is not finished is looked at again, unless its function says otherwise. */
  actionPollMs: 1_000,
  /** UTF-16 units of what a function that is not finished says, to be handed to it again. */
  checkpointCharsMax: 64 * 1024,
  /** Nobody takes a call over that is under way before so long after its last sign of life; it gives three in that time. */
  actionLeaseMs: 30_000,
  /** The same where several engines share a store, and another one may take up what one that died has left. */
  sharedActionLeaseMs: 10_000,
  /** Nodes of one explanation, and how far it goes back. */
  explainNodesMax: 500,
  explainDepthMax: 64,
  /** Values that a blast radius follows. */
  blastValuesMax: 200_000,
  /** Results of functions that a review tells, and UTF-16 units of the JSON text of each. */
  reviewResultsMax: 300,
  reviewResultCharsMax: 2_000,
  /** What a function may declare that one run takes. */
  runMsMin: 10,
  runMsMax: 3_600_000,
  runBytesMin: 16 * 1024 * 1024,
  runBytesMax: 64 * 1024 * 1024 * 1024,
  runCpusMin: 0.1,
  runCpusMax: 64,
  /** What one pool of runners may be said to have. */
  poolCpusMax: 1_024,
  poolBytesMax: 4 * 1024 * 1024 * 1024 * 1024,
  /** Results of pure functions kept for a workspace: in its store, and in memory. */
  memoBytesMax: 256 * 1024 * 1024,
  /** Calls that the values of one change set wait for before no more are asked for, but for those that somebody reads. */
  callsWaitingMax: 2_048,
  memoEntriesInMemoryMax: 100_000,
  /** Rows of one listing page. */
  pageRowsMax: 300,
  /** UTF-16 units of a workspace's members, or of its budgets, as one document. */
  settingCharsMax: 1024 * 1024,
  /** Of a workspace's policies, all of which are evaluated for a decision; and decisions that are kept. */
  policyCharsMax: 64 * 1024,
  policyDecisionsKeptMax: 10_000,
  /** Policy reports of a workspace, those of one of its documents, and UTF-16 units of one with its policy. */
  policyReportsMax: 10_000,
  policyReportsPerDocument: 250,
  policyReportCharsMax: 1024 * 1024,
  /** Groups of policy reports in one answer, and reports of each. */
  policyGroupsMax: 100,
  policyReportsPerGroupMax: 10,
  /** UTF-8 bytes of a secret's content as JSON text, with the name of its workspace. */
  secretBytesMax: 256 * 1024,
  /** UTF-8 bytes of one text that a secret refers to outside, and how long a key vault is waited for. */
  secretSourceBytesMax: 64 * 1024,
  secretSourceMs: 10_000,
  /** UTF-8 bytes of what the authentication functions of a run leave in variables, and as many in files: these are redacted. */
  leftBytesMax: 256 * 1024,
  /** Objects in one value that they leave, and files. */
  leftPartsMax: 50_000,
  leftFilesMax: 1_000,
  /** A sealed content that nothing names is kept this long after something named it last. */
  secretKeptMs: 90 * 24 * 3_600_000,
  /** Bytes of an installation's key file. */
  keyFileBytesMax: 1_024,
  /** Times a workspace's keys are read again because another process has written them. */
  keyWriteAttemptsMax: 64,
  /** Workspaces of which is remembered that their newest key was unwrapped. */
  verifiedKeysMax: 10_000,
  /** Steps a regular expression of a schema may be long, in UTF-16 units. */
  patternCharsMax: 512,
  /** UTF-16 units of a text that is held against a named format; a longer one is not checked. */
  formatTextCharsMax: 65_536,
  /** Findings of one validation that are kept; the others are counted. */
  findingsMax: 100,
  /** Regular expressions kept ready. */
  patternsKeptMax: 1_024,
  /** Size of a regular expression times UTF-16 units of the text it is tried on; beyond it is not checked. */
  patternStepsMax: 5_000_000,
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
  /** UTF-8 bytes of one line of a run's log; a longer one becomes several. */
  runLogLineBytesMax: 16 * 1024,
  /** What a runner elsewhere that is not heard of keeps: its runs for this long, itself in the list for this long. */
  runnerLeaseMs: 10_000,
  runnerLeaseMsMin: 2_000,
  runnerLeaseMsMax: 600_000,
  /** How often it says that it is there. */
  runnerHelloMs: 1_000,
  /** How long NATS may be away, and a run nobody's, before the run is given up. */
  natsPatienceMs: 120_000,
  /** How long one question over NATS waits for its answer. */
  natsAskMs: 5_000,
  /** How long NATS keeps what nobody has taken, and how often an engine looks whether it still does. */
  natsKeptMs: 3_600_000,
  natsLookMs: 30_000,
  /** Bytes of a request that travels in the queue; a larger one is asked for. Bytes and calls of one message of the queue. */
  natsInlineBytesMax: 64 * 1024,
  natsSlipBytesMax: 256 * 1024,
  natsSlipRunsMax: 32,
  /** Bytes of one part of what is too large for one message. */
  natsPartBytes: 512 * 1024,
  /** Runners that may go away with a call which only computes, once they have begun it, before it is given up. */
  natsBegunMax: 4,
  /** Slips of calls which only compute that one runner has at a time. */
  natsSlipsMax: 64,
  /** Calls which only compute that it has under way at a time, for each of its processors. */
  natsCallsPerCpuMax: 32,
  /** Bytes that it has not told its engines yet, over which it begins none. */
  natsUnsentBytesMax: 64 * 1024 * 1024,
  /** Bytes of what a runner tells an engine at once; one thing that is larger goes alone. */
  natsBatchBytesMax: 4 * 1024 * 1024,
  /** Channels of runners of which an engine remembers what it has taken, so that it tells nothing twice. */
  natsChannelsMax: 4_096,
  /** Slips that a runner takes past what waits with a lower priority, for one of that. */
  natsPassedOverMax: 8,
  /** How long an engine that ends waits for what it ended on runners. */
  natsStopMs: 5_000,
  /** How long a runner that is asked to end keeps what it has to tell while NATS is away. */
  natsLeaveMs: 10_000,
  /** Webhooks of a workspace, and how they are delivered: time for an answer, wait before the second attempt and at most, attempts. */
  webhooksMax: 50,
  webhookTimeoutMs: 10_000,
  webhookRetryMs: 5_000,
  webhookRetryMaxMs: 3 * 3_600_000,
  webhookAttemptsMax: 16,
  webhookRecentMax: 20,
  /** What a plan policy may say of one plan; policies of a workspace. */
  planFindingsMax: 1_000,
  planPoliciesMax: 50,
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
  /** UTF-8 bytes of one request to the local cloud, and of a document that says what it is to do wrong. */
  cloudBodyBytesMax: 1024 * 1024,
  /** Schemas that the local cloud keeps in memory. */
  cloudTypesKeptMax: 256,
  /** UTF-8 bytes of one request to the local agent, and of the content of one of its files. */
  localBodyBytesMax: 8 * 1024 * 1024,
  localFileBytesMax: 1024 * 1024,
  /** UTF-16 units of a path below its root. */
  localPathCharsMax: 1_024,
  /** Directories and files that it looks at to list them, what one page holds, and how many it reads at once. */
  localEntriesMax: 20_000,
  localPageMax: 100,
  localPageBytesMax: 2 * 1024 * 1024,
  localReadAtOnceMax: 10,
  /** Processes that it supervises. */
  localProcessesMax: 256,
  /** Size of its journal over which the next start writes a short one. */
  localJournalBytesMax: 4 * 1024 * 1024,
  /** Wait before a process that ended is started again: the first time and at most; and how long one runs to be new again. */
  localBackoffMs: 100,
  localBackoffMaxMs: 30_000,
  localSteadyMs: 10_000,
  /** How often it looks whether processes that it took over are still there. */
  localWatchMs: 200,
  /** How long who asks for one that has ended waits until that is written down. */
  localNoticeMs: 1_000,
  /** How long a process is given to end by itself, unless it is said otherwise, and to be gone once it was killed. */
  localStopMs: 5_000,
  localKillMs: 5_000,
  /** What is told of the end of a log when its process is removed. */
  localOutputBytesMax: 1_024,
  /** Wait for the answer of a process that is asked whether it is well. */
  localHealthMs: 2_000,
} as const;
