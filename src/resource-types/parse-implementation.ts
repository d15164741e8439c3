/** How an operation of a YAML type does its work: `run:` (a command) or `http:` (a request). */
import type { HttpImplementation, Implementation, RunImplementation } from "../domain/resource-type.ts";
import { isJsonObject } from "../core/json.ts";
import { codeArguments } from "./code-arguments.ts";
import type { DocumentReader } from "./document-reader.ts";
import { isRegexResult, parseExitCodes, parseResultForm } from "./parse-result.ts";
import { templatePaths } from "./template.ts";
import { shellTemplate } from "./yaml-run.ts";

const HTTP_KEYS = ["method", "url", "headers", "body", "expect", "result"] as const;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const RUN_ONLY = ["shell", "cwd", "env", "exitCodes"] as const;

/** Notes its problems in the reader; null when there is nothing to run. */
export function parseImplementation(reader: DocumentReader): Implementation | null {
  if (reader.has("run") && reader.has("http")) {
    reader.problem("http", "stands beside run", "An operation has one of the two.");
    return null;
  }
  const implementation = reader.has("run") ? parseRun(reader) : parseHttp(reader);
  if (implementation) for (const { at, text } of textsOf(implementation)) reader.guard(at, () => templatePaths(text));
  return implementation;
}

/** Every path that the implementation's templates name, and where in the operation it stands: "run[2]", "http.url". */
export function templatesOf(implementation: Implementation): Array<{ at: string; path: string[] }> {
  return textsOf(implementation).flatMap(({ at, text }) => {
    try {
      return templatePaths(text).map((path) => ({ at, path }));
    } catch {
      // Already noted when the implementation was parsed.
      return [];
    }
  });
}

function parseRun(reader: DocumentReader): RunImplementation | null {
  const shell = reader.flag("shell") ?? false;
  const argv = parseArgv(reader, shell);
  // What else is wrong is told as well.
  const rest = {
    cwd: reader.text("cwd") ?? null,
    env: reader.textMap("env") ?? {},
    ...parseResultForm(reader),
  };
  const exitCodes = parseExitCodes(reader);
  if (argv === null) return null;
  if (shell) {
    reader.guard("run[0]", () => {
      if (templatePaths(argv[0]!).length > 0) throw shellTemplate();
    });
  } else refuseCodeTemplates(reader, argv);
  return { kind: "run", argv, shell, ...rest, ...(exitCodes ? { exitCodes } : {}) };
}

/** What shell: true refuses is refused where the shell is called by its name. */
function refuseCodeTemplates(reader: DocumentReader, argv: readonly string[]): void {
  for (const at of codeArguments(argv)) {
    if (!hasTemplate(argv[at]!)) continue;
    reader.problem(
      `run[${at}]`,
      "is run as code, and takes no {{…}}, because what a value holds would be run too",
      'Set the value in env, or let it follow as an element of its own: [sh, -c, \'echo "$1"\', sh, "{{parameters.text}}"].',
    );
  }
}

function hasTemplate(text: string): boolean {
  try {
    return templatePaths(text).length > 0;
  } catch {
    return false; // told when all texts are looked at
  }
}

function parseArgv(reader: DocumentReader, shell: boolean): string[] | null {
  const run = reader.raw("run");
  if (typeof run === "string") {
    if (shell) return [run];
    reader.problem("run", "is a text, not a list", `Write ${JSON.stringify(run.split(/\s+/))}, or set shell: true.`);
    return null;
  }
  if (!Array.isArray(run) || run.length === 0) {
    reader.problem("run", "must be a list of the program and its arguments");
    return null;
  }
  const argv: string[] = [];
  for (const [index, element] of (run as unknown[]).entries()) {
    // 8080 and true are what YAML makes of arguments that people meant as texts.
    if (typeof element === "string" || typeof element === "number" || typeof element === "boolean")
      argv.push(String(element));
    else reader.problem(`run[${index}]`, "must be a text", "Quote the element if it holds {, [ or :.");
  }
  return argv.length === run.length ? argv : null;
}

function parseHttp(operation: DocumentReader): HttpImplementation | null {
  const reader = operation.child("http", HTTP_KEYS);
  if (!reader) {
    if (operation.told(null)) return null;
    operation.problem(
      null,
      "has neither run nor http",
      "Say what it does: run: [program, argument] or http: { url: … }.",
    );
    return null;
  }
  for (const key of RUN_ONLY) {
    if (operation.has(key)) operation.problem(key, "belongs to run, not to http");
  }
  const url = reader.text("url");
  if (url === undefined && !reader.told("url")) reader.problem("url", "is missing", "Write http: { url: … }.");
  return {
    kind: "http",
    method: reader.choice("method", METHODS) ?? "GET",
    url: url ?? "",
    headers: reader.textMap("headers") ?? {},
    body: reader.raw("body") ?? null,
    expect: { status: expectedStatus(reader) },
    ...resultOf(reader, operation),
  };
}

/** `result` may stand in http or beside it; a schema of the result only beside it, as with run. */
function resultOf(http: DocumentReader, operation: DocumentReader) {
  const result = http.raw("result");
  if (isJsonObject(result) && !isRegexResult(result))
    http.problem("result", "must be none, text, json or { regex: … }", "A schema of the result stands beside http.");
  return parseResultForm(result === undefined ? operation : http);
}

function expectedStatus(http: DocumentReader): number[] | null {
  const expect = http.child("expect", ["status"]);
  const status = expect?.raw("status");
  if (!expect || status === undefined) return null;
  const statuses = [status].flat() as unknown[];
  const good = statuses.filter(
    (one): one is number => Number.isInteger(one) && (one as number) >= 100 && (one as number) <= 599,
  );
  if (good.length === statuses.length && good.length > 0) return good;
  expect.problem("status", "must be a status from 100 to 599, or a list of them");
  return null;
}

interface PlacedText {
  at: string;
  text: string;
}

function textsOf(implementation: Implementation): PlacedText[] {
  if (implementation.kind === "http") {
    const { url, headers, body } = implementation;
    return [{ at: "http.url", text: url }, ...deepTexts(headers, "http.headers"), ...deepTexts(body, "http.body")];
  }
  const { argv, shell, cwd, env } = implementation;
  // A shell's script takes no templates; what is said about one is said elsewhere.
  const words = argv.map((text, index) => ({ at: `run[${index}]`, text })).slice(shell ? 1 : 0);
  return [...words, ...(cwd === null ? [] : [{ at: "cwd", text: cwd }]), ...deepTexts(env, "env")];
}

function deepTexts(value: unknown, at: string): PlacedText[] {
  if (typeof value === "string") return [{ at, text: value }];
  if (typeof value !== "object" || value === null) return [];
  const place = (key: string) => (Array.isArray(value) ? `${at}[${key}]` : `${at}.${key}`);
  return Object.entries(value).flatMap(([key, one]) => deepTexts(one, place(key)));
}
