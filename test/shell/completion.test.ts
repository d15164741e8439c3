import { describe, expect, it } from "vitest";
import type { Dispatch } from "../../src/client/dispatch.ts";
import type { Variable } from "../../src/sandbox/guest/value-description.ts";
import { completionWorld, INVENTORY } from "./completion-world.ts";

const VARIABLES: Variable[] = [
  { name: "web", holds: { kind: "resource", type: "process", name: "web-1" } },
  { name: "all", holds: { kind: "resources", types: ["process", "site"] } },
  { name: "run", holds: { kind: "execution" } },
  { name: "entry", holds: { kind: "entry" } },
  { name: "mine", holds: { kind: "other", members: ["alpha", "beta"] } },
];

describe("Tab offers", () => {
  const cases: Array<[what: string, line: string, expected: string[]]> = [
    ["globals and variables that begin so", "re", ["resource", "resources", "readFile", "return"]],
    ["variables of the session", "we", ["web"]],
    ["the shell's own commands", ".e", [".editor", ".exit"]],
    ["names of resources in resource()", 'resource("web', ["web-1", "web-2"]],
    ["the end of a call with its only name", 'resource("sh', ['shop")']],
    ["the quote that was opened", "resource('sh", ["shop')"]],
    ["no second quote where one stands", 'resource("sh|")', ["shop"]],
    ["operations of a named resource", 'resource("shop").c', ["check", "children", "child", "configuration"]],
    ["operations of a variable", "web.re", ["restart", "refresh"]],
    ["operations behind an optional dot", "web?.sto", ["stop"]],
    ["operations by their other way", "web.operations.", ["restart", "status", "stop"]],
    ["what stands in brackets before the dot", '(resource("shop")).che', ["check"]],
    ["operations of the elements of a list", "all[0].st", ["status", "stop"]],
    ["what a selection by type can have", 'resources({ type: "site" })[0].st', ["status"]],
    ["what a selection by name can have", 'resources("sh*").at(0).ch', ["check", "children", "child"]],
    ["what a loop's variable can have", 'for (const one of resources("type=site")) { one.che', ["check"]],
    ["what a callback's parameter can have", "await Promise.all(all.map((one) => one.sto", ["stop"]],
    ["what an earlier line declared", 'const s = resource("shop");\ns.che', ["check"]],
    ["methods of a list", "all.bat", ["batches"]],
    ["methods of an execution", "run.o", ["outcome", "output"]],
    ["methods of what an operation gives", 'web.restart({ signal: "TERM" }).det', ["detach"]],
    ["what an operation's result has", "(await web.restart()).", ["pid", "host"]],
    ["fields of an entry", "entry.sta", ["status", "startedAt"]],
    ["fields of a found entry", "(await history.find())[0].op", ["operation"]],
    ["methods of the history", "history.", ["find", "get", "tree", "wait"]],
    ["methods of an entry by its id", "history.get(4).c", ["cancel"]],
    ["members of what a line left", "mine.", ["alpha", "beta"]],
    ["JavaScript's own", "Math.ma", ["max"]],
    ["operations inside a template", "`state: ${web.sto", ["stop"]],
    ["operations behind a spread", "[...all[0].sto", ["stop"]],
    ["the braces of the parameters", "web.restart(", ["{ "]],
    ["parameters, those that must be there first", "web.restart({ ", ["signal: ", "graceful: ", "nodes: ", "limits: "]],
    ["parameters that are not there yet", 'web.restart({ signal: "TERM", g', ["graceful: "]],
    ["the values of an enum", 'web.restart({ signal: "', ["TERM", "KILL"]],
    ["the values of an enum with their quotes", "web.restart({ signal: ", ['"TERM"', '"KILL"']],
    ["true and false", "web.restart({ graceful: ", ["true", "false"]],
    ["values of a list's items", 'web.restart({ nodes: ["a", "', ["a", "b"]],
    ["parameters inside parameters", "web.restart({ limits: { c", ["cpu: "]],
    ["options of the call", "web.restart({}, { ti", ["timeout: "]],
    ["settings of the poll policy", "web.restart({}, { poll: { max", ["maxDelay: "]],
    ["zones for the zone of a call", 'web.restart({}, { zone: "', ["eu", "us"]],
    ["keys of a resource query", "resources({ z", ["zone: "]],
    ["types for the type of a query", 'resources({ type: "pro', ['process"']],
    ["labels of a query", "resources({ labels: { ti", ["tier: "]],
    ["values of a label", 'resources({ labels: { tier: "', ["db", "web"]],
    ["keys of a selector", 'resources("web-*,ti', ["tier="]],
    ["a label of a reserved name", 'resources("lab', ["label.type="]],
    ["values of a selector's key", 'resources("tier!=', ["db", "web"]],
    ["groups", 'resources({ group: "', ['front"']],
    ["statuses", 'history.find({ status: "ca', ["canceling", "canceled"]],
    ["what can be waited for", 'web.waitUntil("', ["up", "down"]],
    ["subjects of a chart", '(await history.find()).chart("t', ["time", "took"]],
  ];
  it("the children of a resource for its child", async () => {
    const inside = { type: "process", parent: "shop" };
    const world = await completionWorld(
      {},
      { ...INVENTORY, resources: { ...INVENTORY.resources, "web-3": inside, "web-4": inside } },
    );
    expect(await world.candidates('resource("shop").child("')).toEqual(["web-3", "web-4"]);
    expect(await world.candidates('const s = resource("shop"); s.child("web-4")')).toEqual([]);
    expect(await world.candidates('resource("shop").child("web-4').then(([one]) => one)).toBe('web-4")');
    expect(await world.candidates('resource("web-1").child("')).toEqual([]);
    expect(await world.candidates('resource("shop").child("web-4").st')).toEqual(["status", "stop"]);
  });

  it("what is right at its place", async () => {
    const world = await completionWorld({ variables: VARIABLES });
    const found: Record<string, string[]> = {};
    for (const [what, line] of cases) found[`${what}: ${line}`] = await world.candidates(line);
    expect(found).toEqual(Object.fromEntries(cases.map(([what, line, expected]) => [`${what}: ${line}`, expected])));
  });

  it("the keys of a configuration", async () => {
    const world = await completionWorld({ variables: VARIABLES });
    expect(await world.candidates('resource("shop").configuration.d')).toEqual(["diff", "drift"]);
    expect(await world.candidates('resource("shop").configuration.update({ p')).toEqual(["port: "]);
    expect(await world.candidates('resource("shop").configuration.update({ tls: { c')).toEqual(["cert: "]);
    expect(await world.candidates('resource("shop").configuration.update({}, { ba')).toEqual(["base: "]);
  });

  it("nothing where nothing is known", async () => {
    const world = await completionWorld({ variables: VARIABLES });
    for (const line of [
      "// web.",
      "/* web.",
      "/web.",
      '"web.',
      "1.",
      "unknown.",
      "unknown({ ",
      "web.restart({ graceful: true ",
      "web.nope({ ",
      ")]}.",
      'resource("nothing like it',
    ]) {
      expect([line, await world.candidates(line)]).toEqual([line, []]);
    }
  });

  it("what replaces the end of the line, of which it says the part", async () => {
    const world = await completionWorld({ variables: VARIABLES });
    for (const [line, prefix] of [
      ["await web.re", "re"],
      ['resources("web-1, db', "db"],
      ['resources("tier=w', "w"],
      ["web.restart({ gr", "gr"],
      [" .he", ".he"],
    ] as const) {
      expect([line, (await world.complete(line)).prefix]).toEqual([line, prefix]);
    }
  });
});

