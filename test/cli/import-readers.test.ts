import { expect, test } from "vitest";
import { readImport, type ImportFormat } from "../../src/cli/import/read-import.ts";
import { importedDocument } from "../../src/cli/import/to-document.ts";
import { hostConnectionSchema } from "../../src/resource-types/ssh/connection.ts";

const OPTIONS = { type: "host", zone: undefined, labels: {}, prefix: "" };

/** The document that comes of a text, and what was noted on the way. */
async function imported(named: string, text: string, vars: string[] = [], from?: ImportFormat) {
  const found = await readImport({ named, text }, from, vars);
  const { resources, groups } = await importedDocument(found, OPTIONS, async () => hostConnectionSchema);
  const problems = found.problems.map(({ line, message }) => `${line}: ${message}`);
  return { resources, groups, problems, notices: found.notices };
}

const INI = `
# the fleet
lonely ansible_host=10.0.0.1
localhost ansible_connection=local

[web]
web[08:10:2].example.org:2222 tier=front motd="hello # there"   # two of them
[db]
db-[a:b]

[site:children]
web
db
[site:vars]
region = eu
ansible_user=deploy
[web:vars]
ansible_user=www
`;

const TREE = `
all:
  hosts:
    lonely: { ansible_host: 10.0.0.1 }
    localhost: { ansible_connection: local }
  children:
    site:
      vars: { region: eu, ansible_user: deploy }
      children:
        web:
          hosts: { "web[08:10:2].example.org": { ansible_port: 2222, tier: front, motd: "hello # there" } }
          vars: { ansible_user: www }
        db: { hosts: { "db-[a:b]": } }
`;

const LIST = JSON.stringify({
  _meta: {
    hostvars: {
      lonely: { ansible_host: "10.0.0.1" },
      localhost: { ansible_connection: "local" },
      "web08.example.org": { ansible_port: 2222, tier: "front", ansible_user: "www", region: "eu", motd: "x" },
      "web10.example.org": { ansible_port: 2222, tier: "front", ansible_user: "www", region: "eu", motd: "x" },
      "db-a": { ansible_user: "deploy", region: "eu" },
      "db-b": { ansible_user: "deploy", region: "eu" },
    },
  },
  all: { children: ["ungrouped", "site"] },
  ungrouped: { hosts: ["lonely", "localhost"] },
  site: { children: ["web", "db"] },
  web: { hosts: ["web08.example.org", "web10.example.org"] },
  db: { hosts: ["db-a", "db-b"] },
});

test("the same Ansible inventory in INI, in YAML and as the list's JSON comes to the same", async () => {
  const web = (name: string) => ({
    type: "host",
    labels: { region: "eu", tier: "front" },
    connection: { address: name, port: 2222, user: "www" },
  });
  const db = (name: string) => ({
    type: "host",
    labels: { region: "eu" },
    connection: { address: name, user: "deploy" },
  });
  for (const [named, text] of [
    ["hosts", INI],
    ["hosts.yaml", TREE],
    ["stdin", LIST],
  ] as const) {
    const found = await imported(named, text, ["tier", "re*"]);
    expect(found.problems).toEqual([]);
    expect(found.resources).toEqual({
      lonely: { type: "host", connection: { address: "10.0.0.1" } },
      localhost: { type: "host" },
      "web08.example.org": web("web08.example.org"),
      "web10.example.org": web("web10.example.org"),
      "db-a": db("db-a"),
      "db-b": db("db-b"),
    });
    expect(found.groups).toEqual({
      site: { members: [], groups: ["web", "db"] },
      web: { members: ["web08.example.org", "web10.example.org"] },
      db: { members: ["db-a", "db-b"] },
    });
    // What is not asked for is named, and its value is nowhere.
    expect(found.notices).toEqual(["1 variable is left out (motd); --vars NAMES takes them as labels"]);
  }
});

