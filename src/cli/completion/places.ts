/** What stands where: of each command its arguments, of each flag its value. */
import { ENTRY_KINDS } from "../../domain/entry.ts";
import { FINDING_STATUSES } from "../../domain/finding.ts";
import { PRIORITIES } from "../../domain/priority.ts";
import { STATUSES } from "../../domain/status.ts";

/** Kinds of words; what there is of each, `words.ts` knows. */
export type Kind =
  | "selector"
  | "operation"
  | "parameter"
  | "resource"
  | "configuration"
  | "metric"
  | "type"
  | "group"
  | "label"
  | "zone"
  | "worker"
  | "route"
  | "paused route"
  | "finding"
  | "token"
  | "secret"
  | "entry"
  | "open entry"
  | "failed entry"
  | "parent entry"
  | "dependency"
  | "deployed version"
  | "configured version"
  | "profile"
  | "setting"
  | "kept for"
  | "shell";

/** By command. Where the last argument may be repeated, so may what stands for it. */
export const ARGUMENTS: Readonly<Record<string, readonly Kind[]>> = {
  exec: ["selector", "operation"],
  deploy: ["selector"],
  export: ["selector"],
  "history tree": ["entry"],
  "entry show": ["entry"],
  "entry tail": ["entry"],
  "entry trace": ["entry"],
  "entry why": ["open entry"],
  "entry wait": ["open entry"],
  "entry cancel": ["open entry"],
  "entry retry": ["failed entry"],
  "resources list": ["selector"],
  "resources show": ["resource"],
  "resources tree": ["resource"],
  "resources availability": ["resource"],
  "resources metrics": ["resource", "metric"],
  "resources edit": ["resource"],
  "resources enable": ["resource"],
  "resources disable": ["resource"],
  "resources remove": ["resource"],
  "deployments list": ["resource"],
  "deployments show": ["resource", "deployed version"],
  "deployments get": ["resource", "deployed version"],
  "deployments rollback": ["resource", "deployed version"],
  "groups show": ["group"],
  "groups remove": ["group"],
  "types show": ["type"],
  "types remove": ["type"],
  "config get": ["resource", "configured version"],
  "config update": ["resource", "configuration"],
  "config rollback": ["resource", "configured version"],
  "config history": ["resource"],
  "config diff": ["resource", "configured version", "configured version"],
  "config drift": ["resource"],
  "discoveries show": ["finding"],
  "discoveries take": ["finding"],
  "discoveries ignore": ["finding"],
  "queue pause": ["route"],
  "queue resume": ["paused route"],
  "workers ping": ["worker"],
  "workers status": ["worker"],
  "workers running": ["worker"],
  "workers reload": ["worker"],
  "workers drain": ["worker"],
  "workers stop": ["worker"],
  "tokens revoke": ["token"],
  "secrets set": ["secret"],
  "secrets remove": ["secret"],
  "settings set": ["setting", "kept for"],
  "profiles use": ["profile"],
  "profiles remove": ["profile"],
  completion: ["shell"],
};

/** A kind, or the words themselves; several joined by commas where `list`. */
export interface FlagValue {
  words: Kind | readonly string[];
  list?: boolean;
}

const STATUS: FlagValue = { words: STATUSES, list: true };

/** By flag, or by command and flag where the same flag is another thing there. */
export const FLAGS: Readonly<Record<string, FlagValue>> = {
  "--output": { words: ["table", "json", "jsonl", "yaml"] },
  "--profile": { words: "profile" },
  "--on-error": { words: ["wait", "leave", "cancel"] },
  "--on-interrupt": { words: ["leave", "cancel"] },
  "--poll-on-limit": { words: ["throw", "return"] },
  "--order": { words: ["given", "name", "reverse", "random"] },
  "--priority": { words: Object.keys(PRIORITIES) },
  "--report": { words: ["junit="] },
  "--from": { words: ["ansible", "csv", "ssh-config", "json"] },
  "--kind": { words: ENTRY_KINDS },
  "--status": STATUS,
  "discoveries list --status": { words: FINDING_STATUSES, list: true },
  "--param": { words: "parameter" },
  "--resource": { words: "resource" },
  "--under": { words: "resource" },
  "resources add --parent": { words: "resource" },
  "resources edit --parent": { words: "resource" },
  "--operation": { words: "operation" },
  "--allow-operation": { words: "operation" },
  "--allow-resource": { words: "selector" },
  "--type": { words: "type" },
  "--zone": { words: "zone" },
  "--worker": { words: "worker" },
  "--label": { words: "label" },
  "--after": { words: "dependency", list: true },
  "--base": { words: "configured version" },
  "history --parent": { words: "parent entry" },
  "worker --entry": { words: "open entry" },
  "tokens create --role": { words: ["viewer", "operator", "worker", "admin"] },
};

/** @param path "discoveries list" */
export function flagValueOf(path: string, flag: string): FlagValue | undefined {
  return FLAGS[`${path} ${flag}`] ?? FLAGS[flag];
}
