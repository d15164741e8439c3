/** Resources that operations make below others (`createChild`), written in the transaction that ends the operation. */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import { suggestion } from "../core/suggest.ts";
import type { ResourceInput } from "../protocol/messages.ts";
import type { ApplyOptions } from "./apply.ts";
import { putResource } from "./change-resource.ts";
import { RESOURCE_NAME } from "./parse-document.ts";
import { findResourceRow } from "./resources.ts";

export interface Children {
  /**
   * What can be known before the operation runs.
   * @throws WilcoError `invalid_parameters` (name), `conflict` (the name is taken), `unknown_type`.
   */
  check(tx: Transaction, name: unknown, type: unknown): Promise<void>;
  /** @throws WilcoError `conflict`, and what refuses a resource. Nothing is written then. */
  add(tx: Transaction, name: string, child: ResourceInput): Promise<void>;
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
    async add(tx, name, child) {
      if (await findResourceRow(tx, name)) throw taken(name);
      await putResource(tx, options, name, child, undefined);
    },
  };
}

function taken(name: string): WilcoError {
  return new WilcoError({
    code: "conflict",
    message: `There is a resource "${name}" already`,
    hint: "Give the child another name.",
  });
}