test("what is wrong in an INI inventory is told line by line, and what follows is read all the same", async () => {
  const text = "[web\nignored\n[web]\nok\nweb[3:1]\nweb[a:3] x=1\nhost stray\n[web:parents]\n[db:vars]\nnothing\n";
  const { problems, resources } = await imported("hosts.ini", text);
  expect(problems).toEqual([
    "1: [web is not a section: write [group], [group:children] or [group:vars]",
    "5: the range [3:1] ends before it begins",
    "6: [a:3] is not a range: write [01:20], [a:f] or [0:10:2]",
    "7: stray is not a variable: write name=value, and one host a line",
    "8: [web:parents] is not a kind of section: there are :children and :vars",
    "10: nothing is not a variable: write name=value",
  ]);
  expect(Object.keys(resources!)).toEqual(["ok"]);
  const tree = await imported("i.yml", "web:\n  hosts: [a]\n  childs: {}\n");
  expect(tree.problems).toEqual(["3: web.childs is not a key of a group", "2: web.hosts must be a mapping"]);
  const endless = await imported("i.ini", "[a]\nh[1:999999999]\n");
  expect(endless.problems).toEqual(["2: the range stands for too many hosts"]);
});

test("a table says by its header what is what, and an empty cell says nothing", async () => {
  const csv =
    '\uFEFFname;type;labels.tier;connection.port;connection.jump.address;groups\n"a;1";;web;22;gate;one two\nb;http;;;;\n';
  expect(await imported("t.csv", csv)).toMatchObject({
    resources: {
      "a;1": { type: "host", labels: { tier: "web" }, connection: { port: 22, jump: { address: "gate" } } },
      b: { type: "http" },
    },
    groups: { one: { members: ["a;1"] }, two: { members: ["a;1"] } },
    problems: [],
  });
  expect((await imported("t.csv", "name,lables.tier,name\n")).problems).toEqual([
    '1: the column 2, "lables.tier", is none that is known',
    '1: the column "name" is there twice',
  ]);
  expect((await imported("t.csv", "name,labels.__proto__,connection.a.__proto__\na,b,c\n")).problems).toEqual([
    '1: the column 2, "labels.__proto__", is none that is known',
    '1: the column 3, "connection.a.__proto__", is none that is known',
  ]);
  expect((await imported("t.csv", 'name,zone\na,"b\n')).problems).toEqual([
    expect.stringMatching(/^\d: it is not CSV: .*[Qq]uot/),
  ]);
});

test("hosts of an ssh_config are those with a name, each with what applies to it, and nothing of it is run", async () => {
  const text = `
Host gate
  HostName gate.example.org
  User hop
Host web-* !web-9
  User www
Host web-1 "web-9" # two
  HostName %h.example.org
  Port 2222
  IdentityFile ~/.ssh/web
  ProxyJump root@gate:2200
Host two-hops
  ProxyJump gate,other
Match host web-1 exec "touch never-made"
  User evil
Host *
  User last
`;
  const { resources, problems, notices } = await imported("config", text);
  const jump = { address: "gate.example.org", user: "root", port: 2200 };
  expect(resources).toMatchObject({
    gate: { type: "host", connection: { address: "gate.example.org", user: "hop" } },
    "web-1": { connection: { address: "web-1.example.org", port: 2222, user: "www", keyFile: "~/.ssh/web", jump } },
    "web-9": { connection: { address: "web-9.example.org", user: "last", jump } },
  });
  expect(Object.keys(resources!)).toEqual(["gate", "web-1", "web-9", "two-hops"]);
  expect(problems).toEqual(["12: two-hops is behind more than one jump host (gate,other)"]);
  expect(notices).toEqual(["commands of Match exec are not run"]);
});

test("JSON is a list or a document, and what it is can be told or is asked for", async () => {
  const list = [{ name: "a", labels: { v: 1.5 } }, { name: "a" }, { zone: "x" }, { name: "c", lables: {} }];
  expect(await imported("stdin", JSON.stringify(list))).toMatchObject({
    resources: { a: { type: "host", labels: { v: "1.5" } }, c: {} },
    problems: [
      'null: [1]: the name "a" is there twice',
      "null: [2]: the name is missing",
      "null: [3] (c): lables is not known",
    ],
  });
  const document = { resources: { a: { type: "http" } }, groups: { g: { members: ["a"] }, h: { select: "a" } } };
  expect(await imported("x", JSON.stringify(document))).toMatchObject({
    resources: { a: { type: "http" } },
    groups: { g: { members: ["a"] } },
    problems: ["null: groups.h may have members and groups, lists of names, and nothing else"],
  });
  await expect(imported("x.json", "{ nonsense", [], "json")).rejects.toThrow(/x.json is not JSON/);
  await expect(imported("stdin", "some words")).rejects.toMatchObject({
    hint: expect.stringContaining("--from") as string,
  });
  await expect(imported("h.ini", "# nobody\n")).rejects.toThrow(/There is no resource/);
});