describe("the signature", () => {
  it("has types, defaults, descriptions, the result and the timeout", async () => {
    const world = await completionWorld({ variables: VARIABLES });
    const signature = await world.signature("web.restart({ ");
    expect(signature).toBe(
      [
        "restart({ … }, options?)  of process",
        "  Stops the process and starts it again.",
        "  graceful?: boolean = true  Ask it to stop before it is killed.",
        '  signal: "TERM" | "KILL"    What is sent.',
        '  nodes?: Array<"a" | "b">',
        "  limits?: { cpu?: integer; memory?: string }",
        "  → { pid?: integer; host?: string }",
        "  timeout 1m, one at a time",
        "  options: poll, timeout, priority, at, zone, worker, after, requireWorker,",
        "  idempotencyKey, note",
      ].join("\n"),
    );
    expect(await world.signature("await web.restart")).toBe(signature);
  });

  it("fits a narrow terminal", async () => {
    const world = await completionWorld({ variables: VARIABLES, columns: 40 });
    const lines = (await world.signature("web.restart({}, { "))!.split("\n");
    expect(lines[0]).toBe("options of restart");
    expect(lines.filter((line) => line.length > 40)).toEqual([]);
    expect(lines.join(" ")).toContain("waiting.");
  });

  it("is of each type that has the operation", async () => {
    const world = await completionWorld({ variables: VARIABLES });
    const signature = await world.signature("all[0].status(");
    expect(signature).toContain("of process");
    expect(signature).toContain("of site");
  });

  it("is of the script API's own calls too", async () => {
    const world = await completionWorld({ variables: VARIABLES });
    expect(await world.signature("history.wait(1042, { ")).toContain("waitTimeout?: string");
    expect(await world.signature("resource")).toContain("resource(nameOrId)");
    expect(await world.signature("mine.alpha(")).toBeUndefined();
  });
});

