/**
 * A small web server to be managed: answers /health, finishes what it has accepted when it is asked to stop.
 * Environment: PORT (required), NAME, and START_DELAY in ms before it listens (default 100, as real servers warm up).
 */
import { createServer } from "node:http";

const port = Number(process.env.PORT);
const name = process.env.NAME ?? "web";
const startDelay = Number(process.env.START_DELAY ?? 100);
if (!Number.isInteger(port) || port < 1) {
  console.error("PORT is not set to a port");
  process.exit(2);
}

const started = Date.now();
let requests = 0;
const server = createServer((request, response) => {
  requests += 1;
  const healthy = request.url === "/health";
  response.writeHead(healthy || request.url === "/" ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify({ name, pid: process.pid, uptime: Date.now() - started, requests }));
});

setTimeout(() => {
  server.listen(port, "127.0.0.1", () => console.log(`${name} (pid ${process.pid}) listens on port ${port}`));
}, startDelay);

process.on("SIGTERM", () => {
  console.log(`${name} (pid ${process.pid}) stops after ${requests} requests`);
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
