/**
 * Runs one operation of a type through the steps of a worker's executor: parameters are checked and get their defaults,
 * the handler runs with signal, deadline, temporary directory and commands, secrets are masked, the result is checked.
 */
import { createReadStream } from "node:fs";
import { mkdtemp, mkdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseDuration } from "../core/durations.ts";
import { sha256 } from "../core/ids.ts";
import { WilcoError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import { entryKindOf } from "../domain/capabilities.ts";
import { READ_CONFIGURATION, UPDATE_CONFIGURATION } from "../domain/configuration.ts";
import type { OperationDescriptor, ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { createSchemaValidator } from "../domain/schema.ts";
import type { Assignment } from "../domain/worker.ts";
import { secretPaths, valueAt } from "../domain/secret-paths.ts";
import { textsIn } from "../inventory/secrets.ts";
import { type Exec, type ExecResult, requireAllowed } from "../resource-types/exec.ts";
import type { OperationContext, ResourceTypeDefinition } from "../resource-types/sdk.ts";
import { lastLines } from "../resource-types/tail.ts";
import { createContents } from "../worker/contents.ts";
import { createControl } from "../worker/control.ts";
import { createExecutor, type Ended } from "../worker/executor.ts";
import { entryError, systemError } from "../worker/outcome.ts";
import { createResolver, type Resolve } from "../worker/resolve.ts";
import { createRecord } from "./record.ts";
import type { TestCall, TestOutcome, TestRun } from "./test-call.ts";

const schemas = () => (shared ??= createSchemaValidator());
let shared: ReturnType<typeof createSchemaValidator> | undefined;

/**
 * @param type as `defineResourceType` or `readType` gives it.
 * @returns a promise of how it ended: a handler that throws is an outcome, not a rejection.
 * @throws (rejects with) WilcoError `unknown_operation`, `invalid_inventory` for a connection that no resource could
 *   have: mistakes of the test.
 */
export function testResourceType(type: ResourceTypeDefinition, call: TestCall): TestRun {
  const control = createControl();
  const run = perform(type, call, control);
  return Object.assign(run, { abort: (why: Parameters<TestRun["abort"]>[0] = "cancel") => control.abort(why) });
}

async function perform(
  type: ResourceTypeDefinition,
  call: TestCall,
  control: ReturnType<typeof createControl>,
): Promise<TestOutcome> {
  const operation = operationOf(type.descriptor, call.operation);
  const assignment = assignmentOf(type.descriptor, operation, call);
  const record = createRecord(call);
  const files = await readFiles(call.files ?? {});
  let parameters: JsonObject;
  try {
    parameters = schemas().parse(operation.parameters, { ...call.parameters, ...files.parameters });
  } catch (error) {
    return record.outcome({ status: "failed", error: systemError(error) });
  }
  const home = await mkdtemp(join(tmpdir(), "wilco-type-test-"));
  try {
    const state = call.state ?? join(home, "state");
    await mkdir(state, { recursive: true });
    const execute = createExecutor({
      resolve: withExec(createResolver([type], notElsewhere), call.exec),
      schemas: schemas(),
      tempRoot: join(home, "tmp"),
      typeDirectory: () => state,
      contents: createContents({
        directory: join(home, "content"),
        limit: Number.MAX_SAFE_INTEGER,
        fetch: async ({ sha256 }) => createReadStream(files.paths.get(sha256)!),
        log: record.log,
      }),
      killGrace: call.killGrace ?? 1_000,
      log: record.log,
    });
    const remaining = assignment.timeout ?? operation.timeout;
    const ended = await execute({ assignment: { ...assignment, parameters }, control, output: record, remaining });
    return record.outcome(checked(ended, operation, type.descriptor.name));
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function readFiles(files: Record<string, string>) {
  const parameters: JsonObject = {};
  const paths = new Map<string, string>();
  for (const [parameter, path] of Object.entries(files)) {
    const bytes = await readFile(path);
    const hash = sha256(bytes);
    parameters[parameter] = { sha256: hash, size: bytes.length, name: basename(path) };
    paths.set(hash, path);
  }
  return { parameters, paths };
}

function operationOf({ name, operations }: ResourceTypeDescriptor, operation: string): OperationDescriptor {
  const found = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (found) return found;
  throw new WilcoError({
    code: "unknown_operation",
    message: `The type "${name}" has no operation "${operation}".`,
    hint: suggestion(operation, Object.keys(operations), "It has"),
  });
}

function assignmentOf(type: ResourceTypeDescriptor, operation: OperationDescriptor, call: TestCall): Assignment {
  const connection = schemas().parse(type.connection, call.connection ?? {}, {
    what: "connection",
    code: "invalid_inventory",
  });
  const { id = 1, name = "test-1", zone = "default", labels = {} } = call.resource ?? {};
  const timeout = call.timeout === undefined ? operation.timeout : parseDuration(call.timeout, "timeout");
  return {
    entry: 1,
    attempt: call.attempt ?? 1,
    kind: entryKindOf(operation.name),
    root: 1,
    operation: operation.name,
    parameters: {},
    resource: {
      id,
      name,
      type: type.name,
      zone,
      labels,
      connection,
      ...(call.configuration ? { configuration: call.configuration } : {}),
    },
    ...configurationWork(type, operation.name, call),
    ...(call.storedSecrets ? { storedSecrets: call.storedSecrets } : {}),
    secrets: [
      ...secretPaths(type.connection, connection).flatMap((path) => textsIn(valueAt(connection, path) ?? null)),
      ...Object.values(call.storedSecrets ?? {}),
    ],
    typeVersion: type.version,
    implementation: operation.implementation,
    deadlineIn: timeout,
    timeout,
    onLost: operation.onLost,
    weight: operation.weight,
    outputQuota: Number.MAX_SAFE_INTEGER,
    canceling: false,
  };
}

/** What makes a worker read a configuration back, and compare it. */
function configurationWork(
  { configuration, operations }: ResourceTypeDescriptor,
  operation: string,
  call: TestCall,
): Pick<Assignment, "configuration"> {
  if (operation !== UPDATE_CONFIGURATION && operation !== READ_CONFIGURATION) return {};
  const read = operations[READ_CONFIGURATION];
  return {
    configuration: {
      schema: configuration ?? { type: "object" },
      known: call.configuration ?? null,
      read: read === undefined ? null : { implementation: read.implementation },
    },
  };
}

function notElsewhere(): never {
  throw new Error("handlers of a type under test are in this process");
}

/** The context with another `exec`, for handlers and for the commands of YAML types. */
function withExec(resolve: Resolve, fake: TestCall["exec"]): Resolve {
  if (!fake) return resolve;
  const execOf =
    ({ output, signal }: OperationContext): Exec =>
    async (argv, options = {}) => {
      signal.throwIfAborted();
      const given = await fake(argv, options);
      const ended: ExecResult = { exitCode: 0, signal: null, stdout: "", stderr: "", truncated: false, ...given };
      for (const stream of ["stdout", "stderr"] as const)
        if (options.stream !== false && ended[stream] !== "") await output(ended[stream], stream);
      requireAllowed(argv[0] ?? "", ended, lastLines(`${ended.stdout}\n${ended.stderr}`, 20), options.allowFailure);
      return ended;
    };
  return (assignment) => {
    const { handler, parameters } = resolve(assignment);
    // The context's own properties are made when they are asked for: it is stood in for, not copied.
    const over = (context: OperationContext) =>
      Object.create(context, { exec: { value: execOf(context) } }) as OperationContext;
    return { handler: (context) => handler(over(context)), parameters };
  };
}

/** A worker lets a result through that its schema has not; a test is where the author is to hear of it. */
function checked(ended: Ended, { name, result }: OperationDescriptor, type: string): Ended {
  if (ended?.status !== "succeeded" || result === null) return ended;
  const [problem] = schemas().problems(result, ended.result);
  if (!problem) return ended;
  const message = `${type}.${name} gave a result that its schema has not: ${problem.message}.`;
  return {
    status: "failed",
    error: entryError("result_mismatch", message, "operation", { details: { result: ended.result } }),
  };
}
