const graceMs = 5_000;

/**
 * Ends this process when the supervisor that forked it is gone, also after its kill -9: a worker nobody supervises
 * would keep polling queues beside the next start's worker. The process's own SIGTERM handler gets 5 s to finish.
 * Without a parent's IPC channel (systemd, a terminal) it does nothing.
 */
export function exitWithParent(): void {
  if (!process.channel) return;
  process.on('disconnect', () => {
    setTimeout(() => process.exit(1), graceMs).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  process.channel.unref();
}
