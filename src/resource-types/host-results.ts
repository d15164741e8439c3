/** What the operations of a host give, on the worker's own machine and over SSH alike. */
import { checkResult, COUNT, described, FLAG, NUMBER, orNull, resultOf, TEXT } from "./results.ts";

const FILE = {
  path: TEXT,
  bytes: COUNT,
  sha256: TEXT,
  mode: described(TEXT, "octal"),
};

export const HOST_RESULTS = {
  run: resultOf({
    exitCode: { type: "integer" },
    stdout: TEXT,
    stderr: TEXT,
    truncated: described(FLAG, "there was more output than is kept here; the entry's output has all of it"),
  }),
  /** null: the machine did not tell. */
  facts: resultOf(
    {
      host: orNull(TEXT),
      platform: orNull(TEXT),
      release: orNull(TEXT),
      arch: orNull(TEXT),
      cpus: orNull(COUNT),
      memory: resultOf({ total: orNull(COUNT), free: orNull(COUNT) }),
      load: orNull({ type: "array", items: NUMBER }),
      uptime: described(orNull(COUNT), "ms"),
      user: orNull(TEXT),
    },
    { node: described(TEXT, "of the worker, where it is the machine itself") },
  ),
  upload: resultOf(FILE),
  deploy: resultOf(FILE, { owner: TEXT }),
  download: resultOf({ ...FILE, base64: TEXT }),
  metrics: resultOf(
    {},
    {
      load: NUMBER,
      loadPerCpu: NUMBER,
      memoryFree: described(NUMBER, "bytes"),
      memoryUsed: described(NUMBER, "%"),
      diskFree: described(NUMBER, "bytes"),
      diskUsed: described(NUMBER, "%"),
      uptime: described(NUMBER, "ms"),
    },
  ),
  check: checkResult({ host: TEXT, latency: described(COUNT, "ms") }),
};
