/** Trees of the history: the same from every member, whatever its kind, with the retries in both directions. */
import { expect, test } from "vitest";
import { readTree } from "../../src/audit/tree.ts";
import type { EntryNode } from "../../src/domain/entry-tree.ts";
import type { Principal } from "../../src/operations/contract.ts";
import { describeType } from "../../src/resource-types/descriptor.ts";
import { createTypes } from "../../src/inventory/types.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, operation } from "./world.ts";

const settable = describeType("settable", { configuration: { type: "object" } }, [
  operation("updateConfiguration"),
  operation("discover"),
]);

/** "1 script [2 operation, 3 request [4 operation]] < 5 operation" */
function sketch({ id, kind, children, retries }: EntryNode): string {
  const inside = children.length === 0 ? "" : ` [${children.map(sketch).join(", ")}]`;
  return `${id} ${kind}${inside}${retries.map((one) => ` < ${sketch(one)}`).join("")}`;
}

describeOnBothEngines("the tree of an entry", (engine) => {
  test("holds every kind, tasks, calls and retries, and is the same from any of its members", async () => {
    const world = await createWorld(engine);
    const { operations, database } = world;
    await database.transaction(async (tx) => {
      await createTypes({ schemas: createSchemaValidator() }).save(tx, [settable]);
      await tx.query("UPDATE resource SET type = 'settable' WHERE name = 'c'");
    });
    const { entry: script } = await operations.submitScript(
      alice,
      {
        file: "deploy.ts",
        files: { "deploy.ts": "" },
        args: [],
        permissions: { env: [], read: [], net: [], operations: null, resources: null },
        onError: "wait",
        grace: 1,
        limits: { cpu: 1_000, memory: 10_000_000 },
        requireWorker: null,
      },
      undefined,
    );
    const inside: Principal = {
      ...alice,
      script: { entry: script.id, root: script.id, operations: null, resources: null },
    };
    const update = { resource: "c", operation: "updateConfiguration", parameters: { patch: { size: 1 } } };
    const configuration = await world.submitOne(update, inside);
    const discovery = await world.submitOne({ resource: "c", operation: "discover" }, inside);
    const request = await world.submitRequest({ targets: { resources: ["a", "b"] }, operation: "work" }, inside);
    const [a, b] = (await operations.entries({ parent: request.id, order: "oldest" })).items.map(({ id }) => id);
    const session = await world.register();
    const claimed = await world.claim(session);
    for (const assignment of claimed) {
      const failed = assignment.entry === a || assignment.entry === request.id;
      const error = { code: "no", message: "no", source: "operation" as const };
      await world.finish(session, assignment, failed ? { status: "failed", error } : { result: "x".repeat(5_000) });
    }
    // By hand, outside of the script: of a task, of the whole request, and again of the retry.
    const retryOfTask = await operations.retry(alice, a!, undefined);
    const retryOfRequest = await operations.retry(alice, request.id, undefined);
    const [again] = (await operations.entries({ parent: retryOfRequest.id })).items.map(({ id }) => id);
    const first = await operations.cancel(alice, retryOfTask.id, {});
    const second = await operations.retry(alice, first.id, undefined);

    const whole =
      `${script.id} script [${configuration.id} configuration, ${discovery.id} discovery, ` +
      `${request.id} request [${a} operation < ${retryOfTask.id} operation < ${second.id} operation, ${b} operation]` +
      ` < ${retryOfRequest.id} request [${again} operation]]`;
    const members = [script, configuration, discovery, request, retryOfTask, retryOfRequest, second].map(
      ({ id }) => id,
    );
    for (const id of [...members, a!, b!, again!]) {
      const tree = await operations.tree(id);
      expect([id, sketch(tree), tree.truncated]).toEqual([id, whole, false]);
    }
    const [, , shown] = (await operations.tree(script.id)).children;
    expect(shown).toMatchObject({ tasks: { succeeded: 1, failed: 1 }, children: [{ id: a }, { id: b, result: null }] });
    const cut = await readTree(database, second.id, 4);
    expect([sketch(cut).split("[")[0], cut.truncated]).toEqual([`${script.id} script `, true]);
    await expect(operations.tree(4_711)).rejects.toMatchObject({ code: "unknown_entry" });
  });
});
