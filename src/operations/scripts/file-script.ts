/** Files a script that is to run on the server: the entry, its first event and the uploaded files in one transaction. */
import { readEntry, unknownEntry } from "../../audit/read.ts";
import { WilcoError } from "../../core/errors.ts";
import { randomId, sha256 } from "../../core/ids.ts";
import { canonicalJson } from "../../core/json.ts";
import type { Sql } from "../../database/database.ts";
import type { Entry } from "../../domain/entry.ts";
import { OPERATION_PATTERN } from "../../domain/operation-pattern.ts";
import { DEFAULT_PRIORITY } from "../../domain/priority.ts";
import { DEFAULT_MAX_ATTEMPTS } from "../../domain/resource-type.ts";
import { DEFAULT_ZONE, zoneRoute } from "../../domain/route.ts";
import {
  isScriptPath,
  MAX_SCRIPT_FILES,
  MAX_SCRIPT_SIZE,
  SCRIPT_OPERATION,
  SCRIPT_ROLE,
  SCRIPT_TYPE,
  type ScriptParameters,
} from "../../domain/script.ts";
import { parseSelector } from "../../domain/selector.ts";
import type { ScriptAnswer, ScriptSource, ScriptSubmission } from "../../protocol/messages.ts";
import { LIMITS } from "../../protocol/schema-parts.ts";
import { readPaused } from "../../queue/paused.ts";
import type { Context } from "../context.ts";
import type { Principal } from "../contract.ts";
import { transition } from "../changes.ts";
import { dependenciesOf, dueTime, type Filed, type Filing } from "../filing.ts";
import { fileEntries } from "../submit.ts";
import { servedRoutes, warnOfPaused } from "../unserved.ts";

/** A day: a script mostly waits, and its own operations have timeouts of their own. */
const DEFAULT_SCRIPT_TIMEOUT = 86_400_000;

/**
 * @param key repeating the request with the same key files nothing twice.
 * @throws WilcoError `invalid_request`, `invalid_selector`, `unknown_entry`, `too_large`, `no_worker`, `idempotency_mismatch`, `forbidden`
 *   for a script that asks: nothing is filed.
 */
export async function fileScript(
  context: Context,
  principal: Principal,
  submission: ScriptSubmission,
  key: string | undefined,
  retryOf: number | null = null,
): Promise<ScriptAnswer> {
  // A place in the script pool that waits for another place in it could wait for ever.
  if (principal.script) throw refused("forbidden", "A script can't run another on the server", "Import it instead.");
  checkFiles(submission);
  checkPermissions(submission);
  return transition(context, async (tx, changes) => {
    const now = tx.now();
    const filing: Filing = {
      row: { ...rowOf(context, principal, submission, key, now), retry_of: retryOf },
      after: dependenciesOf(submission),
    };
    warnOfPaused([filing], await readPaused(tx));
    const served = await servedRoutes(tx, context.settings.lease, now);
    const answer = (await fileEntries(tx, [filing], served, changes)).get(filing)!;
    if (answer instanceof WilcoError) throw answer;
    if (!answer.replayed) {
      tx.send("INSERT INTO script (entry, file, files) VALUES ($1, $2, $3)", [
        answer.entry.id,
        submission.file,
        JSON.stringify(submission.files),
      ]);
    }
    return answer;
  });
}

/** The same script with the same arguments and permissions once more, in the name of who asks for the retry. */
export async function retryScript(
  context: Context,
  principal: Principal,
  old: Entry,
  key: string | undefined,
): Promise<Entry> {
  const { files } = await readScript(context.database, old.id);
  const [row] = await context.database.query<{ zone: string }>("SELECT zone FROM entry WHERE id = $1", [old.id]);
  if (!row) throw unknownEntry(old.id);
  const parameters = old.parameters as unknown as ScriptParameters;
  const submission: ScriptSubmission = {
    ...parameters,
    files,
    zone: row.zone,
    timeout: old.timeout,
    priority: old.priority,
    ...(old.note === null ? {} : { note: old.note }),
  };
  return (await fileScript(context, principal, submission, key, old.id)).entry;
}

