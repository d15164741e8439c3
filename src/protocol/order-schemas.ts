/** TypeBox schemas of orders to workers: what people ask, and how workers answer. */
import { Type, type Static } from "typebox";
import { closed, id, name } from "./schema-parts.ts";

const targets = {
  workers: Type.Optional(Type.Array(name("worker"), { minItems: 1, maxItems: 1_000, description: "by name" })),
  zone: Type.Optional(name("zone: its live workers")),
  all: Type.Optional(Type.Boolean({ default: false, description: "every live worker" })),
  wait: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 60_000, default: 5_000, description: "for their answers (ms)" }),
  ),
};

export const AskWorkersSchema = Type.Object(
  {
    command: Type.Union([Type.Literal("ping"), Type.Literal("status"), Type.Literal("running")]),
    ...targets,
  },
  closed,
);

export const ControlWorkersSchema = Type.Object(
  {
    command: Type.Union([Type.Literal("reload"), Type.Literal("drain"), Type.Literal("stop")]),
    ...targets,
  },
  closed,
);

/** In a heartbeat: what the worker did about orders that an answer before gave it. */
export const OrderAnswerSchema = Type.Object(
  {
    id,
    answer: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    error: Type.Optional(
      Type.Object(
        {
          code: Type.String({ maxLength: 64 }),
          message: Type.String({ maxLength: 4_096 }),
          hint: Type.Optional(Type.String({ maxLength: 4_096 })),
          details: Type.Optional(Type.Unknown()),
        },
        closed,
      ),
    ),
  },
  closed,
);

const count = Type.Integer({ minimum: 0 });

/** In a heartbeat: counted since the worker's start. */
export const WorkerCountsSchema = Type.Object(
  {
    claimed: count,
    finished: count,
    failed: count,
    memory: Type.Integer({ minimum: 0, description: "of its process, bytes" }),
  },
  closed,
);

export const ReloadedTypesSchema = Type.Object(
  { types: Type.Array(Type.Unknown(), { maxItems: 1_000, description: "descriptors of the types it has now" }) },
  closed,
);

export type AskWorkersRequest = Static<typeof AskWorkersSchema>;
export type ControlWorkersRequest = Static<typeof ControlWorkersSchema>;
export type OrderRequest = AskWorkersRequest | ControlWorkersRequest;
export type OrderAnswer = Static<typeof OrderAnswerSchema>;
export type ReloadedTypes = Static<typeof ReloadedTypesSchema>;
