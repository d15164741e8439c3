/** Opens an authenticated connection to a host, through a jump host when there is one. */
import { readFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import ssh2, { type AnyAuthMethod, type ServerHostKeyAlgorithm } from "ssh2";
import { formatDuration } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import { OperationError } from "../operation-error.ts";
import { readKeyFile, shownEndpoint, type SshEndpoint, type SshTarget } from "./connection.ts";
import { algorithmsOf, judgeHostKey, knownKeys, remember } from "./known-hosts.ts";

export interface SshConnection {
  client: ssh2.Client;
  /** Resolves when it is gone, with why: the host's or the network's doing, or "closed" when it was ours. */
  lost: Promise<string>;
  close(): void;
}

/** A host that answers nothing for three of these is taken as cut off. */
const KEEPALIVE = 10_000;
const DEFAULT_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];

/**
 * @throws OperationError with source "system": `unreachable_host`, `host_key_unknown`, `host_key_mismatch`,
 *   `ssh_refused` (it does not let us in), `invalid_connection`.
 */
export async function openSsh(target: SshTarget): Promise<SshConnection> {
  const deadline = performance.now() + target.connectTimeout;
  if (!target.jump) return handshake(target, await openSocket(target, target.connectTimeout), deadline);
  const jump = await handshake(target.jump, await openSocket(target.jump, target.connectTimeout), deadline);
  try {
    const through = await handshake(target, await forward(jump, target), deadline);
    return {
      ...through,
      close() {
        through.close();
        jump.close();
      },
    };
  } catch (error) {
    jump.close();
    throw error;
  }
}

function openSocket(endpoint: SshEndpoint, timeout: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: endpoint.address, port: endpoint.port, noDelay: true });
    const fail = (why: string, cause?: unknown) => {
      socket.destroy();
      reject(unreachable(endpoint, why, cause));
    };
    const timer = setTimeout(() => fail(`no answer within ${formatDuration(timeout)}`), timeout);
    socket.once("error", (error) => {
      clearTimeout(timer);
      fail(reasonOf(error), error);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function forward(jump: SshConnection, target: SshTarget): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    jump.client.forwardOut("127.0.0.1", 0, target.address, target.port, (error, channel) => {
      if (!error) return resolve(channel);
      reject(
        unreachable(
          target,
          `the jump host ${shownEndpoint(target.jump!)} does not reach it: ${messageOf(error)}`,
          error,
        ),
      );
    });
  });
}

async function handshake(endpoint: SshEndpoint, sock: Duplex, deadline: number): Promise<SshConnection> {
  let known;
  let methods: Tried[];
  try {
    known = await knownKeys(endpoint);
    methods = await authentication(endpoint);
  } catch (error) {
    sock.destroy();
    throw error;
  }
  const client = new ssh2.Client();
  const { promise: lost, resolve: loseWith } = Promise.withResolvers<string>();
  let refusal: unknown;
  let offered: Buffer | undefined;
  let fresh = false;
  const left = methods.map(({ method }) => method);
  const close = () => {
    loseWith("closed");
    client.end();
    // A host that does not answer does not answer a goodbye either.
    sock.destroy();
  };
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      close();
      reject(refusal ?? error);
    };
    let last: string | undefined;
    client.on("error", (error: Error & { level?: string }) => {
      last = messageOf(error);
      loseWith(last);
      if (error.level === "client-authentication") fail(refused(endpoint, methods));
      else if (error.level === "client-timeout")
        fail(unreachable(endpoint, "it does not finish the handshake in time"));
      else fail(unreachable(endpoint, reasonOf(error), error));
    });
    client.on("close", () => {
      loseWith(last ?? "the connection was closed");
      fail(unreachable(endpoint, last ?? "it closed the connection during the handshake"));
    });
    client.on("ready", resolve);
    // ssh proves with a key that is known, if there is one; left to itself, a host may show another of its keys.
    const algorithms = known.filter(({ revoked }) => !revoked).flatMap(({ type }) => algorithmsOf(type));
    client.connect({
      sock,
      username: endpoint.user,
      readyTimeout: Math.max(1, Math.round(deadline - performance.now())),
      keepaliveInterval: KEEPALIVE,
      keepaliveCountMax: 3,
      ...(algorithms.length > 0 ? { algorithms: { serverHostKey: preferred(algorithms) } } : {}),
      hostVerifier: (key: Buffer) => {
        try {
          offered = key;
          fresh = judgeHostKey(endpoint, key, known) === "new";
          return true;
        } catch (error) {
          refusal = error;
          return false;
        }
      },
      authHandler: (_left, _partial, next) => {
        const method = left.shift();
        // The types know no way to say that nothing is left.
        next(method ?? (false as unknown as AnyAuthMethod));
      },
    });
  });
  if (fresh) await remember(endpoint, offered!);
  return { client, lost, close };
}

