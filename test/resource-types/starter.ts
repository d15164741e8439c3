/** Started by process.test.ts and killed with SIGKILL: starts a managed process and prints its pid. */
import { createProcessType } from "../../src/resource-types/process/type.ts";
import type { Log, OperationContext } from "../../src/resource-types/sdk.ts";

const [state, connection] = process.argv.slice(2) as [string, string];
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const context: OperationContext = {
  entry: 1,
  attempt: 1,
  operation: "start",
  parameters: {},
  resource: {
    id: 1,
    name: "thing-1",
    type: "process",
    zone: "default",
    labels: {},
    connection: JSON.parse(connection) as { command: string[] },
  },
  signal: new AbortController().signal,
  deadline: Date.now() + 60_000,
  tempDir: state,
  state,
  log,
  output: async () => {},
  progress() {},
  content: () => Promise.reject(new Error("not used")),
  exec: () => Promise.reject(new Error("not used")),
};
const started = (await createProcessType().handlers["start"]!(context)) as { pid: number };
console.log(started.pid);
setInterval(() => {}, 1_000);
