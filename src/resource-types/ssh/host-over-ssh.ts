/** The operations of a host that is reached over SSH: the same as on the worker's own machine, with the same results. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { CONNECTION_LOST } from "../../domain/entry.ts";
import { OperationError } from "../operation-error.ts";
import { type Deployed, requireAbsolute, sourceOf, tooLarge, type Upload } from "../host-files.ts";
import { hostMetrics } from "../host-metrics.ts";
import type { OperationContext } from "../sdk.ts";
import { parseSshTarget } from "./connection.ts";
import { createSshConnections } from "./connections.ts";
import { tellingLine } from "../tail.ts";
import { createRemoteHost, type RemoteHost, type RemoteResult, type RemoteRun } from "./remote-exec.ts";
import { DOWNLOAD_SCRIPT, FACTS_SCRIPT, METRICS_SCRIPT, UPLOAD_SCRIPT } from "./scripts.ts";
import type { RemoteCommand } from "./shell-text.ts";

/** Kept of stdout and of stderr in the result; the output of the entry has all of it. */
const RESULT_OUTPUT = 256 * 1024;
const SCRIPT_OUTPUT = 64 * 1024;

const connections = createSshConnections();

/** For a worker that stops. */
export function closeIdleConnections(): void {
  connections.closeIdle();
}

function hostOf({ resource }: OperationContext): RemoteHost {
  return createRemoteHost(parseSshTarget(resource.connection), connections);
}

export async function run(context: OperationContext): Promise<unknown> {
  const { command, stdin, cwd, env } = context.parameters as {
    command: string[];
    stdin?: string;
    cwd?: string;
    env?: Record<string, string>;
  };
  if (command[0] === "") throw new OperationError({ code: "invalid_command", message: "The command is empty." });
  const remote: RemoteCommand = {
    argv: command,
    env: { WILCO_ENTRY: String(context.entry), WILCO_ATTEMPT: String(context.attempt), ...env },
    ...(cwd === undefined ? {} : { cwd }),
  };
  const ended = await hostOf(context).command(remote, {
    signal: context.signal,
    output: (data, stream) => context.output(data, stream),
    capture: RESULT_OUTPUT,
    ...(stdin === undefined ? {} : { stdin }),
  });
  if (ended.exitCode !== 0) throw failure(command[0]!, ended);
  const { exitCode, stdout, stderr, truncated } = ended;
  return { exitCode, stdout: stdout.toString("utf8"), stderr: stderr.toString("utf8"), truncated };
}

export async function facts(context: OperationContext): Promise<unknown> {
  const { text, number } = await told(context, FACTS_SCRIPT, "The script that looks for facts");
  return {
    host: text("host"),
    platform: text("platform")?.toLowerCase() ?? null,
    release: text("release"),
    // As Node names them, so that local and remote hosts compare.
    arch:
      ({ x86_64: "x64", aarch64: "arm64", amd64: "x64" } as Record<string, string>)[text("arch") ?? ""] ?? text("arch"),
    cpus: number("cpus"),
    memory: { total: number("memtotal", 1_024), free: number("memfree", 1_024) },
    load: text("load")?.split(" ").slice(0, 3).map(Number) ?? null,
    uptime: number("uptime", 1_000),
    user: text("user"),
  };
}

export async function metrics(context: OperationContext): Promise<unknown> {
  const { number } = await told(context, METRICS_SCRIPT, "The script that measures");
  return hostMetrics({
    load: number("load", 1, 2),
    cpus: number("cpus"),
    memoryTotal: number("memtotal", 1_024),
    memoryFree: number("memfree", 1_024),
    diskTotal: number("disktotal", 1_024),
    diskFree: number("diskfree", 1_024),
    uptime: number("uptime", 1_000),
  });
}

/** What a script says as `key=value` lines; null for what it could not find out. */
async function told(context: OperationContext, script: string, what: string) {
  const ended = await hostOf(context).script(script, [], quiet(context, SCRIPT_OUTPUT));
  if (ended.exitCode !== 0) throw failure(what, ended);
  const lines = ended.stdout.toString("utf8").split("\n");
  const values = new Map(
    lines.flatMap((line): Array<[string, string]> => {
      const at = line.indexOf("=");
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
    }),
  );
  return {
    text: (key: string) => values.get(key) || null,
    number(key: string, factor = 1, digits = 0) {
      const value = Number(values.get(key)?.trim() || Number.NaN);
      return Number.isFinite(value) ? Number((value * factor).toFixed(digits)) : null;
    },
  };
}

