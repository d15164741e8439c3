/** What Tab offers is what there is: the lists of completion against the sandbox and the client themselves. */
import { tmpdir } from "node:os";
import { describe, expect, it, onTestFinished } from "vitest";
import { createInteractiveSession } from "../../src/sandbox/interactive-session.ts";
import {
  ARRAY_MEMBERS,
  KEYWORDS,
  LANGUAGE_GLOBALS,
  NAMESPACES,
  TEXT_MEMBERS,
} from "../../src/shell/completion/language.ts";
import {
  configurationMembers,
  ENTRY_MEMBERS,
  executionMembers,
  HANDLE_MEMBERS,
  HISTORY_MEMBERS,
  LIST_MEMBERS,
  resourceMembers,
  SCRIPT_CLASSES,
  SCRIPT_GLOBALS,
} from "../../src/shell/completion/script-shapes.ts";
import { entryOf } from "../client/world/fixtures.ts";
import { createWorld } from "../client/world/memory-world.ts";

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted();

/** Own names and those of the classes, down to what every object has. */
function namesOf(value: object): string[] {
  const names: string[] = [];
  for (let at: object = value; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    // What refuses unknown names is a proxy, and has none of its own.
    names.push(...Object.getOwnPropertyNames(at));
  }
  return sorted(names);
}

describe("the names of a session", () => {
  it("are those that are offered", async () => {
    const { port, lookup } = createWorld();
    const session = createInteractiveSession({
      root: tmpdir(),
      port,
      lookup,
      console: { write: () => undefined } as never,
      onBackground: () => {},
      onFault: (error) => {
        throw error;
      },
    });
    onTestFinished(() => session.stop());
    const listed = async (line: string): Promise<string[]> => {
      const outcome = await session.evaluate(line);
      expect(outcome.kind).toBe("value");
      return JSON.parse(await session.last()) as string[];
    };
    const there = await listed("Object.getOwnPropertyNames(globalThis)");
    const offered = [...Object.keys(SCRIPT_GLOBALS), ...SCRIPT_CLASSES];
    expect(offered.filter((name) => !there.includes(name))).toEqual([]);
    expect(LANGUAGE_GLOBALS.filter((name) => !there.includes(name))).toEqual([]);
    expect(KEYWORDS.filter((name) => there.includes(name))).toEqual(["undefined"]);
    const script = await listed('Object.keys(await import("wilco"))');
    // These two are rarely begun with, or refuse with a sentence in this version.
    expect(sorted(script)).toEqual(sorted([...offered, "file", "secret"]));
    const members = { ...NAMESPACES, "Array.prototype": ARRAY_MEMBERS, "String.prototype": TEXT_MEMBERS };
    for (const [name, names] of Object.entries(members)) {
      const own = await listed(`Object.getOwnPropertyNames(${name})`);
      expect([name, names.filter((one) => !own.includes(one))]).toEqual([name, []]);
    }
  });
});

describe("the members that are offered are those", () => {
  const world = createWorld();
  const resource = world.resource("web-1");

  it("of a resource", () => {
    const operations = Object.keys(resource.operations);
    const members = namesOf(resource).filter((name) => !operations.includes(name) || name === "history");
    const hidden = ["then", "toJSON", "toString"];
    expect(sorted(Object.keys(resourceMembers({ kind: "resource", types: [] })))).toEqual(
      members.filter((name) => !hidden.includes(name)),
    );
  });

  it("of a resource's configuration", () => {
    expect(sorted(Object.keys(configurationMembers({})))).toEqual(namesOf(resource.configuration));
  });

  it("of an execution", () => {
    const members = namesOf(resource.restart());
    const hidden = ["constructor", "toJSON", "toString", "then", "catch", "finally"];
    expect(sorted(Object.keys(executionMembers({ kind: "execution", result: undefined })))).toEqual(
      members.filter((name) => !hidden.includes(name)),
    );
  });

  it("of the history, of an entry by its id, and of an entry", () => {
    expect(sorted(Object.keys(HISTORY_MEMBERS))).toEqual(namesOf(world.history));
    expect(sorted([...Object.keys(HANDLE_MEMBERS), "then"])).toEqual(namesOf(world.history.get(1)));
    expect(sorted(ENTRY_MEMBERS)).toEqual(namesOf(entryOf()));
  });

  it("of lists", async () => {
    const own = (list: object): string[] =>
      Object.getOwnPropertyNames(list).filter((name) => !/^\d+$|^length$/.test(name));
    expect([...own(world.resources()), ...own(await world.history.find())]).toEqual(["batches", "chart"]);
    expect(Object.keys(LIST_MEMBERS)).toEqual(["batches", "chart", "parse"]);
  });
});
