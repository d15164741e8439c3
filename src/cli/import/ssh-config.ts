/** `~/.ssh/config`: each Host that is a name and not a pattern, with what applies to it. */
import type { JsonObject } from "../../core/json.ts";
import { messageOf } from "../../core/errors.ts";
import type { Imported } from "./imported.ts";

export async function readSshConfig(text: string, imported: Imported): Promise<void> {
  const { default: SshConfig } = await import("ssh-config");
  let config: InstanceType<typeof SshConfig>;
  try {
    config = SshConfig.parse(text);
  } catch (error) {
    imported.problem(null, `it is not an ssh_config file: ${messageOf(error)}`);
    return;
  }
  // Never with `Match exec`: that would run what the file says.
  const settingsOf = (host: string) => config.compute(host, { ignoreCase: true, matchExec: false });
  const names = hostNames(text);
  for (const [name, line] of names) {
    const settings = settingsOf(name);
    const resource = imported.resource(name, line);
    Object.assign(resource.connection, endpointOf(name, settings));
    const jump = single(settings["proxyjump"]);
    if (jump === undefined || jump.toLowerCase() === "none") continue;
    if (jump.includes(",")) imported.problem(line, `${name} is behind more than one jump host (${jump})`, ONE_JUMP);
    else resource.connection["jump"] = jumpOf(jump, names.has(hopName(jump)) ? settingsOf(hopName(jump)) : {});
  }
  for (const [word, meaning] of LEFT_OUT) {
    if (new RegExp(`^\\s*${word}\\b`, "im").test(text)) imported.notices.push(meaning);
  }
}

const ONE_JUMP = "A host has one jump host: leave it out of the file, or name the last hop only.";
const LEFT_OUT: ReadonlyArray<readonly [string, string]> = [
  ["Include", "files named by Include are not read: import them one by one"],
  ["Match", "commands of Match exec are not run"],
  ["ProxyCommand", "ProxyCommand is left out: only ProxyJump is known"],
];

/** With the line of each; the first one counts, as for ssh. */
function hostNames(text: string): Map<string, number> {
  const names = new Map<string, number>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const match = /^\s*Host(?:\s*=\s*|\s+)(.+)$/i.exec(line);
    for (const word of match?.[1]?.match(/"[^"]*"|\S+/g) ?? []) {
      if (word.startsWith("#")) break;
      const name = word.replace(/^"(.*)"$/, "$1");
      if (!/[*?!]/.test(name) && !names.has(name)) names.set(name, index + 1);
    }
  }
  return names;
}

type Settings = Record<string, string | string[]>;

function endpointOf(name: string, settings: Settings): JsonObject {
  const user = single(settings["user"]);
  const port = single(settings["port"]);
  const key = single(settings["identityfile"]);
  return {
    // %h is the name itself.
    address: (single(settings["hostname"]) ?? name).replaceAll("%h", name),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(key === undefined || key.toLowerCase() === "none" ? {} : { keyFile: key.replace(/^%d\//, "~/") }),
  };
}

/** `user@host:port`, where host may be a name of the same file. */
function jumpOf(jump: string, settings: Settings): JsonObject {
  const user = /^([^@]+)@/.exec(jump)?.[1];
  const port = /:(\d+)$/.exec(jump)?.[1];
  return {
    ...endpointOf(hopName(jump), settings),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  };
}

function hopName(jump: string): string {
  return jump
    .replace(/^ssh:\/\//, "")
    .replace(/^[^@]+@/, "")
    .replace(/:\d+$/, "");
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
