import type { TokenRole } from "../protocol/messages.ts";

/** Who asks: a token that was looked up and is live. */
export interface Principal {
  name: string;
  role: TokenRole;
  /** Worker tokens: the zones and roles it may serve; null = all. */
  zones: string[] | null;
  roles: string[] | null;
}
