/**
 * What the guard of a worker costs, beside other ways to end what a killed worker leaves. Needs Linux (/proc), setpriv of
 * util-linux and a build. Run it alone: npm run build && node bench/guard.mjs
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { createExecPool } from "../dist/resource-types/exec.js";
import { createGuard } from "../dist/resource-types/guard.js";
import { SPAWN_VARIABLE } from "../dist/resource-types/spawn-record.js";
import { median } from "./statistics.mjs";
import { processorTime } from "./wilco.mjs";

const ROUNDS = 9;
const COMMANDS = 100;
const LINES = 4_000;
const directory = mkdtempSync(join(tmpdir(), "wilco-bench-"));

const memory = (pid, what) =>
  Number(new RegExp(`^${what}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]);
const isGuard = (pid) => {
  try {
    return (
      readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("wilco-guard") &&
      readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ")[1] === String(process.pid)
    );
  } catch {
    return false; // It has ended meanwhile.
  }
};
/** That nobody has. */
const aProcess = (number) => ({ pid: 2 ** 30 + number, startTime: "boot/1", token: "yUEhO0mB2yS__LpuL345_g" });

async function ofTheGuard() {
  const starts = [];
  for (let round = 0; round < ROUNDS; round++) {
    const guard = createGuard({ variable: SPAWN_VARIABLE });
    const before = performance.now();
    guard.watch(aProcess(1));
    starts.push(performance.now() - before);
    guard.forget(aProcess(1).pid);
    await guard.stop();
  }
  const guard = createGuard({ variable: SPAWN_VARIABLE });
  guard.watch(aProcess(1));
  const pid = readdirSync("/proc").find(isGuard);
  guard.forget(aProcess(1).pid);
  const spent = [];
  const before = processorTime(pid);
  for (let line = 0; line < LINES; line++) {
    const began = performance.now();
    guard.watch(aProcess(line));
    guard.forget(aProcess(line).pid);
    spent.push(performance.now() - began);
    if (line % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(`the guard: start ${median(starts).toFixed(1)} ms of the worker;`);
  console.log(`  ${memory(pid, "Private_Dirty")} KB of its own, ${memory(pid, "Rss")} KB resident;`);
  const shell = ((processorTime(pid) - before) * 1_000) / LINES;
  console.log(`  a process to watch: ${(median(spent) * 1_000).toFixed(0)} µs here, ${shell.toFixed(0)} µs there`);
  return guard;
}

async function ofCommands(guard) {
  const ways = {
    "as it is without a guard": { argv: ["true"] },
    "with the guard": { argv: ["true"], guard },
    "with setpriv --pdeathsig": { argv: ["setpriv", "--pdeathsig", "KILL", "true"] },
  };
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { argv, ...more }] of Object.entries(ways)) {
      const { signal } = new AbortController();
      const host = {
        signal,
        tempDir: () => directory,
        output: async () => {},
        killGrace: 1_000,
        environment: {},
        ...more,
      };
      const { exec } = createExecPool(host);
      const began = performance.now();
      for (let command = 0; command < COMMANDS; command++) await exec(argv);
      times[name].push((performance.now() - began) / COMMANDS);
    }
  }
  for (const [name, all] of Object.entries(times)) console.log(`a command ${name}: ${median(all).toFixed(2)} ms`);
}

async function ofThreads() {
  const code =
    "const { parentPort } = require('node:worker_threads'); parentPort.on('message', () => {}); parentPort.postMessage(1)";
  const before = memory("self", "Pss");
  const threads = [];
  const starts = [];
  for (let thread = 0; thread < ROUNDS; thread++) {
    const began = performance.now();
    const one = new Worker(code, { eval: true });
    await once(one, "message");
    starts.push(performance.now() - began);
    threads.push(one);
  }
  const each = (memory("self", "Pss") - before) / 1_024 / ROUNDS;
  console.log(`a thread that watches: ${median(starts).toFixed(0)} ms, ${each.toFixed(1)} MB`);
  for (const one of threads) await one.terminate();
}

async function ofNode() {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume(); console.log(1)"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  console.log(`a guard in Node: ${(memory(child.pid, "Rss") / 1_024).toFixed(0)} MB resident`);
  child.stdin.end();
  await once(child, "exit");
}

const guard = await ofTheGuard();
await ofCommands(guard);
await guard.stop();
await ofThreads();
await ofNode();
rmSync(directory, { recursive: true });
