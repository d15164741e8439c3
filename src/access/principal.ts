import type { TokenRole } from "../protocol/messages.ts";

/** Who asks: a token that was looked up and is live. */
export interface Principal {
  name: string;
  role: TokenRole;
  /** Worker tokens: the zones and roles it may serve; null = all. */
  zones: string[] | null;
  roles: string[] | null;
  /** Set when a script that runs on the server asks: in the name and with the rights of who asked for the script. */
  script?: ScriptScope;
}

/** What a script's own token adds to, and takes from, the rights of who asked for it. */
export interface ScriptScope {
  /** Its entry, the parent of what it submits. */
  entry: number;
  root: number;
  /** Patterns of the only operations that it may submit, retry or cancel; null = those of who asked for it. */
  operations: string[] | null;
  /** Selectors of the only resources that it may do that with; null = those of who asked for it. */
  resources: string[] | null;
}
