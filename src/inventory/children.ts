/** Resources that operations make below others (`createChild`), written in the transaction that ends the operation. */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { JsonObject } from "../core/json.ts";
import { createMasker } from "../core/masking.ts";
import { suggestion } from "../core/suggest.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { leavesOf, secretPaths, startsWith, valueAt } from "../domain/secret-paths.ts";
import type { ResourceInput } from "../protocol/messages.ts";
import type { ApplyOptions } from "./apply.ts";
import { putResource } from "./change-resource.ts";
import { RESOURCE_NAME } from "./parse-document.ts";
import { findResourceRow } from "./resources.ts";
import { lockInventory } from "./write-resources.ts";

export interface Children {
  /**
   * What can be known before the operation runs.
   * @throws WilcoError `invalid_parameters` (name), `conflict` (the name is taken), `unknown_type`.
   */
  check(tx: Transaction, name: unknown, type: unknown): Promise<void>;
  /**
   * @param secrets that the operation knew: in the child's connection they may stand only where its type seals them.
   * @throws WilcoError `conflict`, and what refuses a resource. Nothing is written then.
   */
  add(tx: Transaction, name: string, child: ResourceInput, secrets: readonly string[]): Promise<void>;
}

export function createChildren(options: ApplyOptions): Children {
  return {
    async check(tx, name, type) {
      if (typeof name !== "string" || !RESOURCE_NAME.test(name)) {
        throw new WilcoError({
          code: "invalid_parameters",
          message: `${JSON.stringify(name ?? null)} is not the name of a resource`,
          hint: "createChild takes `name`: letters, digits and . _ - : @ /, at most 256, not digits only.",
        });
      }
      if (await findResourceRow(tx, name)) throw taken(name);
      if (typeof type === "string" && (await options.types.find(tx, [type])).has(type)) return;
      const known = (await options.types.list(tx)).map((one) => one.name);
      throw new WilcoError({
        code: "unknown_type",
        message: `createChild names the type ${JSON.stringify(type ?? null)}, which there is not`,
        hint: suggestion(String(type), known, "There are"),
      });
    },
    async add(tx, name, child, secrets) {
      // Before the look: whoever makes one of that name at the same time has it, or waits.
      await lockInventory(tx);
      if (await findResourceRow(tx, name)) throw taken(name);
      const type = (await options.types.find(tx, [child.type])).get(child.type);
      if (type) requireSealed(type, (child.connection ?? {}) as JsonObject, secrets);
      await putResource(tx, options, name, child, undefined);
    },
  };
}

/** Everyone who may read sees what a type does not seal. */
function requireSealed(type: ResourceTypeDescriptor, connection: JsonObject, secrets: readonly string[]): void {
  const masker = createMasker(secrets);
  if (masker.idle) return;
  const sealed = secretPaths(type.connection, connection);
  const open = leavesOf(connection).find((path) => {
    const value = valueAt(connection, path);
    return masker.value(value) !== value && !sealed.some((one) => startsWith(path, one));
  });
  if (open === undefined) return;
  throw new WilcoError({
    code: "invalid_request",
    message: `connection.${open.join(".")} has a secret in it, and the type ${type.name} does not seal it`,
    hint: "Mark it in the type with secret: true, or keep the secret in a property of its own that is.",
  });
}

function taken(name: string): WilcoError {
  return new WilcoError({
    code: "conflict",
    message: `There is a resource "${name}" already`,
    hint: "Give the child another name.",
  });
}
