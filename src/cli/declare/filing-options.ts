/** The flags of everything that files work: when, where, after what, how urgent, for how long. */
import type { Command } from "commander";
import { collect } from "./declare.ts";

/** @param work what the timeout is of. */
export function addFilingOptions(command: Command, work = "operation"): Command {
  return command
    .option("--wait", "wait for its end, and end as it did", true)
    .option("--no-wait", "file it and return")
    .option("--timeout <duration>", `of the ${work}, from its start`)
    .option("--at <time>", 'start then: "+5m", "18:30", "2026-11-21 18:30" (local), or with an offset')
    .option(
      "--after <id[:on]>",
      "start when this entry ended: on success (default), failure or any; repeatable",
      collect,
    )
    .option("--zone <zone>", "run it in this zone instead of the resource's own")
    .option("--worker <name>", "run it on this worker and no other")
    .option("--priority <priority>", "max, high, medium, normal, low, min, or 0 (first) to 200")
    .option("--note <text>", "shown in the history");
}