/** @throws WilcoError `unknown_entry` also for an entry that is no script. */
export async function readScript(sql: Sql, id: number): Promise<ScriptSource> {
  const [row] = await sql.query<{ file: string; files: string }>("SELECT file, files FROM script WHERE entry = $1", [
    id,
  ]);
  if (row) return { entry: id, file: row.file, files: JSON.parse(row.files) as Record<string, string> };
  const { kind } = await readEntry(sql, id);
  throw new WilcoError({ ...unknownEntry(id).toBody(), message: `Entry ${id} is no script but a ${kind}` });
}

function rowOf(
  context: Context,
  principal: Principal,
  submission: ScriptSubmission,
  key: string | undefined,
  now: number,
): Filed {
  const zone = submission.zone ?? DEFAULT_ZONE;
  const { requireScriptWorker: _require, ...asked } = submission;
  return {
    kind: "script",
    status: "queued",
    resource: null,
    resource_name: null,
    resource_type: SCRIPT_TYPE,
    type_version: null,
    operation: SCRIPT_OPERATION,
    parameters: parametersText(submission),
    sealed: null,
    requested_by: principal.name,
    key: key ?? randomId(),
    request_hash: sha256(canonicalJson(asked)),
    note: submission.note ?? null,
    zone,
    role: SCRIPT_ROLE,
    bound_worker: null,
    route: zoneRoute(zone, SCRIPT_ROLE),
    priority: submission.priority ?? DEFAULT_PRIORITY,
    weight: 1,
    exclusive: 0,
    // Run again from its beginning, it would do what it did a second time.
    on_lost: "lose",
    max_attempts: DEFAULT_MAX_ATTEMPTS,
    timeout: submission.timeout ?? DEFAULT_SCRIPT_TIMEOUT,
    expires_in: submission.expiresIn || context.settings.expiresIn,
    require_worker: submission.requireScriptWorker ?? null,
    deliver_at: dueTime(submission, now),
    parent: null,
    root: null,
    retry_of: null,
    trace: null,
    waits: 0,
    held: 0,
    warning: null,
    created_at: now,
    queued_at: null,
    expires_at: null,
    started_at: null,
    last_event: 1,
    automatic: 0,
  };
}

function parametersText(submission: ScriptSubmission): string {
  const { file, args, permissions, onError, grace, limits, requireWorker } = submission;
  const parameters: ScriptParameters = { file, args, permissions, onError, grace, limits, requireWorker };
  const text = JSON.stringify(parameters);
  if (text.length <= LIMITS.parameters) return text;
  throw refused(
    "too_large",
    `The script's arguments are ${text.length} characters, the limit is ${LIMITS.parameters}`,
    "Put long lists into a .json file that the script imports.",
  );
}

function checkFiles({ file, files }: ScriptSubmission): void {
  const names = Object.keys(files);
  const odd = names.find((name) => !isScriptPath(name));
  if (odd !== undefined) {
    throw refused(
      "invalid_request",
      `${JSON.stringify(odd.slice(0, 80))} is no path inside the script's folder`,
      'Name each file relative to the folder, with "/" between its parts.',
    );
  }
  if (!Object.hasOwn(files, file)) {
    throw refused("invalid_request", `The script ${file} is not among its files`, "Send it along in `files`.");
  }
  const size = Object.values(files).reduce((sum, text) => sum + text.length, 0);
  if (size > MAX_SCRIPT_SIZE || names.length > MAX_SCRIPT_FILES) {
    throw refused(
      "too_large",
      `The script has ${names.length} files with ${size} characters, the limits are ${MAX_SCRIPT_FILES} and ${MAX_SCRIPT_SIZE}`,
      "Import less, or upload large data to where it is used.",
    );
  }
}

/** Refused now rather than at its first call: what can't be read as a pattern or selector allows nothing. */
function checkPermissions({ permissions }: ScriptSubmission): void {
  for (const pattern of permissions.operations ?? []) {
    if (OPERATION_PATTERN.test(pattern)) continue;
    throw refused(
      "invalid_request",
      `${JSON.stringify(pattern)} is no pattern of operations`,
      "Write an operation or TYPE.OPERATION; * and ? stand for any letters.",
    );
  }
  for (const selector of permissions.resources ?? []) parseSelector(selector);
}

function refused(code: "forbidden" | "invalid_request" | "too_large", message: string, hint: string): WilcoError {
  return new WilcoError({ code, message, hint });
}
