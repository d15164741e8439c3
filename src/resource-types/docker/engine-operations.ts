/** What the type `docker` does: the engine itself, its containers and images. */
import type { JsonObject } from "../../core/json.ts";
import { OperationError } from "../operation-error.ts";
import type { OperationContext } from "../sdk.ts";
import { callEngine, openEngine, socketOf } from "./engine.ts";
import { jsonLines } from "./frames.ts";

interface ListedContainer {
  Id: string;
  Names: string[] | null;
  Image: string;
  State: string;
  Status: string;
  /** Seconds since 1970. */
  Created: number;
  Labels: Record<string, string> | null;
  Ports: Array<{ IP?: string; PrivatePort: number; PublicPort?: number; Type: string }> | null;
}

interface PullLine {
  /** Of a layer, or the tag. */
  id?: string;
  status?: string;
  /** Bytes. */
  progressDetail?: { current?: number; total?: number };
  error?: string;
}

/** Up when the engine answers; one that can't be reached from here is down, which is what is asked. */
export async function check(context: OperationContext): Promise<JsonObject> {
  try {
    const { body } = await callEngine(context, { path: "/version" });
    return { availability: "up", version: (body as { Version?: string } | null)?.Version ?? "unknown" };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return { availability: "down", reason: error.message };
  }
}

export async function list(context: OperationContext): Promise<unknown> {
  const { all, labels } = context.parameters as { all: boolean; labels?: Record<string, string> };
  return { containers: (await listed(context, all, labels)).map(shown) };
}

/** A finding for each container, under a name that stays when it is made anew. The engine becomes its parent. */
export async function discover(context: OperationContext): Promise<unknown> {
  const { all } = context.parameters as { all: boolean };
  const socket = context.resource.connection["socket"];
  const found = (await listed(context, all)).map((container) => {
    const { name, image, labels } = shown(container);
    const project = labels["com.docker.compose.project"];
    const service = labels["com.docker.compose.service"];
    return {
      name: `${context.resource.name}/${name}`,
      type: "docker-container",
      zone: context.resource.zone,
      labels: {
        image: image.replaceAll(/[^\w./:-]/g, "-"),
        ...(project === undefined ? {} : { project }),
        ...(service === undefined ? {} : { service }),
      },
      connection: { container: name, ...(socket === undefined ? {} : { socket }) },
    };
  });
  return { resources: found };
}

/** The engine answers 200 and tells of a failure in the stream: only its end says that the image is there. */
export async function pull(context: OperationContext): Promise<unknown> {
  const { image } = context.parameters as { image: string };
  // "latest" only where neither tag nor digest is named: without it the engine would pull every tag there is.
  const named = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  const response = await openEngine(context, { method: "POST", path: "/images/create", query: { fromImage: named } });
  let last = "";
  for await (const line of jsonLines(response as AsyncIterable<Buffer>)) {
    const { id, status: said = "", error, progressDetail = {} } = line as PullLine;
    if (error !== undefined)
      throw new OperationError({ code: "pull_failed", message: `${named} was not pulled: ${error}` });
    const status = `${id === undefined ? "" : `${id}: `}${said}`;
    const { current, total } = progressDetail;
    if (current !== undefined) context.progress(current, total ?? null, status);
    else if (status !== last) await context.output(`${(last = status)}\n`);
  }
  const { body } = await callEngine(context, { path: `/images/${encodeURIComponent(named)}/json` });
  const {
    Id: id,
    Size: size,
    RepoDigests: digests,
  } = body as { Id: string; Size: number; RepoDigests: string[] | null };
  return { image: named, id, size, digests: digests ?? [] };
}

interface NewContainer {
  name: string;
  image: string;
  command?: string[];
  env: Record<string, string>;
  labels: Record<string, string>;
  ports: Record<string, number>;
  restart: string;
  start: boolean;
}

export function create(context: OperationContext): Promise<unknown> {
  return make(context, context.parameters as unknown as NewContainer);
}