export async function upload(context: OperationContext): Promise<unknown> {
  const { path, mode, parents, ...given } = context.parameters as unknown as Upload;
  return write(context, { path, mode, parents, owner: undefined }, given);
}

export async function deploy(context: OperationContext): Promise<unknown> {
  const { path, mode, owner, parents, content } = context.parameters as unknown as Deployed;
  return write(context, { path, mode, parents, owner }, { file: content });
}

async function write(
  context: OperationContext,
  {
    path,
    mode,
    owner,
    parents,
  }: Pick<Deployed, "path" | "parents"> & { mode: string | undefined; owner: string | undefined },
  given: Pick<Upload, "content" | "base64" | "file">,
): Promise<unknown> {
  requireAbsolute(path);
  const source = await sourceOf(context, given);
  const copy = "copyOf" in source;
  const size = copy ? source.size : source.bytes.length;
  const word = `${context.entry}-${context.attempt}`;
  const args = [path, mode ?? "", parents ? "1" : "0", word, String(size), owner ?? "", copy ? source.sha256 : ""];
  const stdin = copy ? () => createReadStream(source.copyOf) : source.bytes;
  const ended = await hostOf(context).script(UPLOAD_SCRIPT, args, { ...quiet(context, SCRIPT_OUTPUT), stdin });
  if (ended.exitCode !== 0) throw fileError(path, ended);
  const used = ended.stdout.toString("utf8").trim().padStart(4, "0");
  const hash = copy ? source.sha256 : sha256(source.bytes);
  return { path, bytes: size, sha256: hash, mode: used, ...(owner === undefined ? {} : { owner }) };
}

export async function download(context: OperationContext): Promise<unknown> {
  const { path, limit } = context.parameters as { path: string; limit: number };
  requireAbsolute(path);
  const ended = await hostOf(context).script(DOWNLOAD_SCRIPT, [path, String(limit + 1)], quiet(context, limit + 1_024));
  if (ended.exitCode !== 0) throw fileError(path, ended);
  // The mode's line, then the file as it is.
  const at = ended.stdout.indexOf("\n");
  const content = ended.stdout.subarray(at + 1);
  if (content.length > limit) throw tooLarge(path, limit);
  return {
    path,
    bytes: content.length,
    sha256: sha256(content),
    mode: ended.stdout.subarray(0, at).toString("latin1").padStart(4, "0"),
    base64: content.toString("base64"),
  };
}

/** That a session starts there. Finding it out of reach is a successful look; being refused or mistaken is not. */
export async function check(context: OperationContext): Promise<unknown> {
  const started = performance.now();
  try {
    const host = hostOf(context);
    await host.script(":", [], quiet(context, 0));
    return { availability: "up", host: host.name, latency: Math.round(performance.now() - started) };
  } catch (error) {
    if (!(error instanceof OperationError) || !["unreachable_host", CONNECTION_LOST].includes(error.code)) throw error;
    return { availability: "down", reason: error.message };
  }
}

const quiet = ({ signal }: OperationContext, capture: number): RemoteRun => ({ signal, output: null, capture });

function failure(program: string, { exitCode, signal, lastLines }: RemoteResult): OperationError {
  const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`;
  const last = tellingLine(lastLines);
  return new OperationError({
    code: signal === null ? "exit_code" : "killed_by_signal",
    message: `${program} ${how}${last === undefined ? " without any output" : `: ${last}`}`,
    details: { exitCode, signal, lastLines },
  });
}

/** Exit codes of the scripts. */
const FILE_PROBLEMS: Record<number, string> = {
  91: "is not a file",
  92: "does not exist",
  93: "may not be read by the user there",
  94: "was not written: its content did not arrive whole",
  95: "was not written: there is no sha256sum, shasum, sha256 or openssl there to check it with",
  96: "was not written: what arrived has another SHA-256",
};

function fileError(path: string, ended: RemoteResult): OperationError {
  const problem =
    FILE_PROBLEMS[ended.exitCode ?? 0] ??
    `can't be written or read there: ${ended.lastLines.at(-1) ?? "no reason was told"}`;
  return new OperationError({ code: "file_error", message: `${path} ${problem.replace(/\.$/, "")}.` });
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
