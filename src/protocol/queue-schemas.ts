/** TypeBox schemas of what is asked of the queue itself. */
import { Type, type Static } from "typebox";
import { closed, storable, text } from "./schema-parts.ts";

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

export type PauseRequest = Static<typeof PauseSchema>;
export type ResumeRequest = Static<typeof ResumeSchema>;
