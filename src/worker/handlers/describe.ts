/** What the files of a directory export, found out in a process of its own: nothing of theirs runs in the worker. */
import { once } from "node:events";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { randomId } from "../../core/ids.ts";
import { killTree } from "../../resource-types/kill-tree.ts";
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
  /** ms until it is given up. Default 60 s. */
  timeout?: number;
}

const HEAP = 1_024;

/**
 * @param typed a directory, a file or a package; see `findTypeFiles`.
 * @throws WilcoError `invalid_request` naming the file that does not load.
 */
export async function describeTypes(typed: string, options: DescribeOptions): Promise<DescribedFile[]> {
  const { code } = findTypeFiles(typed, options.cwd ?? process.cwd());
  return (await describeFiles(code, options)).map((one) => {
    if ("error" in one) throw invalid(`${one.file} does not load: ${one.error}`);
    return { path: one.file, types: one.types };
  });
}

/** What each file exports, or why it can't be used: one does not keep the others from being told. */
export async function describeFiles(
  files: string[],
  { library, timeout = 60_000 }: DescribeOptions,
): Promise<Described[]> {
  if (files.length === 0) return [];
  const child = startHandlerProcess({ library, token: randomId(), environment: {}, heap: HEAP });
  const forget = killWithUs(() => (child.pid === undefined ? [] : [child.pid]));
  const printed = createTail();
  for (const pipe of [child.stdout!, child.stderr!]) pipe.on("data", (data: Buffer) => printed.add(data));
  const failed = once(child, "error").then(([error]) => invalid(`Node can't be started: ${messageOf(error)}`));
  const ended = once(child, "close").then(([code, signal]) => {
    const how = signal === null ? `exit code ${code}` : String(signal);
    return invalid(`loading the files ended their process with ${how}: ${printed.lines().at(-1) ?? "no output"}`);
  });
  const described = new Promise<Described[]>((resolve) =>
    child.on("message", (message: FromProcess) => {
      if (message.type === "described") resolve(message.files);
      if (message.type === "ready") child.send({ type: "describe", files });
    }),
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<WilcoError>((resolve) => {
    timer = setTimeout(() => resolve(invalid(`the files do not load within ${timeout / 1_000} s`)), timeout);
  });
  try {
    const first = await Promise.race([described, failed, ended, late]);
    if (first instanceof WilcoError) throw first;
    return first;
  } finally {
    clearTimeout(timer);
    if (child.pid !== undefined) await killTree(child.pid, { grace: 0 });
    forget();
  }
}

function invalid(why: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `--types: ${why}`,
    hint: "A file of resource types has: export default defineResourceType({ … })",
  });
}
