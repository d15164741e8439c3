import { createServer } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { readinessOf } from "../../src/cli/readiness.ts";
import { listenWhereFetchRefuses } from "../support/refused-port.ts";

it("a server is found ready on a port that fetch refuses", async () => {
  const server = createServer((_request, response) => response.end("{}"));
  onTestFinished(() => void server.close());
  const url = await listenWhereFetchRefuses(server);
  await expect(fetch(url)).rejects.toMatchObject({ cause: { message: "bad port" } });
  expect(await readinessOf(url)).toBe("ready");
});