/** The resource of it is written by the server, with the connection that is told here. */
export async function createChild(context: OperationContext): Promise<unknown> {
  const asked = context.parameters as unknown as NewContainer & { container?: string };
  // "engine-1/web" is a good name for the resource, and "web" for the container.
  const container = asked.container ?? asked.name.split("/").at(-1)!;
  if (!CONTAINER_NAME.test(container)) {
    throw new OperationError({
      code: "bad_name",
      message: `${JSON.stringify(container)} can't be the name of a container.`,
      hint: "Name the container by itself: the parameter container.",
    });
  }
  const made = await make(context, { ...asked, name: container });
  const socket = context.resource.connection["socket"];
  return { ...made, connection: { container, ...(socket === undefined ? {} : { socket }) } };
}

const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

async function make(context: OperationContext, asked: NewContainer) {
  const { name, image, command, env, labels, ports, restart, start } = asked;
  const bound = Object.entries(ports).map(([port, to]) => [port.includes("/") ? port : `${port}/tcp`, to] as const);
  const body = {
    Image: image,
    ...(command === undefined ? {} : { Cmd: command }),
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    Labels: labels,
    ExposedPorts: Object.fromEntries(bound.map(([port]) => [port, {}])),
    HostConfig: {
      PortBindings: Object.fromEntries(bound.map(([port, to]) => [port, [{ HostPort: String(to) }]])),
      RestartPolicy: { Name: restart },
    },
  };
  const made = await callEngine(context, { method: "POST", path: "/containers/create", query: { name }, body });
  const { Id: id, Warnings: warnings } = made.body as { Id: string; Warnings: string[] | null };
  if (start) {
    try {
      await callEngine(context, { method: "POST", path: `/containers/${id}/start`, also: [304] });
    } catch (error) {
      // A port that is taken, say: nothing is left of it, so that the name is free for another try.
      if (!context.signal.aborted)
        await callEngine(context, { method: "DELETE", path: `/containers/${id}`, query: { force: "true" } });
      throw error;
    }
  }
  return { id, name, started: start, warnings: warnings ?? [] };
}

export async function metrics(context: OperationContext): Promise<unknown> {
  const { body } = await callEngine(context, { path: "/info" });
  const info = body as Record<string, number | undefined>;
  return {
    containers: info["Containers"] ?? 0,
    running: info["ContainersRunning"] ?? 0,
    paused: info["ContainersPaused"] ?? 0,
    stopped: info["ContainersStopped"] ?? 0,
    images: info["Images"] ?? 0,
  };
}

async function listed(context: OperationContext, all: boolean, labels?: Record<string, string>) {
  const filters = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const query = {
    all: String(all),
    ...(filters.length === 0 ? {} : { filters: JSON.stringify({ label: filters }) }),
  };
  const { body } = await callEngine(context, { path: "/containers/json", query });
  if (Array.isArray(body)) return body as ListedContainer[];
  throw new OperationError({
    code: "docker_failed",
    message: `What listens on ${socketOf(context)} did not answer with a list of containers.`,
    hint: "Is it a Docker Engine?",
  });
}

function shown({ Id, Names, Image, State, Status, Created, Labels, Ports }: ListedContainer) {
  return {
    id: Id,
    // "/web"; links to it are further names with more parts.
    name: (Names ?? []).find((name) => name.lastIndexOf("/") === 0)?.slice(1) ?? Id.slice(0, 12),
    image: Image,
    state: State,
    status: Status,
    createdAt: new Date(Created * 1_000).toISOString(),
    labels: Labels ?? {},
    ports: (Ports ?? []).map(
      ({ IP, PrivatePort, PublicPort, Type }) =>
        `${PublicPort === undefined ? "" : `${IP ?? "0.0.0.0"}:${PublicPort}->`}${PrivatePort}/${Type}`,
    ),
  };
}
