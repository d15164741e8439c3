/** `docker`: a Docker Engine; `docker-container`: one of its containers. What they do is loaded with the first call. */
import { defineResourceType, parametersOf, type OperationContext } from "../sdk.ts";
import { CONTAINER_RESULTS, ENGINE_RESULTS } from "./results.ts";

const loadEngine = () => import("./engine-operations.ts");
const loadContainer = () => import("./container-operations.ts");

type EngineOperation = keyof Awaited<ReturnType<typeof loadEngine>>;
type ContainerOperation = keyof Awaited<ReturnType<typeof loadContainer>>;

const engine = (operation: EngineOperation) => async (context: OperationContext) =>
  (await loadEngine())[operation](context);
const container = (operation: ContainerOperation) => async (context: OperationContext) =>
  (await loadContainer())[operation](context);

const SOCKET = { type: "string", pattern: "^/", description: "of the engine; default /var/run/docker.sock" };
const ALL = { type: "boolean", default: true, description: "false: only those that run" };
const TEXTS_BY_NAME = { type: "object", additionalProperties: { type: "string" }, default: {} };
const LOOKS = { exclusive: false, onLost: "requeue", timeout: "30s" } as const;
const STOP_TIMEOUT = { type: "integer", minimum: 0, default: 10, unit: "s", description: "then it is killed" };

const NEW_CONTAINER = {
  image: { type: "string", minLength: 1 },
  command: { type: "array", items: { type: "string" }, description: "instead of the image's own" },
  env: TEXTS_BY_NAME,
  labels: TEXTS_BY_NAME,
  ports: {
    type: "object",
    additionalProperties: { type: "integer", minimum: 1, maximum: 65_535 },
    default: {},
    description: 'port of the container to port of the machine: { "80": 8080 }',
  },
  restart: { enum: ["no", "on-failure", "unless-stopped", "always"], default: "unless-stopped" },
  start: { type: "boolean", default: true },
};

export const dockerType = defineResourceType({
  name: "docker",
  description: "A Docker Engine on the worker's machine: its containers and images.",
  runsOn: "bound",
  builtin: true,
  checkEvery: "1m",
  connection: parametersOf({ socket: SOCKET }),
  metrics: {
    containers: { description: "all that there are" },
    running: {},
    paused: {},
    stopped: {},
    images: {},
  },
  operations: {
    list: {
      description: "The containers, with their state.",
      parameters: parametersOf({
        all: ALL,
        labels: { type: "object", additionalProperties: { type: "string" }, description: "only those that have them" },
      }),
      ...LOOKS,
      result: ENGINE_RESULTS.list,
      handler: engine("list"),
    },
    discover: {
      description: "Find a docker-container for each container; it waits for a yes.",
      parameters: parametersOf({ all: ALL }),
      ...LOOKS,
      handler: engine("discover"),
    },
    pull: {
      description: "Fetch an image; it succeeds when the image is there.",
      parameters: parametersOf(
        { image: { type: "string", minLength: 1, description: "name, with tag or digest; default tag latest" } },
        ["image"],
      ),
      exclusive: false,
      onLost: "requeue",
      timeout: "30m",
      result: ENGINE_RESULTS.pull,
      handler: engine("pull"),
    },
    create: {
      description: "Make a container of an image that is there, and start it.",
      parameters: parametersOf(
        { name: { type: "string", pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]+$" }, ...NEW_CONTAINER },
        ["name", "image"],
      ),
      timeout: "5m",
      result: ENGINE_RESULTS.create,
      handler: engine("create"),
    },
    createChild: {
      description: "The same, and the container becomes a resource below the engine.",
      parameters: parametersOf(
        {
          type: { const: "docker-container" },
          name: { type: "string", minLength: 1, description: "of the resource" },
          container: { type: "string", description: "default: the name behind its last /" },
          ...NEW_CONTAINER,
        },
        ["type", "name", "image"],
      ),
      timeout: "5m",
      handler: engine("createChild"),
    },
    metrics: {
      description: "How many containers and images there are.",
      ...LOOKS,
      result: ENGINE_RESULTS.metrics,
      handler: engine("metrics"),
    },
    check: {
      description: "Up when the engine answers.",
      ...LOOKS,
      result: ENGINE_RESULTS.check,
      handler: engine("check"),
    },
  },
});

export const dockerContainerType = defineResourceType({
  name: "docker-container",
  description: "A container of a Docker Engine on the worker's machine.",
  runsOn: "bound",
  builtin: true,
  checkEvery: "1m",
  connection: parametersOf(
    {
      container: { type: "string", pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$", description: "name or id" },
      socket: SOCKET,
    },
    ["container"],
  ),
  metrics: {
    cpu: { unit: "%", description: "100 is one processor" },
    memory: { unit: "bytes", description: "without the page cache" },
    memoryLimit: { unit: "bytes" },
    received: { unit: "bytes", description: "since its start" },
    sent: { unit: "bytes", description: "since its start" },
    processes: {},
  },
  operations: {
    start: {
      description: "Start it unless it runs.",
      onLost: "requeue",
      timeout: "2m",
      result: CONTAINER_RESULTS.change,
      handler: container("start"),
    },
    stop: {
      description: "Ask it to stop, and kill it after a time.",
      parameters: parametersOf({ timeout: STOP_TIMEOUT }),
      onLost: "requeue",
      timeout: "10m",
      result: CONTAINER_RESULTS.change,
      handler: container("stop"),
    },
    restart: {
      description: "Stop it and start it.",
      parameters: parametersOf({ timeout: STOP_TIMEOUT }),
      timeout: "10m",
      result: CONTAINER_RESULTS.change,
      handler: container("restart"),
    },
    inspect: {
      description: "What the engine knows of it; values of its environment are masked.",
      ...LOOKS,
      result: CONTAINER_RESULTS.inspect,
      handler: container("inspect"),
    },
    logs: {
      description: "The last lines of its log, and what follows.",
      parameters: parametersOf({
        lines: { type: "integer", minimum: 0, maximum: 100_000, default: 100 },
        follow: { type: "boolean", default: false, description: "go on until it ends or the execution is canceled" },
        timestamps: { type: "boolean", default: false },
      }),
      exclusive: false,
      onLost: "requeue",
      result: CONTAINER_RESULTS.logs,
      handler: container("logs"),
    },
    remove: {
      description: "Remove it; its image and the resource stay.",
      parameters: parametersOf({
        force: { type: "boolean", default: false, description: "kill it when it runs" },
        volumes: { type: "boolean", default: false, description: "its anonymous volumes too" },
      }),
      onLost: "requeue",
      timeout: "5m",
      result: CONTAINER_RESULTS.remove,
      handler: container("remove"),
    },
    metrics: {
      description: "Processor, memory and network at this moment.",
      ...LOOKS,
      result: CONTAINER_RESULTS.metrics,
      handler: container("metrics"),
    },
    check: {
      description: "Up when it runs and, if it has a health check, is not unhealthy.",
      ...LOOKS,
      result: CONTAINER_RESULTS.check,
      handler: container("check"),
    },
  },
});
