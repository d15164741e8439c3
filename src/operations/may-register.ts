/** Which routes a worker token may serve: its zones and roles, and the names that resources are bound to. */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { RegisterRequest } from "../protocol/messages.ts";
import type { Principal } from "./contract.ts";

/** @throws WilcoError `forbidden`: a zone or role that the token is not for. */
export function checkMayServe(principal: Principal, request: RegisterRequest): void {
  const outside = (allowed: string[] | null, wanted: string[]) =>
    wanted.find((one) => allowed !== null && !allowed.includes(one));
  const zone = outside(principal.zones, [request.zone]);
  const role = outside(principal.roles, request.roles);
  if (zone === undefined && role === undefined) return;
  throw new WilcoError({
    code: "forbidden",
    message: `The token ${principal.name} may not serve the ${zone === undefined ? `role ${role}` : `zone ${zone}`}`,
    hint: "Use a worker token made for it: wilco tokens create NAME --role worker --zone … --worker-role …",
  });
}

/**
 * A name is a route: whoever has it gets the entries of the resources bound to it, with their secrets, in any zone. So
 * it stays with the token that had it last, also while no worker of that name lives.
 * @throws WilcoError `forbidden`.
 */
export async function checkMayTakeName(tx: Transaction, principal: Principal, name: string): Promise<void> {
  if (principal.role === "admin") return;
  await checkBindings(tx, principal, name);
  const [last] = await tx.query<{ token: string }>(
    "SELECT token FROM worker WHERE name = $1 ORDER BY started_at DESC, seen_at DESC LIMIT 1",
    [name],
  );
  if (!last || last.token === principal.name) return;
  const [live] = await tx.query(
    "SELECT id FROM token WHERE name = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
    [last.token, tx.now()],
  );
  if (!live) return;
  throw new WilcoError({
    code: "forbidden",
    message: `The worker name ${name} belongs to the token ${last.token}, which registered it last`,
    hint: `Use that token, choose another name, or have ${last.token} revoked first.`,
  });
}

/** A token for some zones must not reach the resources of others through their binding. */
async function checkBindings(tx: Transaction, principal: Principal, name: string): Promise<void> {
  if (principal.zones === null) return;
  const [outside] = await tx.query<{ name: string; zone: string }>(
    `SELECT name, zone FROM resource WHERE worker = $1 AND NOT (${tx.dialect.inTexts("zone", "$2")}) ORDER BY id LIMIT 1`,
    [name, JSON.stringify(principal.zones)],
  );
  if (!outside) return;
  throw new WilcoError({
    code: "forbidden",
    message: `The token ${principal.name} may not serve the worker name ${name}: ${outside.name} in the zone ${outside.zone} is bound to it`,
    hint: "Choose another name, or use a worker token made for that zone too.",
  });
}
