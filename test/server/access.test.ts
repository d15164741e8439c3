import { describe, expect, test } from "vitest";
import { openServer, ROLES } from "./world.ts";

const SUBMIT = { entries: [{ resource: "web-1", operation: "restart" }] };
const SCRIPT = {
  file: "a.ts",
  files: { "a.ts": "" },
  args: [],
  permissions: { env: [], read: [], net: [], operations: null, resources: null },
  onError: "wait",
  grace: 0,
  limits: { cpu: 1, memory: 1 },
  requireWorker: null,
};
const REGISTER = {
  name: "w",
  zone: "default",
  roles: ["automate"],
  capacity: 1,
  host: "h",
  pid: 1,
  version: "1",
  types: [],
  succession: "0123456789abcdef",
  protocol: 2,
};
const FINISH = { finishes: [{ entry: 1, attempt: 1, finishId: "12345678", lastChunk: 0, status: "succeeded" }] };

/** Every route with a good request, and the roles that may call it. */
type Asked = [
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD",
  url: string,
  body: unknown,
  allowed: string[],
];
const ROUTES: Asked[] = [
  ["GET", "/v1/me", undefined, ["viewer", "operator", "worker", "admin"]],
  ["POST", "/v1/entries", SUBMIT, ["operator", "admin"]],
  ["POST", "/v1/entries/poll", { entries: [{ id: 1, seen: 0 }] }, ["viewer", "operator", "admin"]],
  ["GET", "/v1/entries", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/entries/1", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/entries/1/events", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/entries/1/tree", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/entries/1/why", undefined, ["viewer", "operator", "admin"]],
  ["POST", "/v1/entries/1/cancel", undefined, ["operator", "admin"]],
  ["POST", "/v1/entries/1/retry", undefined, ["operator", "admin"]],
  ["POST", "/v1/scripts", SCRIPT, ["operator", "admin"]],
  ["GET", "/v1/scripts/1", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/resources", undefined, ["viewer", "operator", "admin"]],
  ["PUT", "/v1/resources/web-1", { type: "service" }, ["admin"]],
  ["GET", "/v1/resources/web-1", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/resources/web-1/configuration", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/resources/web-1/configuration/versions", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/resources/web-1/configuration/differences?from=0&to=0", undefined, ["viewer", "operator", "admin"]],
  ["DELETE", "/v1/resources/web-1", undefined, ["admin"]],
  ["GET", "/v1/types", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/types/service", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/groups", undefined, ["viewer", "operator", "admin"]],
  ["POST", "/v1/inventory/apply", { resources: { "web-1": { type: "service" } } }, ["admin"]],
  ["GET", "/v1/settings", undefined, ["viewer", "operator", "admin"]],
  ["PUT", "/v1/settings/keep-metrics", { value: 86_400_000 }, ["admin"]],
  ["GET", "/v1/secrets", undefined, ["viewer", "operator", "admin"]],
  ["PUT", "/v1/secrets/db", { value: "s3cret" }, ["admin"]],
  ["GET", "/v1/secrets/db", undefined, ["operator", "admin"]],
  ["DELETE", "/v1/secrets/db", undefined, ["admin"]],
  ["GET", "/v1/tokens", undefined, ["admin"]],
  ["POST", "/v1/tokens", { name: "new", role: "viewer" }, ["admin"]],
  ["DELETE", "/v1/tokens/new", undefined, ["admin"]],
  ["GET", "/v1/doctor", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/queue?route=default/automate&status=queued", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/queue/stats", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/metrics", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/queue/paused", undefined, ["viewer", "operator", "admin"]],
  ["POST", "/v1/queue/pause", { route: "default/automate" }, ["operator", "admin"]],
  ["POST", "/v1/queue/resume", { route: "default/automate" }, ["operator", "admin"]],
  ["GET", "/v1/workers", undefined, ["viewer", "operator", "admin"]],
  ["POST", "/v1/workers/ask", { command: "ping", all: true }, ["viewer", "operator", "admin"]],
  ["POST", "/v1/workers/control", { command: "drain", all: true }, ["admin"]],
  ["POST", "/v1/workers", REGISTER, ["worker", "admin"]],
  ["POST", "/v1/workers/s/claim", { claimId: "12345678", slots: 1, wait: 0 }, ["worker", "admin"]],
  ["POST", "/v1/workers/s/heartbeat", { leases: [], state: "ready" }, ["worker", "admin"]],
  ["POST", "/v1/workers/s/report", { reports: [{ entry: 1, attempt: 1 }] }, ["worker", "admin"]],
  ["POST", "/v1/workers/s/finish", FINISH, ["worker", "admin"]],
  ["POST", "/v1/workers/s/types", { types: [] }, ["worker", "admin"]],
  ["POST", "/v1/workers/s/stop", undefined, ["worker", "admin"]],
];

const HASH = "0".repeat(64);
/** Routes for which a good request takes more than a body: who may call them is told what is wrong with it. */
const OTHERS: Asked[] = [
  ["PATCH", "/v1/resources/web-1", {}, ["admin"]],
  ["GET", "/v1/resources/web-1/availability", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/resources/web-1/metrics", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/resources/web-1/deployments", undefined, ["viewer", "operator", "admin"]],
  ["POST", "/v1/resources/web-1/rollback", {}, ["operator", "admin"]],
  ["DELETE", "/v1/types/service", undefined, ["admin"]],
  ["DELETE", "/v1/groups/web", undefined, ["admin"]],
  ["GET", "/v1/inventory/export", undefined, ["viewer", "operator", "admin"]],
  ["GET", "/v1/discoveries", undefined, ["viewer", "operator", "admin"]],
  ["POST", "/v1/discoveries/take", {}, ["admin"]],
  ["POST", "/v1/discoveries/ignore", {}, ["admin"]],
  ["GET", "/v1/content", undefined, ["viewer", "operator", "admin"]],
  ["POST", "/v1/content", {}, ["operator", "admin"]],
  ["HEAD", `/v1/content/${HASH}`, undefined, ["viewer", "operator", "admin"]],
  ["GET", `/v1/content/${HASH}`, undefined, ["viewer", "operator", "admin"]],
  ["PUT", `/v1/content/${HASH}`, {}, ["operator", "admin"]],
  ["DELETE", `/v1/content/${HASH}`, undefined, ["operator", "admin"]],
  ["GET", "/v1/workers/s/content", undefined, ["worker", "admin"]],
];

describe("A role", () => {
  test.for(ROLES)("%s may call its routes and no others", async (role) => {
    const { ask } = await openServer();
    for (const [method, url, body, allowed] of ROUTES) {
      // Something to read, delete and revoke, whoever comes first.
      await ask("PUT", "/v1/resources/web-1", { body: { type: "service" } });
      await ask("PUT", "/v1/secrets/db", { body: { value: "s3cret" } });
      if (url === "/v1/tokens/new") await ask("POST", "/v1/tokens", { body: { name: "new", role: "viewer" } });
      const { status, body: answer } = await ask(method, url, { as: role, ...(body === undefined ? {} : { body }) });
      const seen = { method, url, ok: status < 300, status: status < 300 ? 200 : status };
      expect(seen).toEqual(
        allowed.includes(role) ? { method, url, ok: true, status: 200 } : { method, url, ok: false, status: 403 },
      );
      if (status === 403) expect(answer.message).toMatch(new RegExp(`is an? ${role}'s and may not ${method}`));
    }
  });

  test.for(ROLES)("%s is let in where it may call, whatever is wrong with the request", async (role) => {
    const { ask } = await openServer();
    await ask("PUT", "/v1/resources/web-1", { body: { type: "service" } });
    for (const [method, url, body, allowed] of OTHERS) {
      const { status } = await ask(method, url, { as: role, ...(body === undefined ? {} : { body }) });
      expect({ method, url, refused: status === 401 || status === 403 }).toEqual({
        method,
        url,
        refused: !allowed.includes(role),
      });
    }
  });

  test("is asked for on every route but the health checks and the API description", async () => {
    const { app } = await openServer();
    const document = (await app.inject("/v1/openapi.json")).json();
    const open: string[] = [];
    for (const [path, methods] of Object.entries(document.paths as Record<string, object>)) {
      for (const method of Object.keys(methods)) {
        const url = path.replace(/\{.*?\}/g, "1");
        const answer = await app.inject({ method: method.toUpperCase() as "GET", url });
        if (answer.statusCode === 401) expect(answer.headers["www-authenticate"]).toBe("Bearer");
        else open.push(`${method} ${path}`);
      }
    }
    expect(open).toEqual(["get /healthz", "get /readyz", "get /v1/openapi.json"]);
    const described = Object.values(document.paths as Record<string, object>).flatMap((path) =>
      Object.keys(path),
    ).length;
    expect(described).toBe(ROUTES.length + OTHERS.length + open.length);
  });
});

describe("A token", () => {
  test.for([
    ["that is missing", undefined, /has no token/],
    ["of another scheme", "Basic YTpi", /not a bearer token/],
    ["that is empty", "Bearer ", /not a bearer token/],
    ["that nobody has", "Bearer wilco_nothing", /not known, or was revoked/],
  ] as const)("%s is refused before the body is read", async ([, authorization, message]) => {
    const { app } = await openServer();
    const answer = await app.inject({
      method: "POST",
      url: "/v1/entries",
      headers: { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) },
      payload: "not even JSON",
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({
      code: "unauthenticated",
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });

  test("is shown once, works at once, and not any more once it is revoked", async () => {
    const { ask, app } = await openServer();
    const created = await ask("POST", "/v1/tokens", { body: { name: "ci", role: "operator" } });
    expect(created).toMatchObject({
      status: 201,
      body: { name: "ci", role: "operator", createdBy: "a-admin", token: expect.stringMatching(/^wilco_.{43}$/) },
    });
    const me = () => app.inject({ url: "/v1/me", headers: { authorization: `Bearer ${created.body.token}` } });
    expect((await me()).json()).toMatchObject({
      name: "ci",
      role: "operator",
      server: { version: "1.2.3", engine: "sqlite" },
    });
    expect((await ask("GET", "/v1/tokens")).text).not.toContain(created.body.token);
    expect(await ask("DELETE", "/v1/tokens/ci")).toMatchObject({
      status: 200,
      body: { revokedAt: expect.any(String) },
    });
    expect((await me()).statusCode).toBe(401);
  });
});
