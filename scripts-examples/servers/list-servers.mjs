/**
 * Prints the web servers of a machine as JSON, as an inventory or a service registry of your own would: one for each port.
 * It is what the resource "front" of roll-out.yaml discovers with.
 */
import { fileURLToPath } from "node:url";

const [ports = ""] = process.argv.slice(2);
const release = fileURLToPath(new URL("../releases/1", import.meta.url));

const resources = ports.split(",").map((port, index) => ({
  name: `front-${index + 1}`,
  type: "process",
  labels: { stage: "front" },
  connection: {
    command: ["node", "server.mjs"],
    cwd: release,
    env: { PORT: port, NAME: `front-${index + 1}` },
    ready: { url: `http://127.0.0.1:${port}/health` },
    stopTimeout: "5s",
  },
}));
console.log(JSON.stringify({ resources }));
