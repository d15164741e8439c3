/** Profiles: which server and as whom, by name, in `$XDG_CONFIG_HOME/wilco/profiles.json` (~/.config, mode 0600). */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isJsonObject } from "../core/json.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { parsePollPolicy, type PollPolicy } from "../domain/poll-policy.ts";
import type { Environment } from "./context.ts";

export interface Profile {
  name: string;
  url: string;
  token: string | undefined;
  /** Absolute path of authorities to trust. */
  caFile: string | undefined;
  /** Below the flags, above the operation's descriptor. */
  poll: Partial<PollPolicy>;
}

export interface Profiles {
  /** Used when no flag and no variable names one; null = the local server. */
  current: Profile | null;
  all: readonly Profile[];
  /** @throws WilcoError `invalid_request`: no profile of that name. */
  get(name: string): Profile;
}

export function profilesFile(env: Environment): string {
  const config = env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config");
  return join(config, "wilco", "profiles.json");
}

/**
 * JSON `{ "current": NAME, "profiles": { NAME: { "url", "token", "caFile", "poll": { "delay": "2s" } } } }`. No file, no profiles.
 * (JSON, not YAML: loading a YAML parser costs 35 ms of each start.)
 * @throws WilcoError `invalid_request` naming the file and what is wrong in it.
 */
export function readProfiles(env: Environment): Profiles {
  const file = profilesFile(env);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return profilesOf(file, new Map(), undefined);
    throw invalid(file, messageOf(error));
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalid(file, messageOf(error));
  }
  if (!isJsonObject(document) || !isJsonObject(document["profiles"] ?? {}))
    throw invalid(file, 'it is not { "profiles": … }');
  const profiles = new Map<string, Profile>();
  for (const [name, value] of Object.entries(document["profiles"] ?? {})) {
    if (!isJsonObject(value) || typeof value["url"] !== "string") throw invalid(file, `profile "${name}" has no "url"`);
    const token = value["token"];
    if (token !== undefined && typeof token !== "string")
      throw invalid(file, `the "token" of profile "${name}" is not a text`);
    const caFile = value["caFile"];
    if (caFile !== undefined && typeof caFile !== "string")
      throw invalid(file, `the "caFile" of profile "${name}" is not a text`);
    profiles.set(name, {
      name,
      url: value["url"],
      token,
      // Written by hand it may be relative: to the file that has it, since commands run anywhere.
      caFile: caFile === undefined ? undefined : resolve(dirname(file), caFile),
      poll: parsePollPolicy(value["poll"]),
    });
  }
  const current = document["current"];
  if (current !== undefined && typeof current !== "string") throw invalid(file, '"current" is not a text');
  return profilesOf(file, profiles, current);
}

function profilesOf(file: string, profiles: ReadonlyMap<string, Profile>, current: string | undefined): Profiles {
  const get = (name: string) => {
    const profile = profiles.get(name);
    if (profile) return profile;
    throw new WilcoError({
      code: "invalid_request",
      message: `There is no profile "${name}" in ${file}`,
      hint:
        suggestion(name, profiles.keys(), "profiles") ?? "There are no profiles yet; make one with: wilco login URL",
    });
  };
  return { current: current === undefined ? null : get(current), all: [...profiles.values()], get };
}

function invalid(file: string, why: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `The profiles file ${file} can't be used: ${why}`,
    hint: "Correct it or remove it.",
  });
}
