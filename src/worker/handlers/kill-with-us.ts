/**
 * Processes that must not outlive this one: they run code of others, and one that loops never hears that its worker is
 * gone. What ends this process at once (kill -9, a crash) is left to the records that the next start of a worker reads.
 */

/** Marks our own listeners, which are no reason for this process to go on. */
const OURS = Symbol("kill with us");
const DEADLY = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Kills process groups when this process exits, and before it dies of a signal that nobody else listens for.
 * @param groups those of the moment.
 * @returns what takes it back.
 */
export function killWithUs(groups: () => Iterable<number>): () => void {
  function kill(): void {
    for (const group of groups()) {
      try {
        process.kill(-group, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  function onSignal(signal: NodeJS.Signals): void {
    // Somebody else decides whether this process ends, and when.
    if (process.listeners(signal).some((listener) => !(OURS in listener))) return;
    kill();
    dispose();
    process.kill(process.pid, signal);
  }

  function dispose(): void {
    process.off("exit", kill);
    for (const signal of DEADLY) process.off(signal, onSignal);
  }

  Object.assign(onSignal, { [OURS]: true });
  process.on("exit", kill);
  for (const signal of DEADLY) process.on(signal, onSignal);
  return dispose;
}
