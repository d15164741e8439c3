import { createServer, type Server } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { readinessOf } from "../../src/cli/readiness.ts";

it("a server is found ready on a port that fetch refuses", async () => {
  const server = createServer((_request, response) => response.end("{}"));
  onTestFinished(() => void server.close());
  const port = await firstFree(server, [6667, 6668, 6669, 6666, 6665, 6697, 6566, 5061]);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ cause: { message: "bad port" } });
  expect(await readinessOf(`http://127.0.0.1:${port}`)).toBe("ready");
});

async function firstFree(server: Server, ports: readonly number[]): Promise<number> {
  for (const port of ports) {
    const listening = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (listening) return port;
  }
  throw new Error("all of these ports are taken");
}
