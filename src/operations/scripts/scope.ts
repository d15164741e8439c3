/**
 * What a script on the server may submit, retry and cancel, checked where it is filed: its worker checks the same at the
 * bridge, but the worker holds the script's token and is not the one to be believed.
 */
import { WilcoError } from "../../core/errors.ts";
import type { Sql } from "../../database/database.ts";
import type { Entry } from "../../domain/entry.ts";
import { operationAllowed } from "../../domain/operation-pattern.ts";
import type { Context } from "../context.ts";
import type { Principal } from "../contract.ts";

interface Act {
  verb: "submit" | "retry" | "cancel";
  operation: string;
  /** Of the resource. */
  id: number;
  name: string;
  type: { name: string };
}

/** @throws WilcoError `not_permitted`. Nothing is checked for a principal that is no script's. */
export async function checkScope(context: Context, sql: Sql, { script }: Principal, act: Act): Promise<void> {
  if (!script) return;
  const { verb, operation, id, name, type } = act;
  if (script.operations !== null && !operationAllowed(script.operations, type.name, operation)) {
    throw beyond(`To ${verb} ${operation} of ${name}`, "--allow-operation", `${type.name}.${operation}`);
  }
  if (script.resources !== null && !(await context.targets.isSelected(sql, id, script.resources))) {
    throw beyond(`To ${verb} ${operation} of ${name}`, "--allow-resource", name);
  }
}

/** The same for what was filed before. What is about no resource is beyond a script that is limited at all. */
export async function checkScopeOfEntry(
  context: Context,
  sql: Sql,
  principal: Principal,
  verb: "retry" | "cancel",
  entry: Pick<Entry, "resource" | "operation" | "kind" | "parent">,
): Promise<void> {
  const { script } = principal;
  if (!script || (script.operations === null && script.resources === null)) return;
  const { resource, operation, kind } = entry;
  // Its own request: each task was checked when it was filed.
  if (kind === "request" && entry.parent === script.entry) return;
  if (resource === null || operation === null) throw beyond(`To ${verb} a ${kind}`, "--allow-operation", "*");
  await checkScope(context, sql, principal, { verb, operation, ...resource, type: { name: resource.type } });
}

function beyond(what: string, flag: string, value: string): WilcoError {
  return new WilcoError({
    code: "not_permitted",
    message: `${what} is not permitted`,
    hint: `Run the script with ${flag} ${value} if it is to do that.`,
    details: { flag, value },
  });
}
