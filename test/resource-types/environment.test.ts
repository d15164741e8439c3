import { afterEach, expect, it, vi } from "vitest";
import { childEnvironment } from "../../src/resource-types/environment.ts";

afterEach(() => vi.unstubAllEnvs());

it("A command gets the worker's environment without what wilco and its server connect with", () => {
  vi.stubEnv("WILCO_TOKEN", "t");
  vi.stubEnv("WILCO_DATABASE_URL", "postgres://u:p@h/d");
  vi.stubEnv("PGPASSWORD", "p");
  vi.stubEnv("PGHOST", "h");
  vi.stubEnv("PGSSLKEY", "k");
  vi.stubEnv("PAGER", "less");
  const env = childEnvironment({ PGUSER: "said by the resource", WILCO_SPAWN: "1" });
  expect(Object.keys(env).filter((name) => /^(WILCO_|PG)/.test(name))).toEqual(["PGUSER", "WILCO_SPAWN"]);
  expect(env).toMatchObject({ PAGER: "less", PATH: process.env["PATH"] });
});
