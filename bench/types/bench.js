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
    pause: {
      exclusive: false,
      parameters: { type: "object", properties: { ms: { type: "integer" } }, required: ["ms"] },
      handler: ({ parameters }) => new Promise((resolve) => setTimeout(resolve, parameters.ms)).then(() => ({})),
    },
    print: {
      exclusive: false,
      parameters: {
        type: "object",
        properties: { lines: { type: "integer" }, bytes: { type: "integer" } },
        required: ["lines", "bytes"],
      },
      async handler({ parameters, output }) {
        const line = `${"x".repeat(parameters.bytes - 1)}\n`;
        for (let i = 0; i < parameters.lines; i += 100) await output(line.repeat(Math.min(100, parameters.lines - i)));
        return {};
      },
    },
    turn: { onLost: "requeue", handler: () => ({ ok: true }) },
  },
});
