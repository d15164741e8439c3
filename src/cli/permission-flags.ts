/** `--allow-…`: what a script may do, from flags and from its manifest, confirmed by the person who runs it. */
import { realpathSync, statSync } from "node:fs";
import { isAbsolute, normalize, resolve, sep } from "node:path";
import { WilcoError } from "../core/errors.ts";
import { globToRegExp } from "../domain/selector.ts";
import {
  formatNetTarget,
  parseNetTarget,
  quoted,
  requireEnvName,
  requireOperationPattern,
  requireSelector,
  type Permissions,
} from "../sandbox/permissions.ts";
import { emptyRequest, PERMISSION_KEYS, type PermissionRequest } from "../sandbox/permissions-manifest.ts";
import type { Context, Environment } from "./context.ts";
import { confirm } from "./confirm.ts";

export interface PermissionFlags {
  allowEnv?: string[];
  allowRead?: string[];
  allowNet?: string[];
  allowOperation?: string[];
  allowResource?: string[];
}

export interface PermissionsInit {
  context: Context;
  flags: PermissionFlags;
  /** Of the script. */
  manifest: PermissionRequest;
  /** The script as typed, for messages. */
  script: string;
  /** Where the manifest's relative directories start: the script's root. */
  root: string;
  /** The script runs on another machine: directories are that one's, and absolute. Default false. */
  elsewhere?: boolean;
}

/**
 * What the flags allow, and what the manifest asks for and a person has confirmed. undefined: the person said no.
 * @throws WilcoError `invalid_request` for a value that can't be, and, where nobody can be asked, when the manifest asks
 *   for more than the flags allow: the hint names the flags.
 */
export async function readPermissions(init: PermissionsInit): Promise<Permissions | undefined> {
  const { context, script, elsewhere = false } = init;
  const given = normaliseRequest(requestOfFlags(init.flags), elsewhere ? null : context.cwd);
  const asked = normaliseRequest(init.manifest, elsewhere ? null : init.root);
  const beyond = beyondOf(asked, given);
  if (PERMISSION_KEYS.some((key) => beyond[key].length > 0)) {
    const { output } = context;
    if (!output.interactive || !process.stdin.isTTY) {
      throw new WilcoError({
        code: "invalid_request",
        message: `${script} asks for more than it is allowed`,
        hint: `Run it with ${flagsText(beyond)} if it is to have that`,
      });
    }
    output.warn(`${script} asks for\n${describe(beyond)}`);
    if (!(await confirm(context, "Allow this?"))) return undefined;
  }
  return permissionsOf(given, asked);
}

/** What the flags alone allow. @throws WilcoError `invalid_request` for a value that can't be. */
export function readPermissionFlags(flags: PermissionFlags, cwd: string): Permissions {
  return permissionsOf(normaliseRequest(requestOfFlags(flags), cwd), emptyRequest());
}

/** Values of the allowed variables that are set. */
export function allowedEnvironment(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

function requestOfFlags(flags: PermissionFlags): PermissionRequest {
  return {
    ...emptyRequest(),
    "allow-env": flags.allowEnv ?? [],
    "allow-read": flags.allowRead ?? [],
    "allow-net": flags.allowNet ?? [],
    "allow-operation": flags.allowOperation ?? [],
    "allow-resource": flags.allowResource ?? [],
  };
}

/**
 * Every value checked and in the one form in which it is compared.
 * @param base where relative directories start; null = they are another machine's, and absolute.
 * @throws WilcoError `invalid_request`.
 */
export function normaliseRequest(request: PermissionRequest, base: string | null): PermissionRequest {
  return {
    "allow-env": request["allow-env"].map(requireEnvName),
    "allow-read": request["allow-read"].map((path) =>
      base === null ? directoryElsewhere(path) : directory(path, base),
    ),
    "allow-net": request["allow-net"].map((text) => formatNetTarget(parseNetTarget(text))),
    "allow-operation": request["allow-operation"].map(requireOperationPattern),
    "allow-resource": request["allow-resource"].map(requireSelector),
  };
}

function directory(path: string, base: string): string {
  const absolute = resolve(base, path);
  try {
    if (statSync(absolute).isDirectory()) return realpathSync(absolute);
  } catch {
    // said below, with what to do
  }
  throw new WilcoError({
    code: "invalid_request",
    message: `--allow-read: ${absolute} is not a directory`,
    hint: "Name a directory that exists; what is below it may be read.",
  });
}

function directoryElsewhere(path: string): string {
  if (isAbsolute(path)) return normalize(path);
  throw new WilcoError({
    code: "invalid_request",
    message: `--allow-read: ${JSON.stringify(path)} is no absolute path`,
    hint: "A script on the server reads files of its worker's machine: name the whole path there.",
  });
}

/** What is asked beyond what is given. Operations and resources are limits: where the flags set none, the manifest can only ask for less than everything. */
export function beyondOf(asked: PermissionRequest, given: PermissionRequest): PermissionRequest {
  const covers: Record<keyof PermissionRequest, (value: string) => boolean> = {
    "allow-env": (name) => given["allow-env"].includes(name),
    "allow-read": (path) =>
      given["allow-read"].some(
        (above) => path === above || path.startsWith(`${above}${above.endsWith(sep) ? "" : sep}`),
      ),
    "allow-net": (target) => given["allow-net"].some((one) => one === target || one === hostOf(target)),
    "allow-operation": (pattern) =>
      given["allow-operation"].length === 0 ||
      given["allow-operation"].some(
        (one) => one === pattern || (one.includes(".") === pattern.includes(".") && globToRegExp(one).test(pattern)),
      ),
    "allow-resource": (selector) => given["allow-resource"].length === 0 || given["allow-resource"].includes(selector),
  };
  return mapRequest((key) => asked[key].filter((value) => !covers[key](value)));
}

function permissionsOf(given: PermissionRequest, asked: PermissionRequest): Permissions {
  const both = (key: keyof PermissionRequest): string[] => [...new Set([...given[key], ...asked[key]])];
  // A manifest that names operations or resources says that the script needs no others.
  const limits = (key: keyof PermissionRequest): string[] | undefined =>
    [asked[key], given[key]].find((values) => values.length > 0);
  return {
    env: both("allow-env"),
    read: both("allow-read"),
    net: both("allow-net").map(parseNetTarget),
    operations: limits("allow-operation"),
    resources: limits("allow-resource"),
  };
}

function hostOf(target: string): string {
  return target.replace(/:\d+$/, "");
}

function mapRequest(values: (key: keyof PermissionRequest) => string[]): PermissionRequest {
  const request = emptyRequest();
  for (const key of PERMISSION_KEYS) request[key] = values(key);
  return request;
}

/** As they are typed; "" for nothing. */
export function flagsText(request: PermissionRequest): string {
  return PERMISSION_KEYS.flatMap((key) => request[key].map((value) => `--${key} ${quoted(value)}`)).join(" ");
}

function describe(request: PermissionRequest): string {
  const sentences: Record<keyof PermissionRequest, (value: string) => string> = {
    "allow-env": (name) => `the environment variable ${name}`,
    "allow-read": (path) => `files below ${path}`,
    "allow-net": (target) => `HTTP requests to ${target}`,
    "allow-operation": (pattern) => `the operations ${pattern}`,
    "allow-resource": (selector) => `changes of the resources ${selector}`,
  };
  return PERMISSION_KEYS.flatMap((key) => request[key].map((value) => `  ${sentences[key](value)}`)).join("\n");
}
