import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JsonObject, JsonSchema } from "../../src/core/json.ts";
import { MASK } from "../../src/core/masking.ts";
import { secretPaths } from "../../src/domain/secret-paths.ts";
import { createSealer, ensureSecretKey, parseSecretKey } from "../../src/inventory/sealer.ts";
import {
  openConnection,
  protectConnection,
  restoreMasked,
  sealMore,
  shownConnection,
} from "../../src/inventory/secrets.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);

describe("A sealer", () => {
  test("opens what it sealed, and never seals the same text twice alike", () => {
    const sealer = createSealer(key(1));
    const [one, two] = [sealer.seal("pässwörd \0 🔑"), sealer.seal("pässwörd \0 🔑")];
    expect(one).not.toBe(two);
    expect([sealer.open(one), sealer.open(two)]).toEqual(["pässwörd \0 🔑", "pässwörd \0 🔑"]);
  });

  test("says whether the key is another, the text was changed, or the form is unknown", () => {
    const sealer = createSealer(key(1));
    const sealed = sealer.seal("secret");
    expect(() => createSealer(key(2)).open(sealed)).toThrow(/another key/);
    const at = sealed.length - 3;
    const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
    expect(() => sealer.open(changed)).toThrow(/changed since/);
    expect(() => sealer.open("v1.")).toThrow(/another key/);
    expect(() => sealer.open(sealed.split(".").slice(0, 2).join("."))).toThrow(/changed since/);
    expect(() => sealer.open("v2.x.y")).toThrow(/does not know/);
  });

  test("takes a key in base64 or hexadecimal and refuses others", () => {
    expect(parseSecretKey(`${Buffer.from(key(3)).toString("base64")}\n`)).toEqual(Buffer.from(key(3)));
    expect(parseSecretKey(Buffer.from(key(3)).toString("hex"))).toEqual(Buffer.from(key(3)));
    for (const bad of ["", "short", "x".repeat(64), Buffer.from(key(3)).toString("base64").slice(4)]) {
      expect(() => parseSecretKey(bad)).toThrow(/32 bytes/);
    }
  });

  test("has a key file that only its user reads, made once", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "wilco-key-"));
    onTestFinished(() => rm(dataDir, { recursive: true }));
    const made = ensureSecretKey(dataDir);
    expect(ensureSecretKey(dataDir)).toEqual(made);
    const file = join(dataDir, "secret.key");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(parseSecretKey(await readFile(file, "utf8"))).toEqual(made);
    await writeFile(file, "damaged");
    expect(() => ensureSecretKey(dataDir)).toThrow(/secret\.key can't be used/);
  });
});

describe("Secrets of a connection", () => {
  const sealer = createSealer(key(1));
  const schema: JsonSchema = {
    type: "object",
    $defs: { login: { properties: { password: { type: "string", secret: true } } } },
    properties: {
      token: { type: "string", secret: true },
      keys: { type: "array", items: { secret: true } },
      pair: { prefixItems: [{}, { secret: true }] },
      login: { $ref: "#/$defs/login" },
      auth: { anyOf: [{ properties: { key: { secret: true } } }, { properties: { user: {} } }] },
      whole: { type: "object", secret: true },
      self: { $ref: "#" },
    },
    patternProperties: { "^env_": { secret: true } },
    additionalProperties: { properties: { pin: { secret: true } } },
  };

  test("are found wherever the schema marks them", () => {
    const connection: JsonObject = {
      url: "http://x",
      token: "t",
      keys: ["a", "b"],
      pair: ["left", "right", "more"],
      login: { user: "u", password: "p" },
      auth: { key: "k", user: "u" },
      whole: { a: 1 },
      self: { token: "inner", self: { token: "innermost" } },
      env_HOME: "/root",
      other: { pin: 1234, name: "n" },
    };
    expect(secretPaths(schema, connection).map((path) => path.join("."))).toEqual([
      "token",
      "keys.0",
      "keys.1",
      "pair.1",
      "login.password",
      "auth.key",
      "whole",
      "self.token",
      "self.self.token",
      "env_HOME",
      "other.pin",
    ]);
    const stored = protectConnection(schema, connection, sealer);
    for (const secret of ['"t"', '"right"', '"p"', '"k"', "1234", "innermost", "/root"])
      expect(stored).not.toContain(secret);
    expect(openConnection(stored, sealer)).toEqual(connection);
    expect(shownConnection(stored, schema)).toEqual({
      url: "http://x",
      token: MASK,
      keys: [MASK, MASK],
      pair: ["left", MASK, "more"],
      login: { user: "u", password: MASK },
      auth: { key: MASK, user: "u" },
      whole: MASK,
      self: { token: MASK, self: { token: MASK } },
      env_HOME: MASK,
      other: { pin: MASK, name: "n" },
    });
  });

  test("of a connection that is secret as a whole are each of its values", () => {
    const stored = protectConnection({ type: "object", secret: true }, { a: "1", b: { c: 2 } }, sealer);
    expect(shownConnection(stored, undefined)).toEqual({ a: MASK, b: MASK });
    expect(openConnection(stored, sealer)).toEqual({ a: "1", b: { c: 2 } });
  });

  test("stay masked when the schema no longer marks them, and are masked at once when it newly does", () => {
    const stored = protectConnection(schema, { token: "t", url: "u" }, sealer);
    expect(shownConnection(stored, { type: "object" })).toEqual({ token: MASK, url: "u" });
    const stricter: JsonSchema = { type: "object", properties: { url: { secret: true } } };
    expect(shownConnection(stored, stricter)).toEqual({ token: MASK, url: MASK });
    const more = sealMore(stored, stricter, sealer)!;
    expect(more).not.toContain('"u"');
    expect(shownConnection(more, undefined)).toEqual({ token: MASK, url: MASK });
    expect(openConnection(more, sealer)).toEqual({ token: "t", url: "u" });
    expect(sealMore(more, stricter, sealer)).toBeNull();
  });

  test("that come back masked are the stored ones, and asterisks that never were a mask are asterisks", () => {
    const before = { token: "t", login: { password: "p" } };
    const stored = protectConnection(schema, before, sealer);
    const sent: JsonObject = { token: MASK, login: { password: "new" }, keys: [MASK], url: MASK };
    expect(restoreMasked(schema, sent, stored, () => before)).toEqual([["keys", "0"]]);
    expect(sent).toEqual({ token: "t", login: { password: "new" }, keys: [MASK], url: MASK });
    // The mark is gone from the schema: putting the value back would lay it open.
    expect(restoreMasked({ type: "object" }, { token: MASK }, stored, () => before)).toEqual([["token"]]);
    expect(restoreMasked(schema, { token: MASK }, null, () => null)).toEqual([["token"]]);
  });

  test("may have any key, even __proto__", () => {
    const connection = JSON.parse('{"__proto__":{"pin":"1"},"env_":"2"}') as JsonObject;
    const stored = protectConnection(schema, connection, sealer);
    expect(JSON.stringify(shownConnection(stored, schema))).toBe(`{"__proto__":{"pin":"${MASK}"},"env_":"${MASK}"}`);
    expect(JSON.stringify(openConnection(stored, sealer))).toBe('{"__proto__":{"pin":"1"},"env_":"2"}');
  });
});
