import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtinsWhenCalled } from "../../tools/builtins.ts";

const SOURCE = `#!/usr/bin/env node
import { createHash, constants as crypto } from "node:crypto";
import { readFileSync } from "node:fs";
import net, { Socket } from "node:net";
import { exec } from "node:child_process";
import { lookup } from "node:dns";
import * as zlib from "node:zlib";
import { promisify } from "node:util";

const loaded = (name) => process.moduleLoadList.includes("NativeModule " + name);
const before = { zlib: loaded("zlib"), undici: loaded("internal/deps/undici/undici") };
const hash = createHash("sha256").update("x").digest("hex").slice(0, 8);
const inflated = zlib.inflateSync(zlib.deflateSync("text")).toString();
const { stdout } = await promisify(exec)("echo one");
const { family } = await promisify(lookup)("127.0.0.1");
console.log(JSON.stringify({
  before,
  hash,
  inflated,
  stdout,
  family,
  constant: typeof crypto.RSA_PKCS1_PADDING,
  same: net.Socket === Socket && new Socket() instanceof net.Socket,
  itself: readFileSync(process.argv[1], "utf8").startsWith("#!/usr/bin/env node"),
  after: loaded("zlib"),
}));
`;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "wilco-builtins-"))));
afterAll(() => rmSync(folder, { recursive: true }));

test("a bundle loads Node's modules when something of them is called, and they do what they did", async () => {
  writeFileSync(join(folder, "source.mjs"), SOURCE);
  const bundle = await rolldown({
    input: join(folder, "source.mjs"),
    platform: "node",
    external: /^node:/,
    plugins: [builtinsWhenCalled()],
  });
  await bundle.write({ file: join(folder, "bundle.mjs"), format: "esm", minify: true });
  await bundle.close();
  const said = execFileSync(process.execPath, [join(folder, "bundle.mjs")], { encoding: "utf8" });
  expect(JSON.parse(said)).toEqual({
    before: { zlib: false, undici: false },
    hash: "2d711642",
    inflated: "text",
    stdout: "one\n",
    family: 4,
    constant: "number",
    same: true,
    itself: true,
    after: true,
  });
});
