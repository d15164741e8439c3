/** What a person sees of a script's operations while it runs: a live line on a terminal, plain lines elsewhere. */
import type { ClientPort } from "../client/port.ts";
import type { Entry } from "../domain/entry.ts";
import { isTerminal } from "../domain/status.ts";
import { describeWait, endedLine } from "./output/entry-text.ts";
import type { Output } from "./output/output.ts";

export interface RunProgress {
  /** The port, watched. */
  port: ClientPort;
  /** How many entries the script filed. */
  filed(): number;
  /** What it filed, as last seen. */
  entries(): Entry[];
  /** Those of them that have not ended, as last seen. */
  open(): Entry[];
  end(): void;
}

/** Beyond it the lines of single operations say nothing to anybody. */
const MOST_LINES = 200;

export function createRunProgress(output: Output, port: ClientPort): RunProgress {
  const open = new Map<number, Entry>();
  const all = new Map<number, Entry>();
  const started = Date.now();
  let count = 0;
  let lines = 0;

  const filed = (entry: Entry): Entry => {
    count += 1;
    open.set(entry.id, entry);
    all.set(entry.id, entry);
    if (entry.warning !== null) output.warn(`${output.paintErr.yellow("note:")} ${entry.warning}`);
    if (open.size === 1) output.live.show(() => describeOpen(open, started));
    return entry;
  };
  const seen = (entry: Entry): Entry => {
    if (all.has(entry.id)) all.set(entry.id, entry);
    if (!open.has(entry.id)) return entry;
    if (isTerminal(entry.status)) {
      open.delete(entry.id);
      if (open.size === 0) output.live.stop();
      tellEnded(entry);
    } else open.set(entry.id, entry);
    return entry;
  };
  const tellEnded = (entry: Entry): void => {
    // Looks and checks that went well are not worth a line; whatever changed something, or did not succeed, is.
    if (!entry.exclusive && entry.status === "succeeded") return;
    lines += 1;
    if (lines <= MOST_LINES) output.notice(endedLine(output.paintErr, entry));
    if (lines === MOST_LINES) output.notice(`(more operations are not listed here; see "wilco history")`);
  };

  return {
    port: {
      ...port,
      submit: async (call) => filed(await port.submit(call)),
      retry: async (id) => filed(await port.retry(id)),
      entry: async (id) => seen(await port.entry(id)),
      cancel: async (id, options) => seen(await port.cancel(id, options)),
      async wait(id, policy) {
        const result = await port.wait(id, policy);
        seen(result.entry);
        return result;
      },
    },
    filed: () => count,
    entries: () => [...all.values()],
    open: () => [...open.values()],
    end: () => output.live.stop(),
  };
}

function describeOpen(open: ReadonlyMap<number, Entry>, started: number): string {
  const entries = [...open.values()];
  if (entries.length === 1) return describeWait(entries, Date.parse(entries[0]!.createdAt), "");
  return `${entries.length} operations under way · ${describeWait(entries, started, "").split(" · ").at(-1)}`;
}