describe("the server", () => {
  it("is asked once for many Tabs, and for nothing but lists", async () => {
    const world = await completionWorld({ variables: VARIABLES });
    for (let tab = 0; tab < 20; tab++) await world.complete('resource("web-1").restart({ ');
    expect(world.requests.toSorted()).toEqual(["GET /v1/groups", "GET /v1/resources", "GET /v1/types"]);
  });

  it("is asked again when what is known has become old", async () => {
    let now = 0;
    const world = await completionWorld({ now: () => now, maxAge: 1_000 });
    const before = world.requests.length;
    now = 2_000;
    await world.complete("web.");
    expect(world.requests.length).toBeGreaterThan(before);
  });

  it("that never answers leaves Tab with what needs no server", async () => {
    const never: Dispatch = () => new Promise(() => {});
    const world = await completionWorld({ dispatch: () => never, bound: 1 });
    expect(await world.candidates('resource("w')).toEqual([]);
    expect(await world.candidates("resour")).toEqual(["resource", "resources"]);
  });

  it("that refuses leaves Tab with what needs no server", async () => {
    const refuse: Dispatch = async () => ({ status: 401, text: '{"error":{"code":"unauthenticated","message":"no"}}' });
    const world = await completionWorld({ dispatch: () => refuse });
    expect(await world.candidates('resource("w')).toEqual([]);
    expect(await world.candidates("history.f")).toEqual(["find"]);
  });

  it("is asked for names by their beginning when there are more than are kept", async () => {
    const world = await completionWorld({ maxResources: 0 }, manyResources(1_500));
    expect(await world.candidates('resource("host-014')).toHaveLength(10);
    expect(await world.candidates('resource("host-1499')).toEqual(['host-1499")']);
    // More than are asked for: what the first of them have in common is not what all have.
    expect(await world.candidates('resource("host-')).toEqual([]);
  });
});

it("offers many names by their beginnings, so that typing on narrows them", async () => {
  const world = await completionWorld({}, manyResources(1_500));
  expect(await world.candidates('resource("h')).toEqual(
    Array.from({ length: 15 }, (_, at) => `host-${String(at).padStart(2, "0")}`),
  );
  expect(await world.candidates('resource("host-01')).toHaveLength(100);
});

function manyResources(count: number) {
  const names = Array.from({ length: count }, (_, at) => `host-${String(at).padStart(4, "0")}`);
  return {
    types: { process: { operations: { status: { run: ["true"] } } } },
    resources: Object.fromEntries(names.map((name) => [name, { type: "process" }])),
  };
}
