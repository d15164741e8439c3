/** Schemas of what the docker types answer with. */
import { checkResult, COUNT, described, FLAG, NUMBER, orNull, resultOf, TEXT, TEXTS } from "../results.ts";

const LABELS = { type: "object", additionalProperties: { type: "string" } };
const ANY_OBJECT = { type: "object" };

export const ENGINE_RESULTS = {
  list: resultOf({
    containers: {
      type: "array",
      items: resultOf({
        id: TEXT,
        name: TEXT,
        image: TEXT,
        state: described(TEXT, "created, running, paused, restarting, exited, dead"),
        status: TEXT,
        createdAt: TEXT,
        labels: LABELS,
        ports: TEXTS,
      }),
    },
  }),
  pull: resultOf({ image: TEXT, id: TEXT, size: described(COUNT, "bytes"), digests: TEXTS }),
  create: resultOf({ id: TEXT, name: TEXT, started: FLAG, warnings: TEXTS }),
  metrics: resultOf({ containers: COUNT, running: COUNT, paused: COUNT, stopped: COUNT, images: COUNT }),
  check: checkResult({ version: TEXT }),
};

export const CONTAINER_RESULTS = {
  change: resultOf({
    changed: described(FLAG, "false: it was so already"),
    state: TEXT,
    startedAt: orNull(TEXT),
    availability: { enum: ["up", "down"] },
  }),
  inspect: ANY_OBJECT,
  logs: resultOf({ bytes: COUNT }),
  remove: resultOf({ removed: FLAG }),
  metrics: resultOf({ cpu: NUMBER, memory: COUNT, memoryLimit: COUNT, received: COUNT, sent: COUNT, processes: COUNT }),
  check: checkResult({ state: TEXT, health: TEXT }),
};
