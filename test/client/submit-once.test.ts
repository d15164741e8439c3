import { describe, expect, it } from "vitest";
import { createSubmitOnce, withoutSecrets, type Filed } from "../../src/client/submit-once.ts";
import { claimInProcess } from "../../src/cli/idempotency/occurrences.ts";
import { updateParameters } from "../../src/domain/configuration.ts";
import type { Entry } from "../../src/domain/entry.ts";
import type { Status } from "../../src/domain/status.ts";

/** A server that keeps keys; each run of a step has occurrences of its own. */
function trail() {
  const byKey = new Map<string, Entry>();
  const file = async (key: string): Promise<Filed> => {
    const known = byKey.get(key);
    if (known) return { entry: known, replayed: true };
    const entry = { id: byKey.size + 1, status: "queued" } as Entry;
    byKey.set(key, entry);
    return { entry, replayed: false };
  };
  return {
    end(id: number, status: Status) {
      for (const [key, entry] of byKey) if (entry.id === id) byKey.set(key, { ...entry, status });
    },
    run(options: { again?: boolean; key?: string } = {}) {
      const told: string[] = [];
      const submitOnce = createSubmitOnce({
        key: options.key ?? "step",
        again: options.again ?? false,
        claim: claimInProcess(),
        onAnswered: (entry) => told.push(`answered ${entry.id}`),
        onRepeated: (entry) => told.push(`repeated ${entry.id}`),
      });
      const call = async (target: string, parameters: object = {}) =>
        (await submitOnce({ target, operation: "restart", parameters }, file)).id;
      return { call, told };
    },
  };
}

describe("A call under an idempotency key", () => {
  it("is filed once for each resource and each set of parameters of a loop", async () => {
    const { run } = trail();
    const { call } = run();
    expect([await call("a"), await call("b"), await call("a", { hard: true })]).toEqual([1, 2, 3]);
  });

  it("that is made twice in one run is two calls, in each run", async () => {
    const { run, end } = trail();
    const first = run();
    expect([await first.call("a"), await first.call("a")]).toEqual([1, 2]);
    end(1, "succeeded");
    end(2, "succeeded");
    const second = run();
    expect([await second.call("a"), await second.call("a")]).toEqual([1, 2]);
    expect(second.told).toEqual(["answered 1", "answered 2"]);
  });

  it.for<Status>(["scheduled", "blocked", "queued", "running", "canceling", "succeeded", "lost"])(
    "is answered with an entry that is %s",
    async (status) => {
      const { run, end } = trail();
      await run().call("a");
      end(1, status);
      const second = run();
      expect(await second.call("a")).toBe(1);
      expect(second.told).toEqual(["answered 1"]);
    },
  );

  it.for<Status>(["failed", "timed_out", "canceled"])("is filed anew when its entry is %s", async (status) => {
    const { run, end } = trail();
    await run().call("a");
    end(1, status);
    const second = run();
    expect(await second.call("a")).toBe(2);
    expect(second.told).toEqual(["repeated 1"]);
    end(2, "succeeded");
    expect(await run().call("a")).toBe(2);
  });

  it("that was lost is filed anew only when asked", async () => {
    const { run, end } = trail();
    await run().call("a");
    end(1, "lost");
    expect(await run().call("a")).toBe(1);
    expect(await run({ again: true }).call("a")).toBe(2);
    expect(await run().call("a")).toBe(1);
  });

  it("that was repeated in a loop until it succeeded is answered with the success when the run is repeated", async () => {
    const { run, end } = trail();
    const first = run();
    await first.call("a");
    end(1, "failed");
    await first.call("a");
    end(2, "succeeded");
    expect(await run().call("a")).toBe(2);
  });

  it("shares nothing with a call under another key", async () => {
    const { run } = trail();
    expect([await run({ key: "leg-0" }).call("a"), await run({ key: "leg-1" }).call("a")]).toEqual([1, 2]);
  });

  it("is known without what is secret in its parameters", () => {
    const schema = {
      properties: { user: {}, password: { secret: true }, login: { properties: { pin: { secret: true }, at: {} } } },
    };
    const parameters = { user: "ann", password: "x", login: { pin: 1, at: "db" }, more: 1 };
    expect(withoutSecrets(schema, parameters)).toEqual({ user: "ann", login: { at: "db" }, more: 1 });
    // Also where a schema says it in a branch, of the items of a list, and of the patch of a configuration.
    const configuration = { properties: { port: {}, keys: { items: { secret: true } }, pin: { secret: true } } };
    const update = { patch: { port: 1, keys: ["x", "y"], pin: 1 }, base: 2 };
    expect(withoutSecrets(updateParameters(configuration), update)).toEqual({
      patch: { port: 1, keys: [null, null] },
      base: 2,
    });
    expect(parameters.password + update.patch.pin).toBe("x1");
  });
});
