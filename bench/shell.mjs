/** The shell in a pseudo-terminal (`script` of util-linux): how soon its prompt is there, and what it weighs idle. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { median } from "./statistics.mjs";
import { cleanEnvironment, CLI, memoryOf, run, startWilco } from "./wilco.mjs";

const PROMPT = /@127\.0\.0\.1:\d+> /;

/** @returns `{ node, shell, memory }`: medians in ms until `node -e 0` has ended and the prompt is there, and MB */
export async function measureShell({ runs = 15, idle = 5 } = {}) {
  if (process.platform !== "linux" || spawnSync("script", ["--version"]).error) return undefined;
  const server = await startWilco();
  try {
    const node = [];
    const shell = [];
    // The first round fills the caches.
    for (let round = -1; round < runs; round++) {
      let start = performance.now();
      await run(["-e", "0"], { env: cleanEnvironment() });
      if (round >= 0) node.push(performance.now() - start);
      start = performance.now();
      const opened = await openShell(server);
      if (round >= 0) shell.push(performance.now() - start);
      await opened.close();
    }
    const opened = await openShell(server);
    opened.type("1 + 1\r");
    await new Promise((resolve) => setTimeout(resolve, idle * 1_000));
    const memory = memoryOf(opened.pid(), "VmRSS") / 1_024;
    await opened.close();
    return { node: median(node), shell: median(shell), memory };
  } finally {
    await server.stop();
  }
}

async function openShell({ env, folder }) {
  const child = spawn("script", ["-qec", `exec '${process.execPath}' '${CLI}' shell`, "/dev/null"], {
    env: { ...env, TERM: "xterm" },
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let seen = "";
  const ended = once(child, "exit");
  child.stdout.setEncoding("utf8");
  await new Promise((resolve, reject) => {
    child.stdout.on("data", (text) => {
      seen += text;
      if (PROMPT.test(seen)) resolve();
    });
    child.once("exit", () => reject(new Error(`The shell ended without a prompt:\n${seen}`)));
  });
  return {
    type: (keys) => child.stdin.write(keys),
    pid: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ")[0]),
    async close() {
      child.stdin.write("\u0004");
      await ended;
    },
  };
}
