/** Several servers on one PostgreSQL, workers in processes of their own, and plain HTTP to look at what they answer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import bench from "./types/bench.js";
import { api, cleanEnvironment, CLI, run } from "./wilco.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const types = join(here, "types");

/** @param url of an empty database. Servers run no worker of their own; `slots` are those of each worker. */
export async function startFleet({ url, servers = 1, workers = 0, slots = 16 }) {
  const folder = mkdtempSync(join(tmpdir(), "wilco-fleet-"));
  const env = { ...cleanEnvironment(), XDG_CACHE_HOME: join(folder, "cache"), WILCO_SECRET_KEY: "07".repeat(32) };
  const children = [];
  async function stop() {
    // Workers first: they take leave of servers that are there.
    for (const child of children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
      await ended;
      clearTimeout(late);
    }
    rmSync(folder, { recursive: true, force: true });
  }
  function start(args, more) {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { ...env, ...more },
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(-4_000)));
    return { child, said: () => said };
  }
  try {
    const urls = [];
    const pids = [];
    for (let i = 0; i < servers; i++) {
      const dataDir = join(folder, `server-${i}`);
      const args = ["server", "--no-worker", "--port", "0", "--data-dir", dataDir];
      const { child, said } = start([...args, "--database-url", url]);
      urls.push(await firstLine(child, said));
      pids.push(child.pid);
    }
    const tokens = {};
    const cli = (args, more) => run([CLI, ...args], { env: { ...env, WILCO_SERVER: urls[0], ...more }, cwd: folder });
    tokens.admin = (await cli(["tokens", "bootstrap", "bench", "--database-url", url])).trim();
    const admin = { WILCO_TOKEN: tokens.admin };
    const created = JSON.parse(await cli(["tokens", "create", "workers", "--role", "worker", "--json"], admin));
    tokens.worker = created.token;
    for (let i = 0; i < workers; i++) {
      const args = [
        "worker",
        "--name",
        `w${i}`,
        "--slots",
        String(slots),
        "--types",
        types,
        "--state-dir",
        join(folder, `w${i}`),
      ];
      start([...args, "--server", urls[i % servers]], { WILCO_TOKEN: tokens.worker });
    }
    const ask = api({ url: urls[0], token: tokens.admin });
    // The server learns of the bench's type from a worker that has it.
    const teacher = { url: urls[0], token: tokens.worker, name: "teacher", zone: "nowhere", types: [bench.descriptor] };
    if (workers === 0) await registerWorker(teacher);
    while ((await ask("GET", "/v1/workers")).items.filter((one) => one.state === "ready").length < workers) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await cli(["apply", join(here, "inventory.yaml")], admin);
    return {
      urls,
      pids,
      tokens,
      ask,
      stop,
      /** Runs a script of scripts/ against server `index` and resolves to what it prints, as JSON. */
      script: async (name, args, index = 0) =>
        JSON.parse(await cli(["run", join(here, "scripts", name), ...args], { ...admin, WILCO_SERVER: urls[index] })),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function firstLine(child, said) {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", () => reject(new Error(`wilco ended before it was ready:\n${said()}`)));
  });
}

/** A worker that is nothing but its session: it claims only when asked to. */
export async function registerWorker({ url, token, name, zone = "default", types: known = [] }) {
  const ask = api({ url, token });
  const { session } = await ask("POST", "/v1/workers", {
    protocol: 2,
    name,
    zone,
    roles: ["automate"],
    capacity: 16,
    host: "bench",
    pid: process.pid,
    version: "bench",
    types: known,
    succession: `succession-of-${name}-of-the-bench`,
  });
  let claims = 0;
  return {
    session,
    async claim(slots) {
      const body = { claimId: `${name}-${++claims}-of-the-bench`, slots, wait: 0 };
      return (await ask("POST", `/v1/workers/${session}/claim`, body)).assignments;
    },
    finish: (assignments) =>
      ask("POST", `/v1/workers/${session}/finish`, {
        finishes: assignments.map(({ entry, attempt }) => ({
          entry,
          attempt,
          finishId: `finish-${entry}-${attempt}-of-the-bench`,
          lastChunk: 0,
          status: "succeeded",
          result: { ok: true },
        })),
      }),
  };
}
