/**
 * Which server: --server > WILCO_SERVER > --profile > WILCO_PROFILE > current profile > the local server of `wilco up`.
 * As whom: WILCO_TOKEN > --token-file > the profile's token > the local server's admin token.
 * Whom to trust, besides those that Node trusts: --ca-file > WILCO_CA_FILE > the profile's caFile.
 */
import { readFileSync } from "node:fs";
import { WilcoError } from "../core/errors.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import { readOwner } from "../database/owner.ts";
import type { Context } from "./context.ts";
import { dataDirOf, readAdminToken } from "./data-dir.ts";
import { readProfiles, type Profile } from "./profiles.ts";
import { whyUnreadable } from "../core/file-errors.ts";

export interface Connection {
  /** Without a slash at its end; of several servers, with commas between. */
  url: string;
  token: string;
  /** Where the URL came from, for `status` and errors: "--server", "profile prod", "local server in /…". */
  from: string;
  /** The profile's poll policy; empty without one. */
  poll: Partial<PollPolicy>;
}

/** What `from` begins with for a local server; its data directory follows. */
export const LOCAL_SERVER_IN = "local server in ";

type Target = { url: string; from: string; profile: Profile | undefined };

/**
 * @param dataDir where the local server is looked for; default `dataDirOf`.
 * @throws WilcoError `unreachable` when no server is named and none runs here; `unauthenticated` without any token;
 *   `invalid_request` for a malformed URL or profile.
 */
export async function resolveConnection(
  context: Context,
  dataDir = dataDirOf(context, undefined),
): Promise<Connection> {
  const { env, flags } = context;
  const target = namedTarget(context) ?? localTarget(dataDir);
  const url = checkUrl(target.url, target.from);
  await trust(caFileOf(context, target.profile));
  const token =
    nonEmpty(env["WILCO_TOKEN"]?.trim()) ??
    (flags.tokenFile === undefined ? undefined : await readTokenFile(context, flags.tokenFile)) ??
    target.profile?.token ??
    // A local server named by its URL is the same server: its owner's file says so.
    (readOwner(dataDir)?.url === url ? readAdminToken(dataDir) : undefined);
  if (token === undefined) {
    throw new WilcoError({
      code: "unauthenticated",
      message: `There is no token for ${url} (${target.from})`,
      hint: "Set WILCO_TOKEN, name a file with --token-file, or put the token into the profile.",
    });
  }
  checkToken(token);
  if (flags.tokenFile !== undefined && nonEmpty(env["WILCO_TOKEN"]) !== undefined) {
    context.output.notice("note: WILCO_TOKEN is set, and goes before --token-file.");
  }
  return { url, token, from: target.from, poll: target.profile?.poll ?? {} };
}

/** What can't stand in a header would be told as a server that can't be reached. */
function checkToken(token: string): void {
  if (/^[\x21-\x7e]+$/.test(token)) return;
  throw new WilcoError({
    code: "unauthenticated",
    message: "The token has spaces, line breaks or other characters that no token has",
    hint: "Give the token and nothing else, one line that begins with wilco_.",
  });
}

export interface CaFile {
  /** Absolute. */
  path: string;
  /** "--ca-file", "WILCO_CA_FILE", 'the "caFile" of profile prod' */
  from: string;
}

export function caFileOf(context: Context, profile: Profile | undefined): CaFile | undefined {
  const { env, flags } = context;
  if (flags.caFile !== undefined) return { path: context.path(flags.caFile), from: "--ca-file" };
  const named = nonEmpty(env["WILCO_CA_FILE"]);
  if (named !== undefined) return { path: context.path(named), from: "WILCO_CA_FILE" };
  if (profile?.caFile === undefined) return undefined;
  return { path: profile.caFile, from: `the "caFile" of profile ${profile.name}` };
}

/** @throws WilcoError `invalid_request`: a file that can't be read, or that has no certificates. */
export async function trust(file: CaFile | undefined): Promise<void> {
  // TLS takes 20 ms to load.
  if (file) (await import("./ca-file.ts")).trustAuthorities(file.path, file.from);
}

function namedTarget({ env, flags }: Context): Target | undefined {
  const profileName = flags.profile ?? nonEmpty(env["WILCO_PROFILE"]);
  const server = flags.server ?? nonEmpty(env["WILCO_SERVER"]);
  if (server !== undefined) {
    // A profile's token goes to another server than the profile's only when a flag names both.
    const profile = flags.profile === undefined ? undefined : readProfiles(env).get(flags.profile);
    return { url: server, from: flags.server === undefined ? "WILCO_SERVER" : "--server", profile };
  }
  const profiles = readProfiles(env);
  const profile = profileName === undefined ? profiles.current : profiles.get(profileName);
  return profile ? { url: profile.url, from: `profile ${profile.name}`, profile } : undefined;
}

function localTarget(dataDir: string): Target {
  const url = readOwner(dataDir)?.url;
  if (typeof url === "string") return { url, from: `${LOCAL_SERVER_IN}${dataDir}`, profile: undefined };
  throw new WilcoError({
    code: "unreachable",
    message: `No server is named, and no local server runs in ${dataDir}`,
    hint: "Start one with: wilco up. Or name one with --server URL, or use --local with run and exec.",
  });
}

/** One URL, or several with commas between: servers on one database. @throws WilcoError `invalid_request`. */
export function checkUrl(text: string, from: string): string {
  return text
    .split(",")
    .map((url) => checkOne(url.trim(), from))
    .join(",");
}

function checkOne(text: string, from: string): string {
  const url = URL.parse(text);
  if (url && (url.protocol === "http:" || url.protocol === "https:")) {
    if (url.username === "" && url.password === "") return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
    throw new WilcoError({
      code: "invalid_request",
      message: `The server's URL (${from}) has a user or password in it`,
      hint: "Leave them out; access is by token: WILCO_TOKEN or --token-file.",
    });
  }
  throw new WilcoError({
    code: "invalid_request",
    message: `The server's URL (${from}) is not one: ${JSON.stringify(text)}`,
    hint: "Write http://HOST:PORT or https://HOST:PORT, several servers of one database with commas between.",
  });
}

/** @throws WilcoError `unauthenticated`. */
export async function readTokenFile(context: Context, file: string): Promise<string> {
  let text: string;
  try {
    text = file === "-" ? await context.readStdin() : readFileSync(context.path(file), "utf8");
  } catch (error) {
    throw new WilcoError({
      code: "unauthenticated",
      message: `The token file ${file} can't be read: ${whyUnreadable(error)}`,
      hint: "Name a file that holds the token, or - for stdin.",
    });
  }
  const token = nonEmpty(text.trim());
  if (token !== undefined && !/\s/.test(token)) return token;
  throw new WilcoError({
    code: "unauthenticated",
    message: `The token file ${file} ${token === undefined ? "is empty" : "holds more than a token"}`,
    hint: "It must hold one token and nothing else.",
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
