/** TypeBox schemas of what is asked of the queue itself. */
import { Type, type Static } from "typebox";
import { QUEUE_FILTERS, type QueueFilter } from "../domain/queue.ts";
import { closed, LIMITS, storable, text } from "./schema-parts.ts";

const route = Type.String({
  minLength: 1,
  maxLength: 257,
  ...storable,
  description: "zone/role, or worker/NAME",
});

export const PauseSchema = Type.Object(
  {
    route,
    reason: Type.Optional(text(1_000, "shown wherever the pause is")),
    unserved: Type.Optional(
      Type.Boolean({ default: false, description: "also a route that no worker has served and nothing waits on" }),
    ),
  },
  closed,
);

export const ResumeSchema = Type.Object({ route }, closed);

const filters = Object.fromEntries(
  Object.keys(QUEUE_FILTERS).map((field) => [
    field,
    Type.Optional(Type.String({ maxLength: 1_000, ...storable, description: "one or more values, joined by commas" })),
  ]),
) as Record<QueueFilter, ReturnType<typeof optionalText>>;

function optionalText() {
  return Type.Optional(Type.String());
}

export const QueueQuerySchema = Type.Object(
  {
    ...filters,
    status: Type.Optional(
      Type.String({
        maxLength: 200,
        description: "one or more statuses, joined by commas; default: all but the ended",
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageSize, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 512 })),
  },
  closed,
);

export type QueueQuery = Static<typeof QueueQuerySchema>;
export type PauseRequest = Static<typeof PauseSchema>;
export type ResumeRequest = Static<typeof ResumeSchema>;
