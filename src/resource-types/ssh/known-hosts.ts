/** Which public keys hosts are known by: files as OpenSSH keeps them (hashed names, patterns, ports, @revoked). */
import { createHash, createHmac } from "node:crypto";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { OperationError } from "../operation-error.ts";
import { shownEndpoint, type SshEndpoint } from "./connection.ts";

export interface KnownKey {
  /** e.g. "ssh-ed25519". */
  type: string;
  key: Buffer;
  /** e.g. "/home/deploy/.ssh/known_hosts:7", or "hostKey". */
  from: string;
  revoked: boolean;
}

/** @throws OperationError `invalid_connection` for a hostKey that is none. Files that are not there hold nothing. */
export async function knownKeys(endpoint: SshEndpoint): Promise<KnownKey[]> {
  if (endpoint.hostKeys) return endpoint.hostKeys.map(parseHostKey);
  const name = knownName(endpoint);
  const found: KnownKey[] = [];
  for (const file of endpoint.knownHosts) {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw new OperationError({
        code: "invalid_connection",
        message: `The known_hosts file ${file} can't be read: ${error.message}.`,
        source: "system",
        cause: error,
      });
    });
    for (const [index, line] of text.split("\n").entries()) {
      const key = parseLine(line, name, `${file}:${index + 1}`);
      if (key) found.push(key);
    }
  }
  return found;
}

/** As ssh names it in these files: with brackets and port unless the port is 22. */
export function knownName({ address, port }: SshEndpoint): string {
  return port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
}

/** Signature algorithms by which a key of this type can be proven. */
export function algorithmsOf(type: string): string[] {
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
}

/** @throws OperationError `host_key_unknown` or `host_key_mismatch`: nothing was sent to the host but the handshake. */
export function judgeHostKey(endpoint: SshEndpoint, offered: Buffer, known: readonly KnownKey[]): "known" | "new" {
  const type = keyType(offered);
  const same = known.filter(({ key }) => key.equals(offered));
  if (same.some(({ revoked }) => revoked)) {
    throw hostKeyError(
      "host_key_mismatch",
      `${shownEndpoint(endpoint)} shows a key that is revoked in ${same[0]!.from}`,
      {
        hint: "The host needs a new key, or its line must go.",
      },
    );
  }
  if (same.length > 0) return "known";
  const others = known.filter(({ revoked }) => !revoked);
  if (others.length > 0) {
    throw hostKeyError(
      "host_key_mismatch",
      `${shownEndpoint(endpoint)} shows another host key than it is known by: ${type} ${fingerprint(offered)} instead of ${others.map((one) => `${one.type} ${fingerprint(one.key)} (${one.from})`).join(", ")}`,
      {
        hint: "It was installed anew, or somebody stands between: ask who runs it, and only then replace the known key.",
      },
    );
  }
  if (endpoint.acceptNew && !endpoint.hostKeys) return "new";
  const line = `${type} ${offered.toString("base64")}`;
  throw hostKeyError(
    "host_key_unknown",
    `The host key of ${shownEndpoint(endpoint)} is not known: ${type} ${fingerprint(offered)}`,
    {
      hint: `Compare it with "ssh-keygen -lf /etc/ssh/ssh_host_${shortType(type)}_key.pub" on the host; then set hostKey: "${line}" in the connection, or add the line "${knownName(endpoint)} ${line}" to ${endpoint.knownHosts[0]} on the worker.`,
    },
  );
}

/** Appends the key, as ssh does with StrictHostKeyChecking=accept-new. */
export async function remember(endpoint: SshEndpoint, offered: Buffer): Promise<void> {
  const [file] = endpoint.knownHosts;
  await mkdir(dirname(file!), { recursive: true, mode: 0o700 });
  await appendFile(file!, `${knownName(endpoint)} ${keyType(offered)} ${offered.toString("base64")}\n`, {
    mode: 0o600,
  });
}

function parseLine(line: string, name: string, from: string): KnownKey | null {
  const words = line.trim().split(/\s+/);
  const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
  const [hosts, type, base64] = words;
  // Certificates of hosts are not spoken here; their authorities say nothing about a plain key.
  if (marker === "@cert-authority" || hosts === undefined || hosts.startsWith("#") || base64 === undefined) return null;
  if (!matches(hosts, name)) return null;
  return { type: type!, key: Buffer.from(base64, "base64"), from, revoked: marker === "@revoked" };
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith("|1|")) {
    const [, , salt = "", hash] = hosts.split("|");
    return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
  }
  let found = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!globMatches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

function globMatches(pattern: string, name: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`).test(name);
}

function parseHostKey(text: string): KnownKey {
  const [type = "", base64 = ""] = text.trim().split(/\s+/);
  const key = Buffer.from(base64, "base64");
  if (key.length > 8 && keyType(key) === type) return { type, key, from: "hostKey", revoked: false };
  throw new OperationError({
    code: "invalid_connection",
    message: "The connection's hostKey is no public key.",
    hint: 'Write type and key as in known_hosts: "ssh-ed25519 AAAA…".',
    source: "system",
  });
}

/** The type stands at the beginning of the key itself, after its length. */
function keyType(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
}

function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

function shortType(type: string): string {
  return type.startsWith("ecdsa") ? "ecdsa" : type.replace(/^ssh-/, "");
}

function hostKeyError(code: string, message: string, { hint }: { hint: string }): OperationError {
  return new OperationError({ code, message: `${message}.`, hint, source: "system" });
}
