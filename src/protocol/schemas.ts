/** TypeBox schemas of the requests of people and scripts: what the server validates and OpenAPI shows. */
import { Type, type Static } from "typebox";
import { MAX_TASKS } from "../domain/request.ts";
import { closed, id, jsonObject, LIMITS, ms, name, page, storable, text } from "./schema-parts.ts";

export const DependencySchema = Type.Object(
  {
    entry: id,
    on: Type.Union([Type.Literal("success"), Type.Literal("failure"), Type.Literal("any")], { default: "success" }),
  },
  closed,
);

/** Of everything that files an entry. */
export const filing = {
  timeout: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 315_360_000_000, description: "of the operation, ms from claim" }),
  ),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 200 })),
  at: Type.Optional(Type.String({ maxLength: 64, description: "ISO 8601 time with an offset" })),
  delay: Type.Optional(ms("start this long after the submit; instead of `at`")),
  zone: Type.Optional(name("zone")),
  worker: Type.Optional(name("worker")),
  after: Type.Optional(Type.Array(DependencySchema, { maxItems: 1_000 })),
  requireWorker: Type.Optional(ms("refuse or end it when no live worker can take it for this long")),
  expiresIn: Type.Optional(
    ms("ends as failed/expired when not claimed this long after it became queued or blocked; default 24 h"),
  ),
  note: Type.Optional(text(1_000, "shown in the history")),
  secrets: Type.Optional(
    Type.Array(name("secret"), {
      maxItems: 100,
      description: "names of stored secrets that the caller has used: their values are masked in all that is kept",
    }),
  ),
  key: Type.Optional(text(512, "idempotency key of this item; default: the header's key and the item's index")),
};

/** What a call and a request have in common. */
const work = {
  operation: Type.String({ minLength: 1, maxLength: 128, ...storable }),
  parameters: Type.Optional(jsonObject),
  ...filing,
};

const resourceRef = Type.Union([Type.String({ minLength: 1, maxLength: 256, ...storable }), id]);

/** One call. `resource` is a name or an id. */
export const SubmissionSchema = Type.Object({ resource: resourceRef, ...work }, closed);

const share = (description: string) =>
  Type.Union([Type.Integer({ minimum: 1, maximum: MAX_TASKS }), Type.String({ maxLength: 16 })], { description });

/** One request: a task for each target, filed together or not at all. One of the three says which targets. */
export const RequestSubmissionSchema = Type.Object(
  {
    targets: Type.Object(
      {
        resources: Type.Optional(
          Type.Array(resourceRef, { maxItems: MAX_TASKS, description: "names or ids, each once" }),
        ),
        selector: Type.Optional(Type.String({ maxLength: 8_192, ...storable })),
        group: Type.Optional(Type.String({ minLength: 1, maxLength: 128, ...storable })),
      },
      closed,
    ),
    ...work,
    parametersByType: Type.Optional(
      Type.Record(Type.String(), jsonObject, {
        description: "instead of `parameters` for the resources of these types",
      }),
    ),
    concurrency: Type.Optional(share('tasks at once, or a share of them ("25%", rounded up); default all')),
    order: Type.Optional(
      Type.Union([Type.Literal("given"), Type.Literal("name"), Type.Literal("reverse"), Type.Literal("random")], {
        default: "given",
      }),
    ),
    haltOnFailure: Type.Optional(
      Type.Boolean({ default: false, description: "when a task fails, those that have not started are canceled" }),
    ),
    minSuccess: Type.Optional(share('how many must succeed, or a share ("95%", rounded up); default all')),
    serial: Type.Optional(
      Type.Boolean({ default: false, description: "all tasks on one worker, one after the other, in order" }),
    ),
    allowEmpty: Type.Optional(Type.Boolean({ default: false, description: "no target at all is a success" })),
  },
  closed,
);

/** An item with `targets` is a request, every other a call. Not a union, whose errors would tell of both. */
const SubmitItemSchema = Type.Unsafe<Submission | RequestSubmission>({
  type: "object",
  if: { required: ["targets"] },
  // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
  then: RequestSubmissionSchema,
  else: SubmissionSchema,
});

export const SubmitSchema = Type.Object(
  {
    entries: Type.Array(SubmitItemSchema, { minItems: 1, maxItems: LIMITS.submitItems }),
    atomic: Type.Optional(
      Type.Boolean({ default: false, description: "all or nothing: one refused item refuses the request" }),
    ),
  },
  closed,
);

