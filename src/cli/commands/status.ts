/** `wilco status`: which server, as whom, and whether it is ready. */
import { messageOf, WilcoError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { dataDirOf } from "../data-dir.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument } from "../output/documents.ts";
import { formatCard } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";
import type { DataDirFlags } from "./up.ts";

export async function statusCommand(context: Context, flags: DataDirFlags): Promise<number> {
  const dataDir = dataDirOf(context, flags.dataDir);
  const { output } = context;
  const { api, connection, me } = await openRemote(context, dataDir);
  const ready = await api.ready({ retryTime: 0 }).then(
    () => ({ ready: true, reason: null }),
    (error: unknown) => ({ ready: false, reason: messageOf(error) }),
  );
  // Of one that is not ready, which may be for its database, nothing more is to be had, and 30 s of trying would not help.
  const { items: workers } = ready.ready ? await api.workers() : { items: [] };
  const live = workers.filter((worker) => worker.state === "ready" || worker.state === "draining");
  const heard = live.filter((worker) => !worker.silent);
  const status = { url: connection.url, from: connection.from, ...ready, me, workers: live };
  await printDocument(output, status, () =>
    formatCard(
      [
        ["server", `${connection.url} (${connection.from})`],
        ["ready", ready.ready ? output.paint.green("yes") : `${output.paint.red("no")}: ${ready.reason}`],
        [
          "version",
          `${me.server.version} on ${me.server.engine}, since ${formatTime(me.server.startedAt, output.utc)}`,
        ],
        ["you", `${me.name} (${me.role})`],
        [
          "workers",
          !ready.ready
            ? "–"
            : heard.length === 0
              ? output.paint.yellow(`none${silentText(live.length)}: nothing will run`)
              : `${heard.map((worker) => `${worker.name} ${worker.running}/${worker.capacity}`).join(", ")}${silentText(live.length - heard.length)}`,
        ],
      ],
      output.width,
    ),
  );
  if (ready.ready) return EXIT.succeeded;
  throw new WilcoError({
    code: "unavailable",
    message: `The server is not ready: ${ready.reason}`,
    hint: "Look at its log.",
  });
}

/** Those that nothing is heard of: `wilco workers list` and `wilco doctor` name them. */
function silentText(count: number): string {
  return count === 0 ? "" : ` (${count} silent)`;
}
