/** What the files of a directory export, found out in a process of its own: nothing of theirs runs in the worker. */
import { formatDuration } from "../../core/durations.ts";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { randomId } from "../../core/ids.ts";
import { createGuard } from "../../resource-types/guard.ts";
import { killTree } from "../../resource-types/kill-tree.ts";
import { findProcess } from "../../resource-types/process-table.ts";
import { SPAWN_VARIABLE } from "../../resource-types/spawn-record.ts";
import { createTail } from "../../resource-types/tail.ts";
import { startHandlerProcess } from "../start-handler-process.ts";
import { killWithUs } from "./kill-with-us.ts";
import { type Described, type DescribedType, type FromProcess } from "./messages.ts";
import { findTypeFiles } from "./type-locations.ts";

export interface DescribedFile {
  /** Absolute. */
  path: string;
  types: DescribedType[];
}

export interface DescribeOptions {
  /** URL of the "wilco" that type files import. */
  library: string;
  /** Where `typed` is looked for. Default: the working directory. */
  cwd?: string;
  /** ms that a file may take. Default 60 s. */
  timeout?: number;
  /** Called with a file that takes longer than a few seconds, and the ms that it has in all. */
  onSlow?: (file: string, timeout: number) => void;
}

const HEAP = 1_024;
/** ms; on a busy machine a file that imports much takes one. */
const SLOW = 3_000;
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * @param typed a directory, a file or a package; see `findTypeFiles`.
 * @throws WilcoError `invalid_request` naming the file that does not load.
 */
export async function describeTypes(typed: string, options: DescribeOptions): Promise<DescribedFile[]> {
  const { code } = findTypeFiles(typed, options.cwd ?? process.cwd());
  return (await describeFiles(code, options)).map((one) => {
    if ("error" in one) throw invalid(`${one.file} does not load: ${one.error}`, one.hint);
    return { path: one.file, types: one.types };
  });
}

/** What each file exports, or why it can't be used: one does not keep the others from being told. */
export async function describeFiles(files: string[], options: DescribeOptions): Promise<Described[]> {
  const described: Described[] = [];
  while (described.length < files.length) {
    described.push(...(await describeInOneProcess(files.slice(described.length), options)));
  }
  return described;
}

/** Up to a file that ends the process, or does not come to its end. @returns at least one. */
async function describeInOneProcess(
  files: string[],
  { library, timeout = 60_000, onSlow }: DescribeOptions,
): Promise<Described[]> {
  const described: Described[] = [];
  const token = randomId();
  const child = startHandlerProcess({ library, token, environment: { [SPAWN_VARIABLE]: token }, heap: HEAP });
  const forget = killWithUs(() => (child.pid === undefined ? [] : [child.pid]));
  const guard = createGuard({ variable: SPAWN_VARIABLE });
  const startTime = child.pid === undefined ? undefined : findProcess(child.pid)?.startTime;
  if (startTime !== undefined) guard.watch({ pid: child.pid!, startTime, token });
  const printed = createTail();
  for (const pipe of [child.stdout!, child.stderr!]) pipe.on("data", (data: Buffer) => printed.add(data));

  let timers: NodeJS.Timeout[] = [];
  let stray: string | undefined;
  // Why the file that is being loaded can't be used; undefined when all are loaded.
  const { promise: broken, resolve: end, reject } = Promise.withResolvers<Broken | undefined>();
  const next = () => {
    for (const timer of timers) clearTimeout(timer);
    const file = files[described.length];
    if (file === undefined) return end(undefined);
    timers = [
      setTimeout(() => onSlow?.(file, timeout), SLOW),
      setTimeout(() => end(neverEnds(timeout, stray)), Math.min(timeout, LONGEST_TIMER)),
    ];
  };
  next();
  child.on("message", (message: FromProcess) => {
    if (message.type === "ready") child.send({ type: "describe", files });
    if (message.type === "stray") stray = message.message;
    if (message.type !== "described") return;
    described.push(message.file);
    next();
  });
  child.on("error", (error) => reject(invalid(`Node can't be started: ${messageOf(error)}`)));
  // All that it has sent is here then.
  child.once("close", (code, signal) => {
    const how = signal === null ? `exit code ${code}` : signal;
    end({ error: `it ended its process with ${how}: ${printed.lines().at(-1) ?? "no output"}` });
  });
  try {
    const why = await broken;
    return why === undefined ? described : [...described, { file: files[described.length]!, ...why }];
  } finally {
    for (const timer of timers) clearTimeout(timer);
    if (child.pid !== undefined) {
      await killTree(child.pid, { grace: 0 });
      guard.forget(child.pid);
    }
    await guard.stop();
    forget();
  }
}

interface Broken {
  error: string;
  hint?: string;
}

/** @param stray what was thrown meanwhile where nobody catches it. */
function neverEnds(timeout: number, stray: string | undefined): Broken {
  return {
    error: `its top level does not come to its end within ${formatDuration(timeout)}${stray === undefined ? "" : `; thrown outside of it: ${stray}`}`,
    hint: "Look for a loop without an end, or an await of what nothing settles, in the file or in what it imports.",
  };
}

function invalid(why: string, hint = "A file of resource types has: export default defineResourceType({ … })") {
  return new WilcoError({
    code: "invalid_request",
    message: `--types: ${why}`,
    hint,
  });
}
