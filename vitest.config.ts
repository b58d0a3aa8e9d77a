// How the tests run: every *.test.ts below test/, in forked processes (the SQLite binding is native code), over the
// TypeScript sources. Tests that start processes use dist/, which the global set-up builds.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/architecture/fixtures/**'],
    pool: 'forks',
    // All files of a suite in one process, which has the sources in memory once: read and made ready for each file they took two
    // seconds of a processor, and there are three hundred. A suite has a process of its own all the same.
    isolate: false,
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/seed.ts'],
    // Suites run side by side, on machines that do other things as well.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
