/** Scripts that run on the server: filed, claimed, linked to what they submit, and limited to what they may. */
import { expect, it } from "vitest";
import { createTokens } from "../../src/access/tokens.ts";
import type { Assignment } from "../../src/domain/worker.ts";
import type { Principal } from "../../src/operations/contract.ts";
import type { ScriptSubmission } from "../../src/protocol/messages.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, bob, createWorld, unsound, type World } from "./world.ts";

const script = (more: Partial<ScriptSubmission> = {}): ScriptSubmission => ({
  file: "deploy.ts",
  files: { "deploy.ts": "console.log(1)", "lib/a.ts": "export {}" },
  args: ["--fast"],
  permissions: { env: [], read: [], net: [], operations: null, resources: null },
  onError: "wait",
  grace: 5_000,
  limits: { cpu: 60_000, memory: 134_217_728 },
  requireWorker: null,
  ...more,
});

const tokenOf = ({ resource }: Assignment) => resource.connection["token"] as string;

describeOnBothEngines("a script on the server", (engineWorld) => {
  /** A world in which alice's token is a real one. */
  async function createScriptWorld() {
    const world = await createWorld(engineWorld);
    const tokens = createTokens({ database: world.database });
    await tokens.create("test", { name: "alice", role: "operator" });
    return { ...world, tokens };
  }

  async function claimScript(world: World) {
    const session = await world.register("w-scripts", { roles: ["script"] });
    const [assignment] = await world.claim(session);
    return { session, assignment: assignment!, token: tokenOf(assignment!) };
  }

  it("is claimed by workers of the role script only, with a token of its own", async () => {
    const world = await createScriptWorld();
    const { entry } = await world.operations.submitScript(alice, script(), undefined);
    expect(entry).toMatchObject({ kind: "script", status: "queued", route: "default/script", resource: null });
    const other = await world.register("w1");
    expect(await world.claim(other)).toEqual([]);
    const { assignment, token } = await claimScript(world);
    expect(assignment).toMatchObject({ entry: entry.id, kind: "script", operation: "run" });
    expect(assignment.parameters).toMatchObject({ file: "deploy.ts", args: ["--fast"] });
    expect(await world.tokens.verify(token)).toMatchObject({ name: "alice", script: { entry: entry.id } });
    expect(await world.operations.script(entry.id)).toEqual({
      entry: entry.id,
      file: "deploy.ts",
      files: { "deploy.ts": "console.log(1)", "lib/a.ts": "export {}" },
    });
  });

  it("waits for the entries that it is to run after, and is canceled when they end otherwise", async () => {
    const world = await createScriptWorld();
    const first = await world.submit("a", "work");
    const after = [{ entry: first.id, on: "success" as const }];
    const { entry } = await world.operations.submitScript(alice, script({ after }), "key");
    expect(entry).toMatchObject({ status: "blocked", after });
    expect(await world.operations.submitScript(alice, script({ after }), "key")).toMatchObject({
      replayed: true,
      entry: { id: entry.id, status: "blocked" },
    });
    await expect(world.operations.submitScript(alice, script(), "key")).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
    const failing = [{ entry: first.id, on: "failure" as const }];
    const other = await world.operations.submitScript(alice, script({ after: failing }), undefined);
    const scripts = await world.register("w-scripts", { roles: ["script"] });
    expect(await world.claim(scripts)).toEqual([]);
    const worker = await world.register("w1");
    const [work] = await world.claim(worker);
    await world.finish(worker, work!);
    expect(await world.claim(scripts)).toMatchObject([{ entry: entry.id, kind: "script" }]);
    const told = { status: "canceled", error: { code: "dependency" } };
    expect(await world.operations.entry(other.entry.id)).toMatchObject(told);
    // Of what has ended already it is known at once.
    const hopeless = await world.operations.submitScript(alice, script({ after: failing }), undefined);
    expect(hopeless.entry).toMatchObject(told);
    expect(await world.operations.script(hopeless.entry.id)).toMatchObject({ file: "deploy.ts" });
    const unknown = script({ after: [{ entry: 999_999, on: "any" }] });
    await expect(world.operations.submitScript(alice, unknown, undefined)).rejects.toMatchObject({
      code: "unknown_entry",
    });
    expect(await unsound(world.database)).toEqual([]);
  });

  it("is the parent of what it submits, which is filed in the name of who asked for it", async () => {
    const world = await createScriptWorld();
    const { entry } = await world.operations.submitScript(alice, script(), undefined);
    const { session, assignment, token } = await claimScript(world);
    const principal = await world.tokens.verify(token);
    const child = await world.submitOne({ resource: "a", operation: "work" }, principal);
    expect(child).toMatchObject({ parent: entry.id, requestedBy: "alice" });
    const worker = await world.register("w1");
    const [work] = await world.claim(worker);
    expect(work).toMatchObject({ entry: child.id, root: entry.id });
    // The end of its children is not its own.
    await world.finish(worker, work!);
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "running", tasks: { succeeded: 1 } });
    await world.finish(session, assignment, { result: { exit: 0 } });
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "succeeded", result: { exit: 0 } });
    expect(await unsound(world.database)).toEqual([]);
  });

  it("has a token that ends with it, and with the token of who asked for it", async () => {
    const world = await createScriptWorld();
    await world.operations.submitScript(alice, script(), undefined);
    const first = await claimScript(world);
    await world.finish(first.session, first.assignment);
    await expect(world.tokens.verify(first.token)).rejects.toMatchObject({ code: "unauthenticated" });
    await world.operations.submitScript(alice, script(), undefined);
    const [second] = await world.claim(first.session);
    const token = tokenOf(second!);
    expect(await world.tokens.verify(token)).toMatchObject({ role: "operator" });
    await world.tokens.revoke("alice");
    await expect(world.tokens.verify(token)).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining('"alice"') as string,
    });
  });

  it("never has more rights than an operator, and runs no other script", async () => {
    const world = await createScriptWorld();
    await world.tokens.create("test", { name: "root", role: "admin" });
    const root: Principal = { name: "root", role: "admin", zones: null, roles: null };
    await world.operations.submitScript(root, script(), undefined);
    const { token } = await claimScript(world);
    const principal = await world.tokens.verify(token);
    expect(principal).toMatchObject({ name: "root", role: "operator" });
    await expect(world.operations.submitScript(principal, script(), undefined)).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  it("submits, retries and cancels only the operations and resources that it may", async () => {
    const world = await createScriptWorld();
    const permissions = { env: [], read: [], net: [], operations: ["thing.w*"], resources: ["a,b"] };
    await world.operations.submitScript(alice, script({ permissions }), undefined);
    const { token } = await claimScript(world);
    const principal = await world.tokens.verify(token);
    expect(await world.submitOne({ resource: "a", operation: "work" }, principal)).toMatchObject({ status: "queued" });
    await expect(world.submitOne({ resource: "a", operation: "redo" }, principal)).rejects.toMatchObject({
      code: "not_permitted",
      message: "To submit redo of a is not permitted",
    });
    await expect(world.submitOne({ resource: "c", operation: "work" }, principal)).rejects.toMatchObject({
      code: "not_permitted",
      message: "To submit work of c is not permitted",
    });
    const other = await world.submit("c", "work");
    await expect(world.operations.cancel(principal, other.id, {})).rejects.toMatchObject({ code: "not_permitted" });
    await world.operations.cancel(alice, other.id, {});
    await expect(world.operations.retry(principal, other.id, undefined)).rejects.toMatchObject({
      code: "not_permitted",
    });
    expect(await world.operations.entry(other.id)).toMatchObject({ status: "canceled", parent: null });
  });

  it("is lost with its worker, while its children go on and are listed", async () => {
    const world = await createScriptWorld();
    const { entry } = await world.operations.submitScript(alice, script(), undefined);
    const { session, token } = await claimScript(world);
    const child = await world.submitOne({ resource: "a", operation: "work" }, await world.tokens.verify(token));
    // The worker is started anew: what its former session ran is certainly gone.
    await world.register("w-scripts", { roles: ["script"] });
    expect(session).not.toBe("");
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "lost", error: { code: "worker_lost" } });
    expect(await world.operations.entry(child.id)).toMatchObject({ status: "queued" });
    const listed = await world.operations.entries({ parent: entry.id });
    expect(listed.items.map(({ id }) => id)).toEqual([child.id]);
  });

  it("is handed out again with a new token when the claim's answer was lost, and both are good", async () => {
    const world = await createScriptWorld();
    await world.operations.submitScript(alice, script(), undefined);
    const session = await world.register("w-scripts", { roles: ["script"] });
    const [first] = await world.claim(session, { claimId: "the-same-claim" });
    const [again] = await world.claim(session, { claimId: "the-same-claim" });
    expect(again!.entry).toBe(first!.entry);
    for (const assignment of [first!, again!]) {
      expect(await world.tokens.verify(tokenOf(assignment))).toBeDefined();
    }
  });

  it("is retried as a new entry with the same files, in the name of who asks", async () => {
    const world = await createScriptWorld();
    const { entry } = await world.operations.submitScript(alice, script({ note: "release" }), undefined);
    await expect(world.operations.retry(bob, entry.id, undefined)).rejects.toMatchObject({ code: "conflict" });
    await world.operations.cancel(alice, entry.id, {});
    const again = await world.operations.retry(bob, entry.id, undefined);
    expect(again).toMatchObject({
      kind: "script",
      status: "queued",
      retryOf: entry.id,
      requestedBy: "bob",
      note: "release",
      parameters: entry.parameters,
    });
    expect((await world.operations.script(again.id)).files).toEqual(script().files);
  });

  it("is filed once under one key, and refused with other content", async () => {
    const world = await createScriptWorld();
    const first = await world.operations.submitScript(alice, script(), "key-1");
    const again = await world.operations.submitScript(alice, script(), "key-1");
    expect(again).toMatchObject({ replayed: true, entry: { id: first.entry.id } });
    const other = script({ files: { "deploy.ts": "console.log(2)" } });
    await expect(world.operations.submitScript(alice, other, "key-1")).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
  });

  it.each<[string, Partial<ScriptSubmission>, string]>([
    ["a file outside its folder", { files: { "deploy.ts": "", "../etc/passwd": "" } }, "invalid_request"],
    ["an absolute file", { files: { "deploy.ts": "", "/etc/passwd": "" } }, "invalid_request"],
    ["a file of another system", { files: { "deploy.ts": "", "C:\\a.ts": "" } }, "invalid_request"],
    ["a script that is not sent along", { file: "other.ts" }, "invalid_request"],
    ["more than it may have", { files: { "deploy.ts": " ".repeat(4 * 1024 * 1024 + 1) } }, "too_large"],
    ["a pattern that is none", { permissions: { ...script().permissions, operations: ["a b"] } }, "invalid_request"],
    ["a selector that is none", { permissions: { ...script().permissions, resources: ["=x"] } }, "invalid_selector"],
    ["no worker where one is required at once", { requireScriptWorker: 0 }, "no_worker"],
  ])("is refused with %s, and nothing is filed", async (_what, more, code) => {
    const world = await createScriptWorld();
    await expect(world.operations.submitScript(alice, script(more), undefined)).rejects.toMatchObject({ code });
    expect((await world.operations.entries({})).items).toEqual([]);
  });
});
