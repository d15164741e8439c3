/**
 * The type of scripts that run on the server. No resource has it: its one operation is what an entry of kind `script`
 * runs. The handler is given, because the sandbox is not a worker's to know.
 */
import { MAX_SCRIPT_GRACE, SCRIPT_OPERATION, SCRIPT_ROLE, SCRIPT_TYPE } from "../domain/script.ts";
import { defineResourceType, parametersOf, type Handler, type ResourceTypeDefinition } from "./sdk.ts";

const texts = (description: string) => ({ type: "array", items: { type: "string" }, description });
const textsOrNull = (description: string) => ({ anyOf: [texts(description), { type: "null" }] });

const PERMISSIONS = parametersOf(
  {
    env: texts("environment variables of its worker"),
    read: texts("directories of its worker"),
    net: texts("HOST or HOST:PORT"),
    operations: textsOrNull("patterns of the only operations that it may submit"),
    resources: textsOrNull("selectors of the only resources that it may change"),
  },
  ["env", "read", "net", "operations", "resources"],
);

const PARAMETERS = parametersOf(
  {
    file: { type: "string", description: "the script" },
    args: texts("what the command line has after the file"),
    permissions: PERMISSIONS,
    onError: { enum: ["wait", "leave", "cancel"], description: "what becomes of its running operations" },
    grace: { type: "integer", minimum: 0, maximum: MAX_SCRIPT_GRACE, description: "ms for finally blocks" },
    limits: parametersOf(
      { cpu: { type: "integer", minimum: 1, description: "ms" }, memory: { type: "integer", description: "bytes" } },
      ["cpu", "memory"],
    ),
    requireWorker: { anyOf: [{ type: "integer", minimum: 0 }, { type: "null" }], description: "ms, of its operations" },
  },
  ["file", "args", "permissions", "onError", "grace", "limits", "requireWorker"],
);

const RESULT = {
  type: "object",
  properties: {
    kind: { enum: ["completed", "exit"] },
    exit: { const: 0 },
    running: { type: "array", items: { type: "object" }, description: "what it left running" },
  },
  required: ["kind", "exit", "running"],
};

/** @param run carries out one script. */
export function createScriptType(run: Handler): ResourceTypeDefinition {
  return defineResourceType({
    name: SCRIPT_TYPE,
    description: "A script in the sandbox of a worker: wilco run --on-server",
    role: SCRIPT_ROLE,
    operations: {
      [SCRIPT_OPERATION]: {
        description: "Runs it to its end; what it submits are the children of its entry",
        parameters: PARAMETERS,
        result: RESULT,
        exclusive: false,
        timeout: "24h",
        handler: run,
      },
    },
  });
}
