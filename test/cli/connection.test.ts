import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readTls } from "../../src/cli/composition/server-parts.ts";
import { resolveConnection } from "../../src/cli/connection.ts";
import type { Context } from "../../src/cli/context.ts";
import { faultOfAnswer } from "../../src/client/transport-errors.ts";
import { emptyWorld } from "./world.ts";
import { TEST_CERT, TEST_KEY } from "../server/tls-pair.ts";

const notices: string[] = [];
const connectionWith = (token: string, tokenFile?: string) =>
  resolveConnection(
    {
      env: { WILCO_SERVER: "http://127.0.0.1:1", WILCO_TOKEN: token },
      flags: { tokenFile },
      output: { notice: (text: string) => void notices.push(text) },
    } as unknown as Context,
    "/nowhere",
  );

it("a token that can't stand in a header is told as such, and white space around it does not count", async () => {
  await expect(connectionWith("wilco_a\nwilco_b")).rejects.toMatchObject({ code: "unauthenticated" });
  await expect(connectionWith("wilco_ü")).rejects.toThrow(/no token has/);
  expect(await connectionWith("wilco_a\r\n")).toMatchObject({ token: "wilco_a" });
  expect(notices).toEqual([]);
  expect(await connectionWith("wilco_a", "other.token")).toMatchObject({ token: "wilco_a" });
  expect(notices).toEqual([expect.stringContaining("goes before --token-file")]);
});

it("what a server says to do goes before a look at whether it is there", () => {
  const text = JSON.stringify({ code: "unavailable", message: "The database does not answer", hint: "Wait." });
  expect(faultOfAnswer({ status: 503, text })).toMatchObject({
    reason: "it answered 503: The database does not answer",
    hint: "Wait.",
  });
});

it("a certificate with another one's key is refused before anything starts", () => {
  const dir = mkdtempSync(join(tmpdir(), "wilco-tls-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const [cert, key] = [file("a.pem", TEST_CERT), file("a.key", TEST_KEY)];
  const other = file("b.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  expect(readTls(cert, key)).toEqual({ cert: TEST_CERT, key: TEST_KEY });
  expect(() => readTls(cert, other)).toThrow(/the key is not that of the certificate/);
  expect(() => readTls(cert, cert)).toThrow(/no private key in it/);
});

it("a local server that has ended is told from one that is stuck", async () => {
  const { dir, run, stop } = emptyWorld();
  onTestFinished(() => stop());
  const dataDir = join(dir, "data");
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, "admin.token"), "wilco_x");
  const statusBeside = async (pid: number) => {
    writeFileSync(join(dataDir, "owner.json"), JSON.stringify({ pid, url: "http://127.0.0.1:9", startedAt: "" }));
    return run(["status"], { env: { WILCO_DATA_DIR: dataDir } });
  };
  const stuck = await statusBeside(process.pid);
  expect(stuck).toMatchObject({
    code: 7,
    stderr: expect.stringContaining(
      `process ${process.pid}, is there and does not answer: look at ${dataDir}`,
    ) as string,
  });
  expect(await statusBeside(2 ** 30)).toMatchObject({
    code: 7,
    stderr: expect.stringContaining("The local server has ended. Start it again with: wilco up") as string,
  });
});
