/**
 * Started by orphans.test.ts and killed with SIGKILL: a worker that runs one command against the fake server, and prints
 * the pid of what is to be found later.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineResourceType, type Log } from "../../src/resource-types/sdk.ts";
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

const worker = createWorker({
  api: server.api,
  name: "victim",
  zone: "default",
  roles: ["automate"],
  capacity: 1,
  types: [
    defineResourceType({
      name: "test",
      operations: {
        run: { handler: ({ exec }) => exec([process.execPath, "-e", mode === "group" ? leader : member]) },
      },
    }),
  ],
  stateDir,
  version: "0.0.0",
  log,
});
await worker.start();
server.submit({ operation: "run" });

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
