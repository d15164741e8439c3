/** `wilco login`, `logout` and `profiles`: which server and as whom, kept between commands. */
import { createApi } from "../../client/api.ts";
import { dispatchOverNetwork } from "../../client/dispatch.ts";
import { createTransport } from "../../client/transport.ts";
import { WilcoError } from "../../core/errors.ts";
import { caFileOf, checkUrl, readTokenFile, trust } from "../connection.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printList } from "../output/documents.ts";
import { profilesFile, readProfiles } from "../profiles.ts";
import { changeProfiles } from "../write-profiles.ts";

/** A server that is not there is said at once. */
const PATIENCE_MS = 1_000;
/** What a profile's name may be. */
const NAME = /^[A-Za-z0-9][\w.:-]{0,63}$/;

/** @param typed the server's URL; asked for when it is missing and a person is there. */
export async function loginCommand(context: Context, typed: string | undefined): Promise<number> {
  const { env, flags, output } = context;
  const { all } = readProfiles(env);
  const known = all.find((one) => one.name === flags.profile);
  const url = checkUrl(typed ?? flags.server ?? known?.url ?? (await askUrl(context)), "login");
  const name = profileName(flags.profile ?? new URL(serversOf(url)[0]!).host);
  const old = all.find((one) => one.name === name);
  const moved = old !== undefined && !isSameInstallation(old.url, url);
  // An authority was named for the servers of then: another one must not be believed because of it.
  const caFile = caFileOf(context, moved ? undefined : old);
  await trust(caFile);
  const token = await tokenFor(context, url);
  const api = createApi(createTransport({ url, token, dispatch: dispatchOverNetwork }));
  const me = await api.me({ retryTime: PATIENCE_MS });
  changeProfiles(env, (document) => {
    const { caFile: _before, ...kept } = document.profiles[name] ?? {};
    document.profiles[name] = { ...kept, url, token, ...(caFile && { caFile: caFile.path }) };
    document.current = name;
  });
  output.notice(`Logged in to ${url} as ${me.name} (${me.role}), in profile ${name}, which is the current one now.`);
  if (moved && caFile === undefined && old.caFile !== undefined) {
    output.notice(`Its authority ${old.caFile} was for ${old.url} and is not kept; name one with --ca-file.`);
  }
  output.notice(`The token is kept in ${profilesFile(env)}, readable by you only.`);
  return EXIT.succeeded;
}

/** Of several servers on one database, some come and go. */
function isSameInstallation(before: string, now: string): boolean {
  return serversOf(before).some((one) => serversOf(now).includes(one));
}

function serversOf(url: string): string[] {
  return url.split(",").map((one) => URL.parse(one.trim())?.origin ?? one);
}

export async function logoutCommand(context: Context): Promise<number> {
  const { env, flags, output } = context;
  const profiles = readProfiles(env);
  const profile = flags.profile === undefined ? profiles.current : profiles.get(flags.profile);
  if (!profile) {
    throw new WilcoError({
      code: "invalid_request",
      message: "Nobody is logged in: there is no current profile",
      hint: "Name one: wilco logout --profile NAME. See wilco profiles list.",
    });
  }
  changeProfiles(env, (document) => {
    delete document.profiles[profile.name]!["token"];
    if (document.current === profile.name) delete document.current;
  });
  output.notice(
    `The token of profile ${profile.name} is forgotten here. It is valid until it is revoked: wilco tokens revoke NAME`,
  );
  return EXIT.succeeded;
}

export async function listProfiles(context: Context): Promise<number> {
  const { all, current } = readProfiles(context.env);
  const rows = all.map(({ name, url, token, caFile }) => ({
    name,
    url,
    current: name === current?.name,
    token: token !== undefined,
    caFile: caFile ?? null,
  }));
  await printList(
    context.output,
    rows,
    [
      { title: "name", cell: (row) => row.name },
      { title: "url", cell: (row) => row.url },
      { title: "current", cell: (row) => (row.current ? "yes" : "") },
      { title: "token", cell: (row) => (row.token ? "kept" : "none") },
      { title: "ca file", cell: (row) => row.caFile ?? "", spare: 1 },
    ],
    "There are no profiles. Make one with: wilco login URL",
  );
  return EXIT.succeeded;
}

export async function useProfile(context: Context, name: string): Promise<number> {
  const profile = readProfiles(context.env).get(name);
  changeProfiles(context.env, (document) => {
    document.current = profile.name;
  });
  context.output.notice(`${profile.name} (${profile.url}) is the current profile now.`);
  return EXIT.succeeded;
}

export async function removeProfile(context: Context, name: string): Promise<number> {
  const profile = readProfiles(context.env).get(name);
  changeProfiles(context.env, (document) => {
    delete document.profiles[profile.name];
    if (document.current === profile.name) delete document.current;
  });
  context.output.notice(`Profile ${profile.name} is removed.`);
  return EXIT.succeeded;
}

function profileName(name: string): string {
  if (NAME.test(name)) return name;
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(name)} can't be a profile's name`,
    hint: "Letters, digits and . _ : - , at most 64: --profile prod",
  });
}

async function askUrl(context: Context): Promise<string> {
  requirePerson(context, "login needs the server's URL", "Write wilco login https://HOST:PORT");
  const { isCancel, text } = await import("@clack/prompts");
  const url = await text({
    message: "The server's URL",
    placeholder: "https://wilco.example.com",
    output: process.stderr,
  });
  if (isCancel(url)) throw left();
  return url ?? "";
}

/** WILCO_TOKEN > --token-file > what a person types, which is not shown. Never a flag's value. */
async function tokenFor(context: Context, url: string): Promise<string> {
  const { env, flags } = context;
  if (env["WILCO_TOKEN"]) return env["WILCO_TOKEN"];
  if (flags.tokenFile !== undefined) return readTokenFile(context, flags.tokenFile);
  requirePerson(
    context,
    `There is no token for ${url}`,
    "Set WILCO_TOKEN, or name a file with --token-file (- for stdin).",
  );
  const { isCancel, password } = await import("@clack/prompts");
  const token = await password({ message: `Your token for ${url} (it is not shown)`, output: process.stderr });
  if (isCancel(token)) throw left();
  return (token ?? "").trim();
}

function requirePerson({ output }: Context, message: string, hint: string): void {
  if (output.interactive && process.stdin.isTTY) return;
  throw new WilcoError({ code: "invalid_request", message, hint });
}

function left(): WilcoError {
  return new WilcoError({ code: "interrupted", message: "Nothing was changed" });
}
