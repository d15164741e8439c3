/**
 * What is loaded together lies in one file: each file that a command loads costs it half a millisecond, and `exec` would
 * load 60, `run --local` 110. Modules that are reached by the same of the starting points below are one chunk.
 */
import { join } from "node:path";
import { RUNTIME_MODULE_ID, type ChunkingContext, type CodeSplittingGroup } from "rolldown";

/** What a process, a thread or a part of a command begins with. */
const STARTS: Record<string, string[]> = {
  // Must stay small: `--version` is answered by it.
  first: ["cli/bin"],
  early: ["sandbox/start-thread"],
  // What nearly every command needs, and with it `exec`, the step of pipelines.
  common: ["cli/main", "cli/commands/exec", "core/http/exchange"],
  run: ["cli/commands/run"],
  thread: ["sandbox/thread"],
  handlers: ["worker/handlers/main"],
  local: ["cli/composition/local-server"],
  server: ["cli/commands/server"],
  worker: ["cli/commands/worker"],
};
/** Loaded whole by whoever needs some of it, but not by these. */
const TAKES_ALL: Record<string, string[]> = {
  first: [],
  early: [],
  common: ["thread", "handlers"],
};

/** @param from the folder of the modules. */
export function chunksOfStarts(from: string): CodeSplittingGroup[] {
  let names: Map<string, string> | undefined;
  return [
    {
      debugName: "starts",
      name(module, context) {
        names ??= nameModules(from, context);
        return names.get(module) ?? null;
      },
      // The rest of what they import has a name, too.
      includeDependenciesRecursively: false,
    },
  ];
}

function nameModules(from: string, context: ChunkingContext): Map<string, string> {
  const reachedBy = new Map([[RUNTIME_MODULE_ID, ["first"]]]);
  for (const [start, entries] of Object.entries(STARTS)) {
    const files = entries.map((entry) => join(from, `${entry}.js`));
    for (const module of reach(files, context))
      if (!context.getModuleInfo(module)?.isEntry) reachedBy.set(module, [...(reachedBy.get(module) ?? []), start]);
  }
  return new Map([...reachedBy].map(([module, starts]) => [module, nameOf(starts)]));
}

function nameOf(starts: string[]): string {
  for (const [taker, others] of Object.entries(TAKES_ALL)) {
    if (starts.includes(taker)) return [taker, ...starts.filter((start) => others.includes(start))].join("-");
  }
  return starts.join("-");
}

/** These modules and what they import, not what they load later. */
function reach(modules: string[], context: ChunkingContext): Set<string> {
  const reached = new Set(modules);
  // A set's iteration goes on to what is added while it runs.
  for (const module of reached) {
    for (const imported of context.getModuleInfo(module)?.importedIds ?? []) reached.add(imported);
  }
  return reached;
}
