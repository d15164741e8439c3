/** The first module of the VM: takes the host's functions out of the script's reach and starts the guest. */
import type { HostFunctions } from "./channel.ts";
import { createGuest } from "./guest.ts";

function takeHost(): HostFunctions {
  const place = globalThis as { __host?: HostFunctions };
  const host = place.__host;
  delete place.__host;
  if (!host) throw new Error("The host's functions are missing");
  return host;
}

export const guest = createGuest(takeHost());
