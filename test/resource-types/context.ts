/** Runs a type's operation without a worker: the real exec pool, output collected. */
import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ContentRef } from "../../src/domain/content.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { createExecPool } from "../../src/resource-types/exec.ts";
import type { Log, OperationContext, ResourceTypeDefinition } from "../../src/resource-types/sdk.ts";

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const schemas = createSchemaValidator();

export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "wilco-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

/** Looks once every turn of the event loop. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

export interface Call {
  operation: string;
  parameters?: Record<string, unknown>;
  connection?: Record<string, unknown>;
  /** Resource id; its name is "thing-ID". Default 1. */
  id?: number;
  state?: string;
  signal?: AbortSignal;
  /** Paths of content, by name. */
  contents?: Record<string, string>;
  /** What it returns is waited for. */
  onOutput?: (text: string) => unknown;
}

/**
 * Checks parameters and connection against the type's schemas, as the server does, then calls the handler, and what it
 * gives against the schema that editors believe.
 */
export async function callOperation(
  { descriptor, handlers }: ResourceTypeDefinition,
  call: Call,
): Promise<Record<string, unknown>> {
  const { operation, id = 1, signal = new AbortController().signal, onOutput } = call;
  const parameters = schemas.parse(descriptor.operations[operation]!.parameters, call.parameters ?? {});
  const connection = schemas.parse(descriptor.connection, call.connection ?? {}, {
    what: "connection",
    code: "invalid_inventory",
  });
  const directory = call.state ?? (await temporaryDirectory());
  const tempDir = join(directory, "tmp");
  mkdirSync(tempDir, { recursive: true });
  const output = async (data: string | Uint8Array) =>
    void (await onOutput?.(Buffer.from(data as string).toString("utf8")));
  const pool = createExecPool({ signal, tempDir: () => tempDir, output, killGrace: 300, environment: {} });
  const context: OperationContext = {
    entry: 1,
    attempt: 1,
    operation,
    parameters,
    resource: { id, name: `thing-${id}`, type: descriptor.name, zone: "default", labels: {}, connection },
    signal,
    deadline: Date.now() + 60_000,
    tempDir,
    state: directory,
    log,
    output,
    progress() {},
    content: async (parameter) => call.contents?.[(parameter as ContentRef).name] ?? "",
    exec: pool.exec,
  };
  const value = await handlers[operation]!(context);
  const { result } = descriptor.operations[operation]!;
  const problems = result === null ? [] : schemas.problems(result, JSON.parse(JSON.stringify(value ?? null)));
  if (problems.length > 0) throw new Error(`${operation} gave what its schema has not: ${problems[0]!.message}`);
  return value as Record<string, unknown>;
}