/** The known ones first, then all others: a key of another type is to be told as a mismatch, not as "no common algorithm". */
function preferred(known: string[]): ServerHostKeyAlgorithm[] {
  const all = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
  const rsa = ["rsa-sha2-512", "rsa-sha2-256"];
  return [
    ...new Set([...known.filter((one) => [...all, ...rsa].includes(one)), ...all, ...rsa]),
  ] as ServerHostKeyAlgorithm[];
}

interface Tried {
  method: AnyAuthMethod;
  /** As a message names it. */
  name: string;
}

/** What the connection names; when it names nothing, what ssh would try by itself: the agent and the default keys. */
async function authentication(endpoint: SshEndpoint): Promise<Tried[]> {
  const { user: username, password, passphrase } = endpoint;
  const tried: Tried[] = [];
  const key = (text: string, name: string) => {
    const parsed = ssh2.utils.parseKey(text, passphrase);
    if (!(parsed instanceof Error)) tried.push({ method: { type: "publickey", username, key: parsed }, name });
    return parsed;
  };
  const own = async (text: string, name: string) => {
    const parsed = key(text, name);
    if (parsed instanceof Error) throw badKey(name, parsed, passphrase !== undefined);
  };
  if (endpoint.privateKey !== undefined) await own(endpoint.privateKey, "privateKey");
  if (endpoint.keyFile !== undefined) await own(await readKeyFile(endpoint.keyFile), endpoint.keyFile);
  const agent = (socket: string) =>
    tried.push({ method: { type: "agent", username, agent: socket }, name: `the agent at ${socket}` });
  if (endpoint.agent !== undefined) agent(endpoint.agent);
  if (password !== undefined) {
    tried.push(
      { method: { type: "password", username, password }, name: "password" },
      // Many a sshd asks for the password this way only.
      {
        method: {
          type: "keyboard-interactive",
          username,
          prompt: (_name, _instructions, _language, prompts, answer) => answer(prompts.map(() => password)),
        },
        name: "keyboard-interactive",
      },
    );
  }
  if (tried.length > 0) return tried;
  if (process.env["SSH_AUTH_SOCK"]) agent(process.env["SSH_AUTH_SOCK"]);
  for (const name of DEFAULT_KEYS) {
    const path = join(homedir(), ".ssh", name);
    const text = await readFile(path, "utf8").catch(() => null);
    // One that needs a passphrase is not for a worker; ssh passes it by as well when nobody can be asked.
    if (text !== null) key(text, path);
  }
  return tried;
}

function badKey(name: string, error: Error, withPassphrase: boolean): OperationError {
  return new OperationError({
    code: "invalid_connection",
    message: `The private key (${name}) can't be used: ${error.message}.`,
    hint: withPassphrase
      ? "Check the key and its passphrase."
      : "Check the key; one with a passphrase needs passphrase.",
    source: "system",
  });
}

function refused(endpoint: SshEndpoint, methods: Tried[]): OperationError {
  const names = methods.map(({ name }) => name);
  const what = names.length === 0 ? "there is no key, agent or password to try" : `tried ${names.join(", ")}`;
  return new OperationError({
    code: "ssh_refused",
    message: `${shownEndpoint(endpoint)} does not let this worker in: ${what}.`,
    hint: "Check user, keyFile, privateKey, agent and password of the connection; sshd's log on the host says why.",
    source: "system",
  });
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "there is no such host name",
  EAI_AGAIN: "its name can't be looked up now",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "its network can't be reached",
  ETIMEDOUT: "no answer",
  ECONNRESET: "it cut the connection",
};

function reasonOf(error: unknown): string {
  return REASONS[(error as NodeJS.ErrnoException).code ?? ""] ?? messageOf(error);
}

function unreachable(endpoint: SshEndpoint, why: string, cause?: unknown): OperationError {
  return new OperationError({
    code: "unreachable_host",
    message: `${shownEndpoint(endpoint)} can't be reached over SSH: ${why.replace(/\.$/, "")}.`,
    hint: "Check address, port and jump of the connection, and that sshd runs there.",
    source: "system",
    cause,
  });
}
