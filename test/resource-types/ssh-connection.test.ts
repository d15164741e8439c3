import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostType } from "../../src/resource-types/host.ts";
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
    const directory = await temporaryDirectory();
    const file = join(directory, "id");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "open it", "-f", file]);
    const keys = [readFileSync(`${file}.pub`, "utf8"), key.public];
    const { call } = await openHost({ keys }, { keyFile: file, passphrase: "open it" });
    expect(await call("check")).toMatchObject({ availability: "up" });

    const socket = join(directory, "agent");
    const agent = execFileSync("ssh-agent", ["-s", "-a", socket], { encoding: "utf8" });
    onTestFinished(() => void process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(agent)![1])));
    execFileSync("ssh-add", ["-q", await keyFile(key.private)], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    const other = await openHost({ keys }, { agent: socket });
    expect(await other.call("check")).toMatchObject({ availability: "up" });
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

  it("is known by a hashed name, and by a pattern", async () => {
    const knownHosts = join(await temporaryDirectory(), "known_hosts");
    const { server, call } = await openHost({ password: "x" }, { hostKey: undefined, knownHosts });
    writeFileSync(knownHosts, `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", knownHosts]);
    expect(readFileSync(knownHosts, "utf8")).toMatch(/^\|1\|/);
    expect(await call("check")).toMatchObject({ availability: "up" });
    await hostType.close!();
    writeFileSync(knownHosts, `![10.*]:22,[127.0.?.*]:* ${server.hostKey}\n`);
    expect(await call("check")).toMatchObject({ availability: "up" });
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
