import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import ssh2, { type ParsedKey } from "ssh2";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostType } from "../../src/resource-types/host.ts";
import { parseSshTarget } from "../../src/resource-types/ssh/connection.ts";
import { knownKeys } from "../../src/resource-types/ssh/known-hosts.ts";
import { temporaryDirectory, until } from "./context.ts";
import { newKey, type SshServerOptions, startSshServer } from "./ssh-server.ts";
import { failure, openHost } from "./ssh-world.ts";

describe("connections", () => {
  it("are one for all that runs on a host at once, within the sessions that an sshd allows", async () => {
    const { server, call } = await openHost();
    const all = await Promise.all(
      Array.from({ length: 12 }, (_one, i) => call("run", { command: ["echo", String(i)] })),
    );
    expect(all.map((one) => one["stdout"])).toEqual(Array.from({ length: 12 }, (_one, i) => `${i}\n`));
    expect(server.connections()).toBe(1);
  });

  it("are closed when they are not used", async () => {
    const { server, call } = await openHost({ password: "x" }, { idleTimeout: "20ms" });
    await call("check");
    await until(() => server.open() === 0);
    await call("check");
    expect(server.connections()).toBe(2);
  });

  it("go through a jump host, each with its own key", async () => {
    const jump = await startSshServer({ user: "hop", password: "over" });
    const { server, call } = await openHost({ password: "x" }, { jump: jump.connection() });
    expect(await call("run", { command: ["echo", "behind"] })).toMatchObject({ stdout: "behind\n" });
    expect([jump.connections(), server.connections()]).toEqual([1, 1]);
    await server.stop();
    await hostType.close!();
    expect(await call("check")).toMatchObject({
      availability: "down",
      reason: expect.stringContaining("the jump host hop@127.0.0.1") as string,
    });
  });
});

describe("being let in", () => {
  const key = newKey();

  it.each([
    ["a key in the connection", {}, () => ({ privateKey: key.private })],
    ["a key file", {}, async () => ({ keyFile: await keyFile(key.private) })],
    ["a password", { password: "x" }, () => ({})],
    ["a password that is asked for", { password: "x", interactiveOnly: true }, () => ({})],
    ["the right one of several", { password: "x" }, () => ({ privateKey: newKey().private })],
  ] as Array<[string, SshServerOptions, () => Record<string, unknown> | Promise<Record<string, unknown>>]>)(
    "works by %s",
    async (_what, options, more) => {
      const { call } = await openHost({ keys: [key.public], ...options }, await more());
      expect(await call("check")).toMatchObject({ availability: "up" });
    },
  );

  it("works by a key with a passphrase, and by an agent", async () => {
    const locked = newKey("ed25519", "open it");
    const keys = [locked.public, key.public];
    const { call } = await openHost({ keys }, { keyFile: await keyFile(locked.private), passphrase: "open it" });
    expect(await call("check")).toMatchObject({ availability: "up" });
    const other = await openHost({ keys }, { agent: await startAgent(key.private) });
    expect(await other.call("check")).toMatchObject({ availability: "up" });
    const without = await openHost({ keys }, { keyFile: await keyFile(locked.private) });
    await expect(without.call("check")).rejects.toMatchObject({
      code: "invalid_connection",
      hint: expect.stringContaining("passphrase") as string,
    });
  });

  it.each([
    [
      "a wrong password",
      { password: "x" },
      { password: "y" },
      "ssh_refused",
      "does not let this worker in: tried password, keyboard-interactive",
    ],
    ["a wrong key", { keys: [key.public] }, { privateKey: newKey().private }, "ssh_refused", "tried privateKey"],
    [
      "a key that is none",
      {},
      { privateKey: "-----BEGIN nothing" },
      "invalid_connection",
      "The private key (privateKey) can't be used",
    ],
    [
      "a key file that is not there",
      {},
      { keyFile: "/no/such/key" },
      "invalid_connection",
      "/no/such/key can't be read on this worker",
    ],
    ["a key file that is no path", {}, { keyFile: "id" }, "invalid_connection", "not an absolute path"],
    ["a host key that is none", {}, { hostKey: "ssh-ed25519 what" }, "invalid_connection", "hostKey is no public key"],
  ])("fails by %s with a clear line", async (_what, options, more, code, message) => {
    const { call } = await openHost(options, more);
    const error = failure(await call("check").catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ code, source: "system" });
    expect(error.message).toContain(message);
  });

  it("fails for a host that is not there, and its check says down", async () => {
    const { server, call } = await openHost();
    await server.stop();
    await expect(call("facts")).rejects.toMatchObject({
      code: "unreachable_host",
      source: "system",
      message: expect.stringContaining("the connection was refused") as string,
    });
    expect(await call("check")).toMatchObject({ availability: "down" });
  });

  it("fails for a session that is refused, and for a user without a shell", async () => {
    const first = await openHost();
    first.server.refuseSessions(true);
    await expect(first.call("facts")).rejects.toMatchObject({
      code: "ssh_refused",
      message: expect.stringContaining("starts no session") as string,
    });
    const second = await openHost({ password: "x", shell: "/bin/false" });
    await expect(second.call("facts")).rejects.toMatchObject({ code: "no_shell", source: "system" });
  });
});

