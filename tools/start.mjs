/**
 * `npm start`: the main job on real input. Starts a local server with three web servers of this machine, restarts them
 * one by one with the rolling-restart example, shows the audit trail, and stops everything it started.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../", import.meta.url));
const { values: options } = parseArgs({
  options: {
    dir: { type: "string", default: join(root, ".wilco", "demo") },
    cli: { type: "string", default: join(root, "dist", "cli", "bin.js") },
  },
});
const dataDir = resolve(options.dir);
const inventoryFile = join(dataDir, "wilco.yaml");
const cli = resolve(options.cli);
/** The ports in the examples' inventory; the demo takes free ones instead. */
const PORTS = ["8081", "8082", "8083"];
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** The user's own server, token and profiles are not the demo's. */
const env = { ...process.env, WILCO_DATA_DIR: dataDir, XDG_CONFIG_HOME: join(dataDir, "config") };
for (const name of ["WILCO_SERVER", "WILCO_TOKEN", "WILCO_PROFILE"]) delete env[name];

let interrupted;
/** The command that runs now, while it may be interrupted. */
let current;
let processesStarted = false;
let cleaning = false;
for (const signal of Object.keys(SIGNALS)) {
  process.on(signal, () => {
    if (interrupted === undefined) console.error("\nInterrupted: stopping what was started …");
    interrupted ??= signal;
    current?.kill(signal);
  });
}

class Interrupted extends Error {}

/** @returns the exit code. What is not shown still says on stderr what went wrong. */
async function run(args, { shown }) {
  if (shown) console.log(`\n$ wilco ${args.map((arg) => (/[\s*,=;]/.test(arg) ? `'${arg}'` : arg)).join(" ")}`);
  // In a group of its own: Ctrl-C reaches it through the handler above, once, and does not reach the cleaning up.
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env,
    stdio: ["ignore", shown ? "inherit" : "ignore", "inherit"],
    detached: true,
  });
  if (!cleaning) current = child;
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? SIGNALS[signal] ?? 1));
  });
}

/** @throws Error when the command fails, Interrupted when the demo was interrupted. */
async function wilco(args, { shown = true } = {}) {
  const code = await run(args, { shown });
  current = undefined;
  if (interrupted !== undefined) throw new Interrupted();
  if (code !== 0) throw new Error(`wilco ${args[0]} ended with exit code ${code}`);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function writeInventory() {
  let text = readFileSync(join(root, "scripts-examples", "wilco.yaml"), "utf8");
  for (const port of PORTS) text = text.replaceAll(port, String(await freePort()));
  mkdirSync(dirname(inventoryFile), { recursive: true, mode: 0o700 });
  writeFileSync(inventoryFile, text);
}

async function demonstrate() {
  const began = new Date();
  await wilco(["up"]);
  // Left over from a demo that was killed: they would hold on to their old ports.
  await wilco(["exec", "type=process", "stop", "--allow-empty", "--yes", "--quiet", "--output", "jsonl", "--no-wait"], {
    shown: false,
  });
  await writeInventory();
  await wilco(["apply", relative(root, inventoryFile), "--quiet"]);
  processesStarted = true;
  await wilco(["exec", "group=web", "start", "--yes"]);
  const restartBegan = performance.now();
  await wilco(["run", "scripts-examples/rolling-restart.ts"]);
  const took = ((performance.now() - restartBegan) / 1_000).toFixed(1);
  await wilco(["resources", "list", "tier=web"]);
  console.log("\nThe audit trail of all that:");
  await wilco(["history", "--oldest", "--since", began.toISOString()]);
  return `Three real web servers were restarted one by one in ${took} s, each seen up before the next was touched.`;
}

/** Whatever happened: nothing that was started stays. */
async function cleanUp() {
  cleaning = true;
  console.log("\nStopping the web servers and the local server …");
  const stop = ["exec", "type=process", "stop", "--allow-empty", "--yes", "--quiet"];
  const stopped = processesStarted ? await run(stop, { shown: false }) : 0;
  const down = await run(["down", "--now"], { shown: false });
  if (stopped !== 0 || down !== 0)
    throw new Error(`Not everything could be stopped; see ${relative(root, dataDir)}/server.log`);
}

let exit = 0;
let summary = "";
try {
  summary = await demonstrate();
} catch (error) {
  exit = interrupted === undefined ? 1 : SIGNALS[interrupted];
  if (!(error instanceof Interrupted)) console.error(`\nThe demo failed: ${error.message}`);
}
try {
  await cleanUp();
} catch (error) {
  console.error(error.message);
  exit ||= 1;
}
if (summary !== "") {
  console.log(
    `\n${summary}\nThe data is kept in ${relative(root, dataDir)}. Your own server: node_modules/.bin/node dist/cli/bin.js up; the README goes on from there.`,
  );
}
process.exit(exit);
