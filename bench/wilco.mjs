/**
 * wilco as the benchmarks use it: through its command line and nothing else. Whatever depends on how a server is started
 * or found is in this file.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
export const CLI = fileURLToPath(new URL("../dist/cli/bin.js", import.meta.url));

/**
 * A server with its worker (16 slots) in one process, with the bench type and its one resource.
 * @param databaseUrl undefined = embedded
 */
export async function startWilco({ databaseUrl, slots = 16 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "wilco-bench-"));
  const env = { ...cleanEnvironment(), WILCO_DATA_DIR: join(folder, "data"), XDG_CACHE_HOME: join(folder, "cache") };
  const args = ["server", "--port", "0", "--types", join(here, "types"), "--slots", String(slots)];
  if (databaseUrl !== undefined) args.push("--database-url", databaseUrl);
  const child = spawn(process.execPath, [CLI, ...args], { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(-4_000)));
  const ended = once(child, "exit");
  const server = {
    url: undefined,
    pid: child.pid,
    folder,
    env,
    /** Asks its API as an admin: `ask(method, path, body)`. */
    ask: undefined,
    /** Runs `wilco ARGS…` against this server; rejects unless it exits with 0. `onStart` gets the child. */
    cli: (cliArgs, options) => run([CLI, ...cliArgs], { env, cwd: folder, ...options }),
    /** Runs a script of scripts/ and resolves to what it prints, as JSON. */
    script: async (name, scriptArgs, options) =>
      JSON.parse(await server.cli(["run", join(here, "scripts", name), ...scriptArgs], options)),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    server.url = await firstLine(child, () => said);
    if (databaseUrl !== undefined) {
      // A cluster has no local server's token file: its first admin token is made beside the database.
      env.WILCO_SERVER = server.url;
      env.WILCO_TOKEN = (await server.cli(["tokens", "bootstrap", "bench", "--database-url", databaseUrl])).trim();
    }
    const token = env.WILCO_TOKEN ?? readFileSync(join(env.WILCO_DATA_DIR, "admin.token"), "utf8").trim();
    server.ask = api({ url: server.url, token });
    await server.cli(["apply", join(here, "inventory.yaml")]);
    return server;
  } catch (error) {
    if (child.exitCode === null) await server.stop();
    else rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** `(method, path, body) → answer`, rejects for every answer that is none. */
export function api({ url, token }) {
  return async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
}

/** `wilco server` prints its URL when it is ready. */
function firstLine(child, said) {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", () => reject(new Error(`wilco server did not get ready:\n${said()}`)));
  });
}

/** Runs Node with these arguments to its end and resolves to its stdout. */
export async function run(args, { env = cleanEnvironment(), cwd, onStart } = {}) {
  const child = spawn(process.execPath, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (more) => (text[name] += more));
  onStart?.(child);
  const [code, signal] = await once(child, "close");
  if (code === 0) return text.stdout;
  throw new Error(`node ${args.join(" ")} ended with ${signal ?? code}:\n${text.stderr}${text.stdout}`);
}

/** A value of /proc/PID/status in kB (Linux only), e.g. VmRSS now or VmHWM at its highest. */
export function memoryOf(pid, name) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
}

/** Processor time of a process, ms in steps of 10 (Linux only). */
export function processorTime(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export function cleanEnvironment() {
  const names = Object.keys(process.env).filter((name) => !/^(WILCO_|CI$|npm_|NODE_)/.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
