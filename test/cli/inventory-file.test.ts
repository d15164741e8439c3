import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Context } from "../../src/cli/context.ts";
import { readPlacedInventory } from "../../src/cli/inventory-file.ts";
import { WilcoError } from "../../src/core/errors.ts";
import { emptyWorld } from "./world.ts";

const read = (text: string) =>
  readPlacedInventory({ readStdin: () => Promise.resolve(text) } as unknown as Context, "-");

async function refusal(
  reading: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string | undefined }> {
  const error = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WilcoError)) throw new Error("It was not refused as it should be", { cause: error });
  return { code: error.code, message: error.message, hint: error.hint };
}

test("Aliases that unfold into gigabytes, and what is nested too deeply, are mistakes of the file", async () => {
  const bomb = ["a: &l0 [x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 9; level++)
    bomb.push(`l${level}: &l${level} [${Array.from({ length: 9 }, () => `*l${level - 1}`).join(", ")}]`);
  expect(await refusal(read(`${bomb.join("\n")}\nresources: *l8\n`))).toEqual({
    code: "invalid_inventory",
    message: "The aliases of stdin unfold into more than 1,000 copies",
    hint: "Write out what is meant, or use fewer aliases (*name) within aliases.",
  });
  expect(await refusal(read("resources: { a: *nope }"))).toMatchObject({
    code: "invalid_inventory",
    message: "stdin uses the alias *nope without its anchor",
  });
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  for (const text of [`resources: { a: ${deep} }`, `resources:\n  a:\n    connection: { x: ${deep} }\n`]) {
    const { code, message } = await refusal(read(text));
    expect(code).toBe("invalid_inventory");
    expect(message).toMatch(/^stdin:\d+:\d+ is nested too deeply to be read$/);
  }
});

test("A file says types, resources and groups only: what is removed is said by the person at the command", async () => {
  expect(await refusal(read('resources: [1]\nprune: ["*"]\ndryRun: true\ntyps: {}\n'))).toEqual({
    code: "invalid_inventory",
    message: [
      "The inventory can't be read, 4 things are wrong:",
      "stdin:1:1: resources: it must be an object of names (Write resources: { NAME: { … } }.)",
      "stdin:2:1: prune: it is not a part of an inventory (What may be removed is said by the command: --prune NAMES.)",
      "stdin:3:1: dryRun: it is not a part of an inventory (That is said by the command: --dry-run.)",
      'stdin:4:1: typs: it is not a part of an inventory (Did you mean "types"?)',
    ].join("\n  "),
    hint: "Nothing was changed.",
  });
  expect((await read("resources:\ngroups: {}\n")).document).toEqual({ groups: {} });
  expect((await read("")).document).toEqual({});
});

test("A file that can't be read is told in words", async () => {
  const dir = mkdtempSync(join(tmpdir(), "wilco-inventory-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const context = { path: (typed: string) => join(dir, typed) } as unknown as Context;
  expect(await refusal(readPlacedInventory(context, "wilco.ymal"))).toMatchObject({
    message: "The inventory wilco.ymal can't be read: there is no such file",
  });
  expect(await refusal(readPlacedInventory(context, "."))).toMatchObject({
    message: "The inventory . can't be read: it is a directory",
  });
});

test("An interrupt while a change is on its way says that it may be made all the same", async () => {
  const world = emptyWorld();
  const server = createServer((request, response) => {
    // Never answered: what matters is that it has arrived.
    if (request.url === "/v1/inventory/apply") command.kill("SIGINT");
    else response.setHeader("content-type", "application/json").end("{}");
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await world.stop();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const command = world.start(["apply", "-", "--server", url], {
    input: "resources: { a: { type: host } }",
    env: { WILCO_TOKEN: "wilco_x" },
  });
  expect(await command.ended).toMatchObject({
    code: 130,
    stdout: "",
    stderr: `Interrupted: ${url} may apply it all the same, all of it or nothing.\n  See what is left to do: the same command with --dry-run.\n`,
  });
});
