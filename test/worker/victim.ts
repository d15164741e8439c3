/**
 * Started by orphans.test.ts and killed with SIGKILL: a worker that runs one command against the fake server, and prints
 * the pid of what is to be found later.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineResourceType, type Log } from "../../src/resource-types/sdk.ts";
import { describeTypes } from "../../src/worker/handlers/describe.ts";
import { createWorker } from "../../src/worker/worker.ts";
import { createFakeServer } from "./fake-server.ts";

const [stateDir, mode] = process.argv.slice(2) as [string, string];
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const server = createFakeServer();
const pidFile = join(stateDir, "pid");
// The leader of "group" ends by itself when its worker dies, and leaves a member of its group behind.
const forever = "setInterval(() => {}, 1000)";
const member = `require("node:fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); ${forever}`;
const leader = `
  require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(member)}], { stdio: "ignore" });
  setInterval(() => { if (process.ppid !== ${process.pid}) process.exit(); }, 10);
`;

/** In "all" everybody holds a connection to the test for as long as it lives. */
const ring = (name: string, then = "") =>
  `require("node:net").connect(${JSON.stringify(join(stateDir, "doorbell"))}).write(${JSON.stringify(name)}, () => { ${then} });`;
const start = (script: string, detached: boolean) =>
  `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(script)}], { stdio: "ignore", detached: ${detached} });`;
const family = ring("command") + start(ring("member"), false) + start(ring("own session"), true);

/** In "handler" it is the handler's own process that blocks, and so does not see its worker die. */
async function handlerTypes() {
  const library = new URL("../../src/index.ts", import.meta.url).href;
  const directory = join(stateDir, "type-files");
  mkdirSync(directory);
  writeFileSync(
    join(directory, "test.mjs"),
    `import { writeFileSync } from "node:fs";
     import { createRequire } from "node:module";
     import { defineResourceType } from "wilco";
     const require = createRequire(import.meta.url);
     const write = () => writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
     const run = () => { write(); for (;;) {} };
     const ring = () => new Promise(() => { write(); ${ring("handler", "for (;;) {}")} });
     const family = ({ exec }) => exec([process.execPath, "-e", ${JSON.stringify(family)}]);
     const operations = Object.entries({ run, ring, family }).map(([name, handler]) => [name, { handler }]);
     export default defineResourceType({ name: "test", operations: Object.fromEntries(operations) });`,
  );
  const files = await describeTypes(directory, { library });
  return files.flatMap(({ path, types }) =>
    types.map(({ descriptor }) => ({ descriptor, handlers: {}, source: { file: path, library, generation: 0 } })),
  );
}

const commandTypes = [
  defineResourceType({
    name: "test",
    operations: {
      run: { handler: ({ exec }) => exec([process.execPath, "-e", mode === "group" ? leader : member]) },
    },
  }),
];

const worker = createWorker({
  api: server.api,
  name: "victim",
  zone: "default",
  roles: ["automate"],
  capacity: 2,
  types: mode === "handler" || mode === "all" ? await handlerTypes() : commandTypes,
  stateDir,
  version: "0.0.0",
  log,
});
await worker.start();
for (const operation of mode === "all" ? ["ring", "family"] : ["run"]) server.submit({ operation });

const waiting = setInterval(() => {
  if (!existsSync(pidFile)) return;
  const pid = readFileSync(pidFile, "utf8");
  if (pid === "") return;
  clearInterval(waiting);
  if (mode === "unrecorded") forgetPid();
  console.log(pid);
}, 10);

/** As the record is when the worker dies right after the spawn. */
function forgetPid(): void {
  const directory = join(stateDir, "tmp", readdirSync(join(stateDir, "tmp"))[0]!);
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    writeFileSync(
      file,
      JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), pid: null, startTime: null }),
    );
  }
}
