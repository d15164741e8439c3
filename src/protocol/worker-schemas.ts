/** TypeBox schemas of the worker protocol. */
import { Type, type Static } from "typebox";
import { OrderAnswerSchema, WorkerCountsSchema } from "./order-schemas.ts";
import { closed, id, LIMITS, name, text, uniqueId } from "./schema-parts.ts";

export const RegisterSchema = Type.Object(
  {
    // Looked at before the schema is: a worker without it is one of version 1.
    protocol: Type.Optional(Type.Integer({ minimum: 1, description: "version of this protocol, 2" })),
    name: name("worker"),
    zone: name("zone"),
    roles: Type.Array(name("role"), { minItems: 1, maxItems: 100 }),
    capacity: Type.Integer({ minimum: 1, maximum: 10_000 }),
    band: Type.Optional(
      Type.Object(
        { min: Type.Integer({ minimum: 0, maximum: 200 }), max: Type.Integer({ minimum: 0, maximum: 200 }) },
        { ...closed, description: "the priorities it takes, both ends included; default all" },
      ),
    ),
    host: text(255, "host name"),
    pid: Type.Integer({ minimum: 0 }),
    version: text(64, "of wilco"),
    types: Type.Array(Type.Unknown(), { maxItems: 1_000, description: "descriptors of the types it has handlers for" }),
    succession: Type.String({
      minLength: 16,
      maxLength: 128,
      description: "secret of its state directory: proves that a newcomer succeeds the holder of the name",
    }),
  },
  closed,
);

const leaseRef = { entry: id, attempt: Type.Integer({ minimum: 1 }) };

/** What a worker tells of itself with each beat. */
const told = {
  state: Type.Union([Type.Literal("ready"), Type.Literal("draining")]),
  health: Type.Optional(
    Type.Object(
      {
        time: Type.Integer({ minimum: 0, description: "the worker's clock, ms since 1970" }),
        disk: Type.Optional(
          Type.Object(
            { free: Type.Integer({ minimum: 0 }), total: Type.Integer({ minimum: 0 }) },
            { ...closed, description: "bytes of the disk that holds its state and temporary files" },
          ),
        ),
      },
      closed,
    ),
  ),
  counts: Type.Optional(WorkerCountsSchema),
  answers: Type.Optional(
    Type.Array(OrderAnswerSchema, { maxItems: 1_000, description: "to orders of the answers before" }),
  ),
};
const BeatSchema = Type.Object(told, {
  ...closed,
  description: "the heartbeat of a worker that has nothing leased; answered early when there is something to obey",
});

export const ClaimSchema = Type.Object(
  {
    claimId: uniqueId("the same until answered: a repetition gets the same entries"),
    slots: Type.Integer({ minimum: 1, maximum: 10_000, description: "free slots" }),
    wait: Type.Integer({ minimum: 0, maximum: 60_000 }),
    entry: Type.Optional(id),
    beat: Type.Optional(BeatSchema),
  },
  closed,
);

export const HeartbeatSchema = Type.Object(
  {
    leases: Type.Array(Type.Object(leaseRef, closed), { maxItems: 10_000 }),
    wait: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 60_000,
        default: 0,
        description:
          "renew at once, but hold the answer up to this long (ms) until there is something to obey: a cancel arrives at once",
      }),
    ),
    ...told,
  },
  closed,
);

export const ReportSchema = Type.Object(
  {
    reports: Type.Array(
      Type.Object(
        {
          ...leaseRef,
          chunks: Type.Optional(
            Type.Array(
              Type.Object(
                {
                  number: Type.Integer({ minimum: 1, description: "1, 2, 3 … per attempt" }),
                  stream: Type.Union([Type.Literal("stdout"), Type.Literal("stderr")]),
                  text: Type.Optional(Type.String({ maxLength: LIMITS.outputChunk })),
                  base64: Type.Optional(Type.String({ maxLength: LIMITS.outputChunk * 2 })),
                  /** Instead of text: this many bytes were dropped, beyond the quota. */
                  dropped: Type.Optional(Type.Integer({ minimum: 1 })),
                },
                closed,
              ),
              { maxItems: 1_000 },
            ),
          ),
          progress: Type.Optional(
            Type.Object(
              {
                done: Type.Number(),
                total: Type.Union([Type.Number(), Type.Null()]),
                text: Type.Union([Type.String({ maxLength: 500 }), Type.Null()]),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
      { minItems: 1, maxItems: 10_000 },
    ),
  },
  closed,
);

/** A claim that a finish takes along: answered at once, with what there is. */
const { claimId, slots } = ClaimSchema.properties;
const CarriedClaimSchema = Type.Object({ claimId, slots }, closed);

export const FinishSchema = Type.Object(
  {
    finishes: Type.Array(
      Type.Object(
        {
          ...leaseRef,
          finishId: uniqueId("the same until answered: a repetition is answered as the first was"),
          lastChunk: Type.Integer({ minimum: 0, description: "number of the last output chunk reported" }),
          status: Type.Union(
            [
              Type.Literal("succeeded"),
              Type.Literal("failed"),
              Type.Literal("timed_out"),
              Type.Literal("canceled"),
              Type.Literal("released"),
            ],
            { description: '"released": handed back unstarted; it is queued again' },
          ),
          result: Type.Optional(Type.Unknown()),
          error: Type.Optional(
            Type.Object(
              {
                code: Type.String({ maxLength: 64 }),
                message: Type.String({ maxLength: 16_384 }),
                source: Type.Union([Type.Literal("operation"), Type.Literal("system")]),
                hint: Type.Optional(Type.String({ maxLength: 4_096 })),
                details: Type.Optional(Type.Unknown()),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
      { minItems: 1, maxItems: 10_000 },
    ),
    claim: Type.Optional(CarriedClaimSchema),
  },
  closed,
);

export const StopSchema = Type.Object(
  {
    /** All that it ever began has ended and is reported: whatever is still leased to it was never started. */
    idle: Type.Optional(Type.Boolean()),
  },
  closed,
);

export type RegisterRequest = Static<typeof RegisterSchema>;
export type ClaimRequest = Static<typeof ClaimSchema>;
export type HeartbeatRequest = Static<typeof HeartbeatSchema>;
export type ReportRequest = Static<typeof ReportSchema>;
export type ReportItem = ReportRequest["reports"][number];
export type OutputChunk = NonNullable<ReportItem["chunks"]>[number];
export type CarriedClaim = Static<typeof CarriedClaimSchema>;
export type FinishRequest = Static<typeof FinishSchema>;
export type StopRequest = Static<typeof StopSchema>;
export type FinishItem = FinishRequest["finishes"][number];
