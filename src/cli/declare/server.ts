/** `server`, `worker`, `up`, `down`, `status`: the processes. */
import type { Command } from "commander";
import type { DownFlags } from "../commands/down.ts";
import type { ServerFlags } from "../commands/server.ts";
import type { WorkerFlags } from "../commands/worker.ts";
import type { DataDirFlags, UpFlags } from "../commands/up.ts";
import { collect, declare, flagsOf, type Runner } from "./declare.ts";

const SLOTS_HELP = "entries at once: 16, 4-16 (at least 4 processes kept for handlers of --types) or auto";
const DATA_DIR_HELP = "durable data (or WILCO_DATA_DIR; default ~/.local/state/wilco)";

export function declareServer(program: Command, runner: Runner): void {
  addServerOptions(declare(program, "up", "start a local server in the background; prints its URL; idempotent")).action(
    (flags: UpFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await import("../commands/up.ts")).upCommand(context, flags)),
  );
  declare(program, "down", "stop the local server; running operations end first")
    .option("--data-dir <dir>", DATA_DIR_HELP)
    .option("--now", "stop running operations instead of waiting for them")
    .action((flags: DownFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/down.ts")).downCommand(context, flags),
      ),
    );
  declare(program, "status", "which server, as whom, and whether it is ready")
    .option("--data-dir <dir>", DATA_DIR_HELP)
    .action((flags: DataDirFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/status.ts")).statusCommand(context, flags),
      ),
    );

  declare(program, "doctor", "what is wrong and what to do about it, in order of urgency; exit 1 when something is")
    .addHelpText("after", "\nExample:\n  wilco doctor --json | jq -r '.findings[].message'")
    .action((_flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await import("../commands/doctor.ts")).doctorCommand(context)),
    );

  const server = addServerOptions(declare(program, "server", "the server in the foreground"))
    .option("--database-url <url>", "postgres://… for a cluster, instead of the embedded one (or WILCO_DATABASE_URL)")
    .option("--worker-name <name>", "of its worker (default local, in a cluster the host's name)")
    .option("--secret-key-file <file>", "key of the stored secrets, the same on all servers (or WILCO_SECRET_KEY)")
    .option("--tls-cert <file>", "certificate chain (PEM); with it the API is HTTPS")
    .option("--tls-key <file>", "its private key (PEM)")
    .option("--insecure", "listen on another address than loopback without TLS")
    .option("--lease <duration>", "how long a worker's claim lives without a heartbeat (default 30s)")
    .option("--lost-after <duration>", "how long a silent worker may still come back (default 5m)")
    .option("--content-limit <size>", "of one file in the content store (default 2GB)")
    .option("--no-automatic", "file no checks and metrics by itself (or WILCO_AUTOMATIC=off)");
  server.action((flags: ServerFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) =>
      (await import("../commands/server.ts")).serverCommand(context, flags),
    ),
  );

  addScriptPoolOptions(declare(program, "worker", "a worker that talks to a server over HTTP"))
    .option("--name <name>", "default: the host's name")
    .option("--zone <zone>", "the zone it serves", "default")
    .option("--role <role>", "a role it serves; repeatable (default automate)", collect)
    .option("--slots <count>", SLOTS_HELP, "16")
    .option("--priority-band <min-max>", 'takes these priorities only: "max-high", "0-50" (default all)')
    .option("--types <dir|package>", "resource types written in TypeScript")
    .option("--state-dir <dir>", "its own state (default: workers/NAME in the data directory)")
    .option("--log <file>", "append its log to a file instead of stderr, with every execution")
    .option("--once", "with --entry: run that entry in the foreground, with its output here, and end")
    .option("--entry <id>", "with --once: which one")
    .action((flags: WorkerFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/worker.ts")).workerCommand(context, flags),
      ),
    );
}

function addServerOptions(command: Command): Command {
  return addScriptPoolOptions(command)
    .option("--data-dir <dir>", DATA_DIR_HELP)
    .option("--host <address>", "address to listen on (default 127.0.0.1)")
    .option("--port <port>", "port to listen on, 0 for any free one (default 7070, with up a free one)")
    .option("--no-worker", "no worker in the server process")
    .option("--slots <count>", SLOTS_HELP, "16")
    .option("--types <dir|package>", "resource types written in TypeScript, for its worker");
}

/** The pool of scripts beside the worker. */
function addScriptPoolOptions(command: Command): Command {
  return command
    .option("--scripts <count>", "scripts (run --on-server) it runs at once, outside the slots; 0 for none", "8")
    .option("--scripts-allow-env <name>", "let scripts be allowed this variable of the worker; repeatable", collect)
    .option("--scripts-allow-read <dir>", "let them be allowed files below this directory of its machine", collect)
    .option("--scripts-allow-net <host[:port]>", "let them be allowed HTTP requests from there", collect);
}
