/** The resource type of the benchmarks: an operation that does nothing, on no resource in particular. */
import { defineResourceType } from "../../dist/resource-types/sdk.js";

export default defineResourceType({
  name: "bench",
  description: "Does nothing, for measuring what is around it",
  runsOn: "any",
  // As the handlers of the queues it is compared with are.
  inProcess: true,
  operations: {
    noop: { exclusive: false, onLost: "requeue", handler: () => ({ ok: true }) },
    turn: { onLost: "requeue", handler: () => ({ ok: true }) },
  },
});
