/** The configuration of a managed process: arguments and variables beyond those of its resource's connection. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { messageOf } from "../../core/errors.ts";
import type { JsonObject, JsonSchema } from "../../core/json.ts";
import { OperationError } from "../operation-error.ts";
import { onOwnDisk } from "../own-disk.ts";
import type { OperationContext } from "../sdk.ts";
import { parametersOf } from "../sdk.ts";
import type { Managed, Supervisor } from "./supervisor.ts";

export interface ProcessConfiguration {
  args: string[];
  env: Record<string, string>;
}

export const configurationSchema: JsonSchema = parametersOf({
  args: {
    type: "array",
    items: { type: "string" },
    default: [],
    description: "after the arguments of connection.command",
  },
  env: {
    type: "object",
    additionalProperties: { type: "string" },
    default: {},
    description: "over the variables of connection.env",
  },
});

/** Nothing known is nothing added. */
export function parseConfiguration(configuration: JsonObject | undefined): ProcessConfiguration {
  const { args = [], env = {} } = (configuration ?? {}) as Partial<ProcessConfiguration>;
  return { args, env };
}

/** Of a process that runs, what it was started with; of one that does not, what it will be. */
export function readConfiguration(managed: Managed, supervisor: Supervisor): ProcessConfiguration {
  const { running, state } = supervisor.look(managed);
  return running && state ? parseConfiguration(state.configuration) : readPrepared(managed);
}

/** A process that runs is restarted; one that does not start with it is started again as it was. */
export async function updateConfiguration(
  { parameters, progress }: OperationContext,
  managed: Managed,
  supervisor: Supervisor,
): Promise<unknown> {
  const before = readConfiguration(managed, supervisor);
  const configuration = parseConfiguration(parameters["configuration"] as JsonObject);
  writePrepared(managed, configuration);
  if (!supervisor.look(managed).running) return { restarted: false, pid: null };
  progress(0, 2, "stopping");
  await supervisor.stop(managed, managed.connection.stopTimeout);
  progress(1, 2, "starting");
  try {
    const { pid } = await supervisor.start({ ...managed, configuration });
    return { restarted: true, pid };
  } catch (error) {
    throw await startAsBefore({ ...managed, configuration: before }, supervisor, error);
  }
}

/** @returns what is to be thrown. */
async function startAsBefore(managed: Managed, supervisor: Supervisor, cause: unknown): Promise<unknown> {
  // Whoever has aborted it wants nothing more to be done.
  if (managed.signal.aborted || !(cause instanceof OperationError)) return cause;
  const { code, message, details } = cause;
  const asBefore = { code, message, ...(details === undefined ? {} : { details }) };
  try {
    // It may run without being ready.
    await supervisor.stop(managed, managed.connection.stopTimeout);
    writePrepared(managed, managed.configuration);
    const { pid } = await supervisor.start(managed);
    return new OperationError({ ...asBefore, hint: `It runs again with the configuration from before (pid ${pid}).` });
  } catch (error) {
    const hint = `It did not start with the configuration from before either: ${messageOf(error)}`;
    return new OperationError({ ...asBefore, hint });
  }
}

function fileOf({ stateFile }: Managed): string {
  return stateFile.replace(/\.json$/, ".configuration.json");
}

function readPrepared(managed: Managed): ProcessConfiguration {
  let text: string;
  try {
    text = readFileSync(fileOf(managed), "utf8");
  } catch (error) {
    // It was never given one on this machine.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return parseConfiguration(undefined);
    throw error;
  }
  return parseConfiguration(JSON.parse(text) as JsonObject);
}

/** Whole or not at all; variables may be secret. */
function writePrepared(managed: Managed, configuration: ProcessConfiguration): void {
  const file = fileOf(managed);
  onOwnDisk(file, () => {
    writeFileSync(`${file}.new`, JSON.stringify(configuration), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  });
}
