/**
 * A real SSH server in the test's process that really runs what it is told, as sshd does: each session in a process group
 * of its own, started by a login shell. With a `sudo` that asks for a password, and ways to break every connection.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import ssh2, {
  type AuthContext,
  type Connection,
  type ParsedKey,
  type PublicKeyAuthContext,
  type ServerChannel,
} from "ssh2";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./context.ts";

const { Server, utils } = ssh2;

export interface SshServerOptions {
  user?: string;
  password?: string;
  /** Public keys that are let in. */
  keys?: string[];
  /** Asks for the password by keyboard-interactive only. */
  interactiveOnly?: boolean;
  /** The login shell. Default /bin/sh. */
  shell?: string;
  /** Printed by the login scripts, before anything else. */
  greeting?: string;
  /** The password of sudo, or null when it never asks. Without it there is no sudo. */
  sudo?: { password: string | null };
  hostKey?: "ed25519" | "ecdsa" | "rsa";
}

export type TestSshServer = Awaited<ReturnType<typeof startSshServer>>;

export async function startSshServer(options: SshServerOptions = {}) {
  const { user = "deploy", password, keys = [], interactiveOnly = false, shell = "/bin/sh", greeting = "" } = options;
  const hostKey = newKey(options.hostKey ?? "ed25519");
  const sockets = new Set<Socket>();
  const clients = new Set<Connection>();
  const children = new Set<ChildProcess>();
  const channels = new Set<ServerChannel>();
  const commands: string[] = [];
  const bin = join(await temporaryDirectory(), "bin");
  mkdirSync(bin);
  if (options.sudo) writeSudo(bin, options.sudo.password);
  let connections = 0;
  let refuseSessions = false;
  let losing: PromiseWithResolvers<void> | null = null;

  const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
    connections++;
    clients.add(client);
    client.on("error", () => {}); // cut on purpose
    client.on("close", () => clients.delete(client));
    client.on("authentication", authenticate);
    client.on("session", (accept, reject) => {
      if (refuseSessions) return reject();
      const session = accept();
      session.on("exec", (acceptExec, _reject, { command }) => run(acceptExec(), command));
    });
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      const socket = connect(destPort, destIP);
      socket.once("connect", () => {
        const channel = accept();
        channel.on("error", () => {});
        socket.pipe(channel).pipe(socket);
        socket.on("close", () => channel.end());
      });
      socket.on("error", () => reject());
    });
  });

  function authenticate(attempt: AuthContext): void {
    const enter = (may: boolean) =>
      may ? attempt.accept() : attempt.reject(["publickey", "password", "keyboard-interactive"]);
    if (attempt.username !== user) return enter(false);
    if (attempt.method === "password") return enter(!interactiveOnly && attempt.password === password);
    if (attempt.method === "keyboard-interactive" && password !== undefined) {
      return attempt.prompt([{ prompt: "Password: ", echo: false }], "", "", ([answer]) => enter(answer === password));
    }
    return enter(attempt.method === "publickey" && isAllowed(attempt));
  }

  function isAllowed(attempt: PublicKeyAuthContext): boolean {
    const parsed = keys.map((key) => utils.parseKey(key) as ParsedKey);
    const allowed = parsed.find((key) => key.getPublicSSH().equals(attempt.key.data));
    if (!allowed || !attempt.signature) return allowed !== undefined;
    return allowed.verify(attempt.blob!, attempt.signature, attempt.hashAlgo);
  }

  function run(channel: ServerChannel, command: string): void {
    commands.push(command);
    const child = spawn(shell, ["-c", greeting === "" ? command : `printf '%s' '${greeting}'; ${command}`], {
      detached: true,
      env: { PATH: `${bin}:${process.env["PATH"]}`, HOME: "/tmp" },
    });
    children.add(child);
    channels.add(channel);
    channel.on("error", () => {});
    child.stdin.on("error", () => {});
    channel.pipe(child.stdin);
    if (losing) loseStart(child, channel, losing.resolve);
    else child.stdout.pipe(channel, { end: false });
    losing = null;
    child.stderr.pipe(channel.stderr, { end: false });
    child.on("exit", (code, signal) => {
      if (signal === null) channel.exit(code ?? 0);
      else channel.exit(signal.slice(3), false, "");
    });
    // As sshd does: the session is over when nobody holds its output any more.
    child.on("close", () => {
      children.delete(child);
      channels.delete(channel);
      channel.end();
      channel.close();
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const raw = (server as unknown as { _srv: { on(event: "connection", listen: (socket: Socket) => void): void } })._srv;
  raw.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const { port } = server.address() as AddressInfo;

  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    for (const child of children) kill(child);
    if (server.address() !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  onTestFinished(stop);

  return {
    port,
    hostKey: hostKey.public,
    bin,
    stop,
    /** Commands as sshd would log them. */
    commands,
    /** Made so far. */
    connections: () => connections,
    open: () => clients.size,
    /** Cuts every connection, as a network does; what runs goes on. */
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    /** Somebody's output waits for its receiver. */
    blocked: () => [...channels].some((channel) => channel.writableNeedDrain),
    /** What the next session prints from "started" on does not arrive. @returns when that was printed. */
    loseStart: (): Promise<void> => (losing = Promise.withResolvers<void>()).promise,
    refuseSessions: (value: boolean) => {
      refuseSessions = value;
    },
    /** Of a resource's connection. */
    connection: (more: Record<string, unknown> = {}) => ({
      address: "127.0.0.1",
      port,
      user,
      hostKey: hostKey.public,
      ...(password === undefined ? {} : { password }),
      ...more,
    }),
  };
}

function loseStart({ stdout }: { stdout: Readable }, channel: ServerChannel, tell: () => void): void {
  let lost = false;
  stdout.on("data", (data: Buffer) => {
    if (data.includes(" started\n")) lost = true;
    if (lost) tell();
    else channel.write(data);
  });
}

export function newKey(type: "ed25519" | "ecdsa" | "rsa" = "ed25519", passphrase?: string) {
  const size = { ed25519: {}, ecdsa: { bits: 256 }, rsa: { bits: 2_048 } }[type];
  const lock = passphrase === undefined ? {} : { passphrase, cipher: "aes256-ctr", rounds: 4 };
  // One in 200 of the ed25519 keys that ssh2 makes can't be read again (a leading zero goes missing).
  for (;;) {
    const pair = utils.generateKeyPairSync(type, { ...size, ...lock } as never);
    if (!(utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
  }
}

function kill({ pid }: ChildProcess): void {
  try {
    process.kill(-pid!, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** What wilco needs of sudo: -S, -H, -p, -u, --, three tries, and its words. Runs the command as whom the test is. */
function writeSudo(bin: string, password: string | null): void {
  const ask =
    password === null
      ? ""
      : `tries=0
while :; do
  printf '%s' "$prompt" >&2
  IFS= read -r given || { echo "sudo: no password was provided" >&2; exit 1; }
  [ "$given" = '${password}' ] && break
  tries=$((tries + 1)); echo "Sorry, try again." >&2
  [ $tries -lt 3 ] || { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
done`;
  const path = join(bin, "sudo");
  writeFileSync(
    path,
    `#!/bin/sh
while [ $# -gt 0 ]; do case "$1" in -S|-H) ;; -p) prompt=$2; shift;; -u) user=$2; shift;; --) shift; break;; esac; shift; done
[ "$user" != nobody-may ] || { echo "sudo: unknown user nobody-may" >&2; exit 1; }
${ask}
SUDO_TARGET=$user "$@"
code=$?
exit $code
`,
  );
  chmodSync(path, 0o755);
}
