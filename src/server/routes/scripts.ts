/** Scripts that run on the server: filed like any call, and read again by whoever wants to know what ran. */
import { Type } from "typebox";
import type { Operations } from "../../operations/contract.ts";
import type { ScriptSubmission } from "../../protocol/messages.ts";
import { ScriptSubmissionSchema } from "../../protocol/script-schemas.ts";
import { idempotencyKey, KEY_HEADER } from "../idempotency-key.ts";
import { route, type Route } from "../route.ts";

const ById = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });

export function scriptRoutes({ operations }: { operations: Operations }): Route[] {
  return [
    route<{ Body: ScriptSubmission }>({
      method: "POST",
      path: "/v1/scripts",
      access: "operator",
      summary: "Run a script on the server",
      body: ScriptSubmissionSchema,
      headers: KEY_HEADER,
      answer: { description: "The entry as filed; what the script submits is its children" },
      handle: (asked) => operations.submitScript(asked.principal, asked.body, idempotencyKey(asked)),
    }),
    route<{ Params: { id: number } }>({
      method: "GET",
      path: "/v1/scripts/:id",
      access: "viewer",
      summary: "What was uploaded for the entry of a script",
      params: ById,
      answer: { description: "The script's name and the texts of its files" },
      handle: ({ params }) => operations.script(params.id),
    }),
  ];
}
