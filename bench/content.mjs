/** Upload of a large file: its rate beside `cp` of the same file to the same disk, and what it costs the server in memory. */
import { createHash, randomBytes } from "node:crypto";
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { percentile } from "./statistics.mjs";
import { memoryOf, startWilco } from "./wilco.mjs";

const MB = 1024 * 1024;

/**
 * @param databaseUrl undefined = embedded
 * @param size MB @param runs of which the fastest counts, of the copy and of the upload, in turn
 * @returns MB/s of `cp` (`copy`: warm, nothing is waited for), of a copy that is synced (`synced`), of the upload; `memory` above idle at its peak, MB; `beside`: ms that other requests took while nothing and while an upload was under way
 */
export async function measureContent({ databaseUrl, size = 1024, runs = 2 }) {
  const directory = mkdtempSync(join(tmpdir(), "wilco-bench-content-"));
  const server = await startWilco({ databaseUrl });
  try {
    const found = { copy: 0, synced: 0, upload: 0, memory: 0 };
    for (let at = 0; at < runs; at++) {
      // New bytes each time: what the server has would not be sent again.
      const file = join(directory, "file");
      const hash = await writeRandom(file, size);
      found.copy = Math.max(
        found.copy,
        size / seconds(() => spawnSync("cp", ["--reflink=never", file, join(directory, "copy")])),
      );
      const dd = ["if=" + file, "of=" + join(directory, "synced"), "bs=1M", "conv=fdatasync", "status=none"];
      found.synced = Math.max(found.synced, size / seconds(() => spawnSync("dd", dd)));
      for (const copy of ["copy", "synced"]) rmSync(join(directory, copy));
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const idle = memoryOf(server.pid, "VmRSS");
      let peak = idle;
      const watch = setInterval(() => (peak = Math.max(peak, memoryOf(server.pid, "VmRSS"))), 50);
      const started = performance.now();
      await upload(server, file, hash, size);
      found.upload = Math.max(found.upload, size / ((performance.now() - started) / 1_000));
      clearInterval(watch);
      found.memory = Math.max(found.memory, (peak - idle) / 1_024);
    }
    const hash = await writeRandom(join(directory, "file"), size);
    const quiet = askBeside(server);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const idle = await quiet();
    const busy = askBeside(server);
    await upload(server, join(directory, "file"), hash, size);
    found.beside = { idle, upload: await busy() };
    return found;
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function writeRandom(file, size) {
  const hash = createHash("sha256");
  await pipeline(async function* () {
    for (let at = 0; at < size; at++) {
      const bytes = randomBytes(MB);
      hash.update(bytes);
      yield bytes;
    }
  }, createWriteStream(file));
  return hash.digest("hex");
}

function seconds(work) {
  const started = performance.now();
  const { status } = work();
  if (status !== 0) throw new Error("the copy failed");
  return (performance.now() - started) / 1_000;
}

function tokenOf({ env, folder }) {
  return env.WILCO_TOKEN ?? readFileSync(join(folder, "data", "admin.token"), "utf8").trim();
}

/** A small request each 5 ms, from a thread of its own: what uploads must not make it wait. @returns the end, with ms. */
function askBeside(server) {
  const worker = new Worker(ASK, { eval: true, workerData: { url: `${server.url}/v1/me`, token: tokenOf(server) } });
  return async () => {
    worker.postMessage("end");
    const [took] = await once(worker, "message");
    return { median: percentile(took, 0.5), p99: percentile(took, 0.99), longest: Math.max(...took) };
  };
}

const ASK = `
const { parentPort, workerData: { url, token } } = require("node:worker_threads");
const { Agent, get } = require("node:http");
const agent = new Agent({ keepAlive: true });
const headers = { authorization: "Bearer " + token };
let over = false;
parentPort.once("message", () => (over = true));
(async () => {
  const took = [];
  while (!over) {
    const started = performance.now();
    await new Promise((resolve, reject) =>
      get(url, { agent, headers }, (answer) => answer.resume().on("end", resolve)).on("error", reject));
    took.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  agent.destroy();
  parentPort.postMessage(took);
})();`;

function upload(server, file, hash, size) {
  const { url } = server;
  const token = tokenOf(server);
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/octet-stream",
      "content-length": size * MB,
    };
    const sending = request(`${url}/v1/content/${hash}?name=file`, { method: "PUT", headers }, (answer) => {
      answer.resume();
      answer.on("end", () =>
        answer.statusCode === 201 ? resolve() : reject(new Error(`answered ${answer.statusCode}`)),
      );
    });
    sending.on("error", reject);
    createReadStream(file, { highWaterMark: MB }).pipe(sending);
  });
}
