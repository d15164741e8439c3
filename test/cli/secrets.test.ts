/** Secrets of all three kinds: of connections, of parameters, and of the secret store. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./world.ts";

const INVENTORY = `
types:
  vault:
    connection: { type: object, properties: { token: { type: string, secret: true } }, required: [token] }
    operations:
      leak:
        run: [sh, -c, 'printf "%s" "$TOKEN"; echo; printf "%s" "$TOKEN" | cut -c1-9 | tr -d "\\n"; sleep 0.2; printf "%s" "$TOKEN" | cut -c10-; echo "err $TOKEN" >&2; exit 3']
        env: { TOKEN: "{{connection.token}}" }
      login:
        parameters:
          type: object
          properties: { user: { type: string }, password: { type: string, secret: true }, pin: { type: integer, secret: true } }
          additionalProperties: false
        run: [sh, -c, 'echo "$P for $U, pin $N"; case "$P" in b4*) exit 1; esac']
        env: { P: "{{parameters.password}}", U: "{{parameters.user}}", N: "{{parameters.pin}}" }
resources:
  this-machine: { type: host }
  vault-1: { type: vault, connection: { token: c0nnection-t0ken } }
  vault-2: { type: vault, connection: { token: c0nnection-t0ken } }
`;

describe("Secrets", () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await cliWorld(INVENTORY);
    await world.run(["secrets", "set", "db-password"], { input: "st0red-value\n" });
  });
  afterAll(() => world.stop());

  const everythingOf = async (id: string) => {
    const shown = await world.run(["entry", "show", id, "--json"]);
    const events = await world.run(["entry", "tail", id, "--events"]);
    return `${shown.stdout}${shown.stderr}${events.stdout}${events.stderr}`;
  };
  const newest = async () => {
    const { stdout } = await world.run(["history", "--limit", "1", "--json"]);
    return String((JSON.parse(stdout) as Array<{ id: number }>)[0]!.id);
  };

  it("of a connection are masked in output, across writes, and in the error", async () => {
    const ran = await world.run(["exec", "vault-1", "leak"]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe("********\n********\n");
    expect(ran.stderr).toContain("err ********");
    const kept = await everythingOf(await newest());
    expect(kept).toContain("********");
    expect(`${ran.stdout}${ran.stderr}${kept}`).not.toContain("c0nnection");
  });

  it("of parameters are masked in the entry, reach the operation, and reach it again with a retry", async () => {
    const password = world.file("password", "correct horse\n");
    const args = ["exec", "vault-1", "login", "--param", "user=ann", "--param", `password=@${password}`];
    const ran = await world.run([...args, "--param", "pin=@env:PIN"], { env: { PIN: "86421357" } });
    expect(ran).toMatchObject({ code: 0, stdout: "******** for ann, pin ********\n" });
    const id = await newest();
    const shown = JSON.parse((await world.run(["entry", "show", id, "--json"])).stdout) as Array<{
      parameters: object;
    }>;
    expect([shown].flat(2)[0]!.parameters).toEqual({ user: "ann", password: "********", pin: "********" });
    expect(await everythingOf(id)).not.toMatch(/correct horse|86421357/);
    expect(await world.run(["entry", "retry", id])).toMatchObject({
      code: 0,
      stdout: "******** for ann, pin ********\n",
    });
  });

  it("of parameters are masked in a request and its tasks, and reach them again with a retry", async () => {
    const args = [
      "exec",
      "vault-*",
      "login",
      "--param",
      "user=ann",
      "--param",
      "password=@env:PASS",
      "--param",
      "pin=@env:PIN",
    ];
    const ran = await world.run(args, { env: { PASS: "b4dw0rd", PIN: "86421357" } });
    expect(ran.code).toBe(1);
    const { stdout } = await world.run(["history", "--kind", "request", "--limit", "1", "--json"]);
    const [request] = JSON.parse(stdout) as Array<{ id: number; parameters: object }>;
    expect(request!.parameters).toEqual({ user: "ann", password: "********", pin: "********" });
    const again = await world.run(["entry", "retry", String(request!.id)]);
    expect(again.code).toBe(1);
    expect(again.stdout).toContain("vault-2 | ******** for ann, pin ********");
    expect(`${ran.stdout}${ran.stderr}${again.stdout}${again.stderr}`).not.toContain("b4dw0rd");
  });

  it("of the store are masked in the output and the error of a script on the server", async () => {
    const script = world.file(
      "remote.ts",
      'import { secret } from "wilco"; const value = secret("db-password"); console.log("got", value); throw new Error(`no ${value}`);',
    );
    const ran = await world.run(["run", "--on-server", script]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("got ********");
    expect(`${ran.stdout}${ran.stderr}${await everythingOf(await newest())}`).not.toContain("st0red-value");
  });

  it("of parameters are not repeated by the sentence that refuses them", async () => {
    const args = ["exec", "vault-1", "login", "--param", "pin=@env:PIN"];
    const ran = await world.run(args, { env: { PIN: "hunter2-pin" } });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('"pin" of vault.login must be a whole number');
    expect(ran.stderr).not.toContain("hunter2-pin");
  });

  it("of the store are masked wherever a script takes them", async () => {
    const script = world.file(
      "use.ts",
      `import { resource, secret } from "wilco";
const value = secret("db-password");
console.log("the value", value, value.length);
const result = await resource("this-machine").run({ command: ["echo", "psql://me:" + value + "@db"] });
console.log(JSON.stringify(result));
throw new Error("could not log in with " + value);`,
    );
    const ran = await world.run(["run", script]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("the value ******** 12");
    expect(ran.stderr).toContain("could not log in with ********");
    const kept = await everythingOf(await newest());
    expect(kept).toContain("psql://me:********@db");
    expect(`${ran.stdout}${ran.stderr}${kept}`).not.toContain("st0red-value");
  });

  it("of the store fill in a parameter by their name", async () => {
    const args = ["exec", "this-machine", "run", "--param", 'command:=["cat"]', "--param", "stdin=@secret:db-password"];
    const ran = await world.run(args);
    expect(ran).toMatchObject({ code: 0, stdout: "********" });
    expect(await everythingOf(await newest())).not.toContain("st0red-value");
  });

  it("of the store are masked in the shell", async () => {
    const ran = await world.run(["shell"], { input: 'secret("db-password")\n({ a: [secret("db-password")] })\n' });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("********");
    expect(ran.stdout).not.toContain("st0red-value");
  });

  it("are named, never shown, and removed by name", async () => {
    await world.run(["secrets", "set", "old-one"], { input: "0ld-value" });
    const list = await world.run(["secrets", "list", "--json"]);
    expect((JSON.parse(list.stdout) as Array<{ name: string }>).map(({ name }) => name)).toEqual([
      "db-password",
      "old-one",
    ]);
    expect(list.stdout).not.toContain("value");
    expect(await world.run(["secrets", "remove", "old-one"])).toMatchObject({ code: 0, stdout: "" });
    const gone = await world.run(["secrets", "remove", "old-on"]);
    expect(gone).toMatchObject({ code: 2 });
    expect(gone.stderr).toContain('There is no secret "old-on"');
  });

  it("that do not exist, and values that are not there, are refused before anything is submitted", async () => {
    const before = await newest();
    const unknown = await world.run(["exec", "this-machine", "run", "--param", "command=@secret:db-pasword"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('Did you mean "db-password"?');
    const empty = await world.run(["secrets", "set", "empty"], { input: "" });
    expect(empty.code).toBe(2);
    expect(empty.stderr).toContain("wilco secrets set empty < FILE");
    expect(await newest()).toBe(before);
  });

  it("are not given to a viewer, nor to a script that is limited", async () => {
    const token = await world.run(["tokens", "create", "wall", "--role", "viewer", "--quiet"]);
    const script = world.file("read.ts", 'import { secret } from "wilco"; secret("db-password");');
    const viewer = await world.run(["run", script], {
      env: { WILCO_TOKEN: token.stdout.trim(), WILCO_SERVER: world.url },
    });
    expect(viewer.code).toBe(3);
    const limited = await world.run(["run", "--allow-operation", "status", script]);
    expect(limited.code).not.toBe(0);
    expect(limited.stderr).toContain("whose operations or resources are limited gets no stored secrets");
  });

  it("are nowhere in the data directory in the clear", async () => {
    const files = readdirSync(join(world.dir, "data"), { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const bytes = readFileSync(join(file.parentPath, file.name)).toString("latin1");
      const found = /c0nnection-t0ken|st0red-value|correct horse|86421357|b4dw0rd/.exec(bytes)?.[0];
      expect({ file: file.name, found }).toEqual({ file: file.name, found: undefined });
    }
  });
});
