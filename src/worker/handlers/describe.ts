/** What the files of a directory export, found out in a process of its own: nothing of theirs runs in the worker. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { randomId } from "../../core/ids.ts";
import { killTree } from "../../resource-types/kill-tree.ts";
import { createTail } from "../../resource-types/tail.ts";
import { startHandlerProcess } from "../start-handler-process.ts";
import { type Described, type DescribedType, type FromProcess } from "./messages.ts";

export interface DescribedFile {
  /** Absolute. */
  path: string;
  types: DescribedType[];
}

export interface DescribeOptions {
  /** URL of the "wilco" that type files import. */
  library: string;
  /** ms until it is given up. Default 60 s. */
  timeout?: number;
}

const HEAP = 1_024;

/** @throws WilcoError `invalid_request` naming the file that does not load. */
export async function describeTypes(directory: string, options: DescribeOptions): Promise<DescribedFile[]> {
  const names = typeFiles(directory);
  if (names.length === 0) return [];
  const paths = names.map((name) => join(directory, name));
  return (await askProcess(paths, options)).map((one) => {
    if ("error" in one) throw invalid(`${one.file} does not load: ${one.error}`);
    return { path: one.file, types: one.types };
  });
}

function typeFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => /\.(ts|js|mjs)$/.test(file) && !file.endsWith(".d.ts"))
      .toSorted();
  } catch (error) {
    throw invalid(`${directory} can't be read: ${messageOf(error)}`);
  }
}

async function askProcess(files: string[], { library, timeout = 60_000 }: DescribeOptions): Promise<Described[]> {
  const child = startHandlerProcess({ library, token: randomId(), environment: {}, heap: HEAP });
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
  }
}

function invalid(why: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `--types: ${why}`,
    hint: "A file of resource types has: export default defineResourceType({ … })",
  });
}
