/** TypeBox schemas of scripts that run on the server. */
import { Type, type Static } from "typebox";
import { MAX_SCRIPT_GRACE } from "../domain/script.ts";
import { closed, ms, name, storable, text } from "./schema-parts.ts";
import { filing } from "./schemas.ts";

const texts = (maxItems: number, maxLength: number, description: string) =>
  Type.Array(Type.String({ maxLength, ...storable }), { maxItems, description });

export const ScriptSubmissionSchema = Type.Object(
  {
    file: Type.String({ minLength: 1, maxLength: 1_024, description: "the script, one of `files`" }),
    files: Type.Record(Type.String(), Type.String({ ...storable }), {
      description: "the script and the modules that it imports, by their paths relative to its root; 4 MB in all",
    }),
    args: texts(10_000, 131_072, "what the command line has after the file"),
    permissions: Type.Object(
      {
        env: texts(100, 256, "environment variables of its worker that it may read"),
        read: texts(100, 4_096, "absolute directories of its worker below which it may read files"),
        net: texts(100, 512, "hosts that it may send HTTP requests to: HOST or HOST:PORT"),
        operations: Type.Union([texts(100, 256, "patterns of the only operations that it may submit"), Type.Null()]),
        resources: Type.Union([texts(100, 8_192, "selectors of the only resources that it may change"), Type.Null()]),
      },
      closed,
    ),
    onError: Type.Union([Type.Literal("wait"), Type.Literal("leave"), Type.Literal("cancel")]),
    grace: Type.Integer({
      minimum: 0,
      maximum: MAX_SCRIPT_GRACE,
      description: "for finally blocks after a cancel (ms)",
    }),
    limits: Type.Object(
      {
        cpu: Type.Integer({ minimum: 1, maximum: 86_400_000, description: "computing time (ms)" }),
        memory: Type.Integer({ minimum: 1, maximum: 2_147_483_648, description: "bytes" }),
      },
      closed,
    ),
    requireWorker: Type.Union([ms("of its operations, see there"), Type.Null()]),
    zone: Type.Optional(name("zone")),
    timeout: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000_000, description: "ms from claim" })),
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 200 })),
    at: Type.Optional(Type.String({ maxLength: 64, description: "ISO 8601 time with an offset" })),
    delay: Type.Optional(ms("start this long after the submit; instead of `at`")),
    after: filing.after,
    expiresIn: Type.Optional(ms("ends as failed/expired when not claimed for this long; default 24 h")),
    requireScriptWorker: Type.Optional(ms("refuse or end it when no live worker can take it for this long")),
    note: Type.Optional(text(1_000, "shown in the history")),
  },
  closed,
);

export type ScriptSubmission = Static<typeof ScriptSubmissionSchema>;