export const SettingInputSchema = Type.Object(
  { value: Type.Union([ms("how long"), Type.Null()], { description: "null: the default" }) },
  closed,
);
export type SettingInput = Static<typeof SettingInputSchema>;

export const PollSchema = Type.Object(
  {
    entries: Type.Array(
      Type.Object(
        {
          id,
          seen: Type.Integer({ minimum: 0, description: "lastEvent as the client knows it; 0 = nothing" }),
          after: Type.Optional(
            Type.Integer({ minimum: 0, description: "with it, events numbered above it come along" }),
          ),
        },
        closed,
      ),
      { maxItems: LIMITS.pollItems, description: "with a cursor: those that were not asked about before" },
    ),
    wait: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 60_000,
        default: 0,
        description: "hold the request open up to this long (ms) until one changes",
      }),
    ),
    until: Type.Optional(
      Type.Union([Type.Literal("change"), Type.Literal("end")], {
        default: "change",
        description:
          "what ends the hold: any change, or the end of one of them. Of more than 20 entries then only ends are answered before `wait` is over",
      }),
    ),
    tell: Type.Optional(
      Type.Union([Type.Literal("all"), Type.Literal("ends")], {
        default: "all",
        description: "what is answered when `wait` is over: all that changed, or still nothing but ends",
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        maxLength: 80,
        description: "of the answer before: the server remembers what was asked about, and what it has told of it",
      }),
    ),
  },
  closed,
);

export const CancelSchema = Type.Object(
  {
    force: Type.Optional(Type.Boolean({ default: false, description: "end the entry without its worker's answer" })),
    reason: Type.Optional(text(1_000, "shown in the history")),
  },
  closed,
);

export const EntriesQuerySchema = Type.Object(
  {
    ...page,
    status: Type.Optional(Type.String({ maxLength: 200, description: "one or more statuses, joined by commas" })),
    resource: Type.Optional(Type.String({ maxLength: 256, description: "name or id" })),
    operation: Type.Optional(Type.String({ maxLength: 128 })),
    kind: Type.Optional(Type.String({ maxLength: 32 })),
    requestedBy: Type.Optional(Type.String({ maxLength: 128 })),
    automatic: Type.Optional(
      Type.Boolean({ default: false, description: "also the checks and metrics that wilco files by itself" }),
    ),
    parent: Type.Optional(id),
    since: Type.Optional(Type.String({ maxLength: 64, description: "created at or after (ISO 8601)" })),
    until: Type.Optional(Type.String({ maxLength: 64, description: "created before (ISO 8601)" })),
    order: Type.Optional(Type.Union([Type.Literal("newest"), Type.Literal("oldest")], { default: "newest" })),
  },
  closed,
);

export const EventsQuerySchema = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000 })),
    wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000, default: 0 })),
  },
  closed,
);

export const TokenInputSchema = Type.Object(
  {
    name: name("token"),
    role: Type.Union([Type.Literal("viewer"), Type.Literal("operator"), Type.Literal("worker"), Type.Literal("admin")]),
    zones: Type.Optional(
      Type.Array(name("zone"), { maxItems: 100, description: "worker tokens: the zones it may serve; default all" }),
    ),
    roles: Type.Optional(
      Type.Array(name("role"), { maxItems: 100, description: "worker tokens: the roles it may serve; default all" }),
    ),
    expiresIn: Type.Optional(ms("valid for this long; default: until revoked")),
  },
  closed,
);

export const SecretInputSchema = Type.Object(
  { value: Type.String({ minLength: 1, maxLength: LIMITS.secret, ...storable, description: "the secret itself" }) },
  closed,
);

export type Submission = Static<typeof SubmissionSchema>;
export type RequestSubmission = Static<typeof RequestSubmissionSchema>;
export type SubmitRequest = Static<typeof SubmitSchema>;
export type PollRequest = Static<typeof PollSchema>;
export type CancelRequest = Static<typeof CancelSchema>;
export type EntriesQuery = Static<typeof EntriesQuerySchema>;
export type EventsQuery = Static<typeof EventsQuerySchema>;
export type TokenInput = Static<typeof TokenInputSchema>;
export type SecretInput = Static<typeof SecretInputSchema>;
