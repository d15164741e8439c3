/** The connection of a host that is reached over SSH: its schema, and what it says with every default filled in. */
import { readFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { parseDuration } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import type { JsonObject, JsonSchema } from "../../core/json.ts";
import { OperationError } from "../operation-error.ts";

const DURATION = "^(\\d+(\\.\\d+)?\\s*(ms|s|m|h)\\s*)+$";
const TEXT = { type: "string", minLength: 1 };

/** Of the host itself and of a jump host. */
const ENDPOINT: Record<string, JsonSchema> = {
  address: { ...TEXT, description: "host name or IP address; without it the host is the worker's own machine" },
  port: { type: "integer", minimum: 1, maximum: 65_535, description: "default 22" },
  user: { ...TEXT, description: "default: the worker's user" },
  keyFile: { ...TEXT, description: "private key, a file on the worker (absolute, or ~/…)" },
  privateKey: { ...TEXT, secret: true, description: "private key itself (PEM or OpenSSH)" },
  passphrase: { ...TEXT, secret: true, description: "of the private key" },
  agent: {
    type: ["boolean", "string"],
    description: "true: the agent of the worker's SSH_AUTH_SOCK; or a socket's path",
  },
  password: { ...TEXT, secret: true },
  hostKey: {
    anyOf: [TEXT, { type: "array", items: TEXT, minItems: 1 }],
    description: 'the host\'s public key, "ssh-ed25519 AAAA…"; then known_hosts files are not read',
  },
  knownHosts: { ...TEXT, description: "a known_hosts file on the worker; default ~/.ssh/known_hosts and the system's" },
  hostKeyCheck: {
    enum: ["strict", "accept-new"],
    description: "strict (default): only known keys; accept-new: an unknown one is written to the known_hosts file",
  },
};

export const hostConnectionSchema: JsonSchema = {
  type: "object",
  properties: {
    ...ENDPOINT,
    jump: {
      type: "object",
      properties: ENDPOINT,
      required: ["address"],
      additionalProperties: false,
      description: "the host through which it is reached",
    },
    become: {
      type: "object",
      properties: {
        user: { ...TEXT, description: "default root" },
        password: { ...TEXT, secret: true, description: "what sudo asks for; without it sudo must not ask" },
      },
      additionalProperties: false,
      description: "run everything as another user, with sudo",
    },
    connectTimeout: { type: "string", pattern: DURATION, description: "default 10s" },
    idleTimeout: { type: "string", pattern: DURATION, description: "an unused connection is closed after; default 1m" },
  },
  dependentRequired: Object.fromEntries(
    [...Object.keys(ENDPOINT).slice(1), "jump", "become", "connectTimeout", "idleTimeout"].map((key) => [
      key,
      ["address"],
    ]),
  ),
  additionalProperties: false,
};

export interface SshEndpoint {
  address: string;
  port: number;
  user: string;
  keyFile?: string;
  privateKey?: string;
  passphrase?: string;
  /** The socket of an agent. */
  agent?: string;
  password?: string;
  /** Public keys that are known; null = look into the files. */
  hostKeys: string[] | null;
  /** Absolute paths; the first one takes new keys. */
  knownHosts: string[];
  acceptNew: boolean;
}

export interface SshTarget extends SshEndpoint {
  jump: SshEndpoint | null;
  become: { user: string; password: string | null } | null;
  /** ms */
  connectTimeout: number;
  idleTimeout: number;
}

/** @throws OperationError `invalid_connection`. */
export function parseSshTarget(connection: JsonObject): SshTarget {
  const { jump, become } = connection as { jump?: JsonObject; become?: { user?: string; password?: string } };
  const duration = (key: string, preset: string) => parseDuration(connection[key] ?? preset, key);
  return {
    ...parseEndpoint(connection),
    jump: jump === undefined ? null : parseEndpoint(jump),
    become: become === undefined ? null : { user: become.user ?? "root", password: become.password ?? null },
    connectTimeout: duration("connectTimeout", "10s"),
    idleTimeout: duration("idleTimeout", "1m"),
  };
}

function parseEndpoint(given: JsonObject): SshEndpoint {
  const {
    address,
    port = 22,
    user,
    agent,
    hostKey,
    hostKeyCheck,
    ...rest
  } = given as {
    address: string;
    port?: number;
    user?: string;
    agent?: boolean | string;
    hostKey?: string | string[];
    knownHosts?: string;
    hostKeyCheck?: string;
  };
  const credentials = Object.fromEntries(
    ["keyFile", "privateKey", "passphrase", "password"].flatMap((key) => {
      const value = given[key];
      return typeof value === "string" ? [[key, key === "keyFile" ? pathOf(value) : value]] : [];
    }),
  );
  const socket = agent === true ? process.env["SSH_AUTH_SOCK"] : agent === false ? undefined : agent;
  if (agent === true && (socket === undefined || socket === "")) {
    throw new OperationError({
      code: "invalid_connection",
      message: "The connection says agent: true, but SSH_AUTH_SOCK is not set where the worker runs.",
      hint: "Start the worker with SSH_AUTH_SOCK, give the socket's path, or use keyFile or privateKey.",
      source: "system",
    });
  }
  return {
    address,
    port,
    user: user ?? userInfo().username,
    ...credentials,
    ...(socket === undefined ? {} : { agent: socket }),
    hostKeys: hostKey === undefined ? null : [hostKey].flat(),
    knownHosts: rest.knownHosts === undefined ? defaultKnownHosts() : [pathOf(rest.knownHosts)],
    acceptNew: hostKeyCheck === "accept-new",
  };
}

const defaultKnownHosts = () => [join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"];

function pathOf(path: string): string {
  if (path.startsWith("~/")) return join(homedir(), path.slice(2));
  if (isAbsolute(path)) return path;
  throw new OperationError({
    code: "invalid_connection",
    message: `${JSON.stringify(path)} is not an absolute path.`,
    hint: "Files of a connection are on the worker: write the whole path, or ~/….",
    source: "system",
  });
}

/** "deploy@10.0.0.9", with the port when it is not 22. */
export function shownEndpoint({ user, address, port }: SshEndpoint): string {
  return `${user}@${address.includes(":") ? `[${address}]` : address}${port === 22 ? "" : `:${port}`}`;
}

/** @throws OperationError `invalid_connection` when the file can't be read. */
export async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new OperationError({
      code: "invalid_connection",
      message: `The private key ${path} can't be read on this worker: ${messageOf(error)}.`,
      hint: "Check keyFile, and that the worker's user may read it.",
      source: "system",
      cause: error,
    });
  }
}