describe("the host's key", () => {
  it("that is not known is refused with how to add it, and known when that is done", async () => {
    const knownHosts = join(await temporaryDirectory(), "known_hosts");
    const { server, call } = await openHost({ password: "x" }, { hostKey: undefined, knownHosts });
    const error = failure(await call("check").catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ code: "host_key_unknown", source: "system" });
    const line = /add the line "(.*)" to (.*) on the worker/.exec(error.hint!)!;
    expect(line[2]).toBe(knownHosts);
    writeFileSync(knownHosts, `# a comment\n${line[1]}\n`);
    expect(await call("check")).toMatchObject({ availability: "up" });
    expect(line[1]).toBe(`[127.0.0.1]:${server.port} ${server.hostKey}`.trim());
  });

  it("is known by a pattern", async () => {
    const knownHosts = join(await temporaryDirectory(), "known_hosts");
    const { server, call } = await openHost({ password: "x" }, { hostKey: undefined, knownHosts });
    writeFileSync(knownHosts, `![10.*]:22,[127.0.?.*]:* ${server.hostKey}\n`);
    expect(await call("check")).toMatchObject({ availability: "up" });
  });

  it("is found by its hashed name", async () => {
    const knownHosts = join(await temporaryDirectory(), "known_hosts");
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKSOPt7tXXgL50GUXRLSsnuQ6POVeSzOK4DgMSuxwWWI";
    // What "ssh-keygen -H" made of the names web-9.example.org and [10.0.0.9]:2222.
    const lines = [
      `|1|KFr6wwJP8LgkFJSIEEw1ovjjRLQ=|oR3Hpj0B/ggJ0FEFhgKceH1/pXY= ${key}`,
      `|1|pdfLG0s+xTLrpSRxFd/VqmJ3bsM=|Dh1Q7wn+rRjs+PAF5AmcH4Tiqzc= ${key}`,
    ];
    writeFileSync(knownHosts, lines.join("\n"));
    const found = async (address: string, port = 22) =>
      (await knownKeys(parseSshTarget({ address, port, knownHosts }))).map(({ from }) => from);
    expect(await found("Web-9.example.org")).toEqual([`${knownHosts}:1`]);
    expect(await found("10.0.0.9", 2_222)).toEqual([`${knownHosts}:2`]);
    expect(await found("10.0.0.9")).toEqual([]);
  });

  it.each(["ed25519", "ecdsa", "rsa"] as const)(
    "that is another (%s) than known is refused, whatever accept-new says",
    async (hostKey) => {
      const knownHosts = join(await temporaryDirectory(), "known_hosts");
      const { server, call } = await openHost(
        { password: "x", hostKey },
        { hostKey: undefined, knownHosts, hostKeyCheck: "accept-new" },
      );
      writeFileSync(knownHosts, `[127.0.0.1]:${server.port} ${newKey().public}\n`);
      const error = failure(await call("check").catch((thrown: unknown) => thrown));
      expect(error).toMatchObject({ code: "host_key_mismatch", source: "system" });
      expect(error.message).toContain(`${knownHosts}:1`);
      expect(server.commands).toEqual([]);
    },
  );

  it("that is revoked is refused, and a new one is kept with accept-new", async () => {
    const knownHosts = join(await temporaryDirectory(), "ssh", "known_hosts");
    const { server, call } = await openHost(
      { password: "x" },
      { hostKey: undefined, knownHosts, hostKeyCheck: "accept-new" },
    );
    expect(await call("check")).toMatchObject({ availability: "up" });
    expect(readFileSync(knownHosts, "utf8").trim()).toBe(`[127.0.0.1]:${server.port} ${server.hostKey}`.trim());
    await hostType.close!();
    writeFileSync(knownHosts, `@revoked * ${server.hostKey}\n`);
    await expect(call("check")).rejects.toMatchObject({
      code: "host_key_mismatch",
      message: expect.stringContaining("revoked") as string,
    });
  });
});

async function keyFile(text: string): Promise<string> {
  const directory = join(await temporaryDirectory(), "keys");
  mkdirSync(directory);
  const path = join(directory, "id");
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  return path;
}

/** An agent that holds one key. @returns the path of its socket. */
async function startAgent(privateKey: string): Promise<string> {
  const key = ssh2.utils.parseKey(privateKey) as ParsedKey;
  const path = join(await temporaryDirectory(), "agent");
  const agent = createServer((socket) => {
    const protocol = new ssh2.AgentProtocol(false);
    protocol.on("identities", (request) => protocol.getIdentitiesReply(request, [key]));
    protocol.on("sign", (request, _key, data, { hash }) => protocol.signReply(request, key.sign(data, hash)));
    socket.pipe(protocol).pipe(socket);
  });
  agent.listen(path);
  await once(agent, "listening");
  onTestFinished(() => void agent.close());
  return path;
}
