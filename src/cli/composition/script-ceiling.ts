/**
 * What scripts on the server may be allowed at most on one worker: its variables, files and network are its machine's,
 * not of those who ask for scripts, so whoever runs the worker says what of them is to be had. By default nothing.
 */
import { resolve } from "node:path";
import type { ScriptEnd, ScriptPermissions } from "../../domain/script.ts";
import { OperationError } from "../../resource-types/sdk.ts";
import { parseNetTarget, type Permissions } from "../../sandbox/permissions.ts";
import { emptyRequest, type PermissionRequest } from "../../sandbox/permissions-manifest.ts";
import { EXIT } from "../exit-codes.ts";
import { beyondOf, flagsText, normaliseRequest } from "../permission-flags.ts";

export type ScriptCeiling = Pick<PermissionRequest, "allow-env" | "allow-read" | "allow-net">;

export interface CeilingFlags {
  scriptsAllowEnv?: string[];
  scriptsAllowRead?: string[];
  scriptsAllowNet?: string[];
}

/** @throws WilcoError `invalid_request` for a value that can't be. */
export function ceilingOf(flags: CeilingFlags, cwd: string): ScriptCeiling {
  const request = {
    ...emptyRequest(),
    "allow-env": flags.scriptsAllowEnv ?? [],
    "allow-read": flags.scriptsAllowRead ?? [],
    "allow-net": flags.scriptsAllowNet ?? [],
  };
  return normaliseRequest(request, cwd);
}

/** @throws OperationError `not_permitted` for what is beyond the ceiling: not one line has run then. */
export function grantPermissions(asked: ScriptPermissions, ceiling: ScriptCeiling): Permissions {
  const request: PermissionRequest = normaliseRequest(
    { ...emptyRequest(), "allow-env": asked.env, "allow-read": asked.read, "allow-net": asked.net },
    resolve("/"),
  );
  const beyond = beyondOf(request, { ...emptyRequest(), ...ceiling });
  const flags = flagsText(beyond);
  if (flags !== "") {
    throw new OperationError({
      code: "not_permitted",
      message: `The worker does not allow scripts ${flags}`,
      details: { kind: "invalid", exit: EXIT.notAllowed, errors: [], running: [] } satisfies ScriptEnd,
      hint: `Whoever runs the worker can start it with ${flags.replaceAll("--allow-", "--scripts-allow-")}`,
    });
  }
  return {
    env: request["allow-env"],
    read: request["allow-read"],
    net: request["allow-net"].map(parseNetTarget),
    operations: asked.operations ?? undefined,
    resources: asked.resources ?? undefined,
  };
}
