import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The Temporal runtime is one per process; worker threads would share it.
    pool: 'forks',
    // Most of what they do is wait for servers: on two cores a third one uses what the two leave.
    maxWorkers: 3,
    watch: false,
    globalSetup: ['test/support/global-setup.ts'],
    // So long that it only ends what hangs: a busy machine is slow, not wrong.
    testTimeout: 180_000,
    hookTimeout: 240_000,
    teardownTimeout: 60_000,
  },
});
