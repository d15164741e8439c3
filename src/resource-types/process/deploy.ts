/** Puts a new release in place of what runs, and the old one back when the new one does not get ready. */
import { parseDuration } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import type { ContentRef } from "../../domain/content.ts";
import { ROLLED_BACK } from "../../domain/deployment.ts";
import { OperationError } from "../operation-error.ts";
import type { OperationContext } from "../sdk.ts";
import { createReleases, type Release, type Releases } from "./releases.ts";
import { inRelease, type Managed, type Started, type Supervisor } from "./supervisor.ts";

interface DeployParameters {
  content: ContentRef;
  version?: string;
  unpack?: boolean;
  strip: number;
  readyTimeout?: string;
}

/** ms for the way back when the execution itself is over: by a cancel, its timeout, or because the worker stops. */
const BACK_LIMIT = 60_000;

export async function deploy(context: OperationContext, plain: Managed, supervisor: Supervisor): Promise<unknown> {
  const {
    content,
    version = null,
    unpack = null,
    strip,
    readyTimeout,
  } = context.parameters as unknown as DeployParameters;
  const managed = readyTimeout === undefined ? plain : withReadyTimeout(plain, readyTimeout);
  const releases = createReleases(managed.directory);
  const former = releases.current();
  const { running } = supervisor.look(managed);
  context.progress(0, 3, "fetching");
  const file = await context.content(content);
  context.progress(1, 3, "placing");
  const { entry, attempt, exec } = context;
  const release = await releases.place(file, content, { entry, attempt, version, unpack, strip, exec });
  context.signal.throwIfAborted();
  context.progress(2, 3, "restarting");
  let started: Started;
  try {
    await supervisor.stop(managed, managed.connection.stopTimeout);
    releases.point(release);
    started = await supervisor.start(inRelease(managed, release));
    releases.confirm(release);
  } catch (error) {
    throw await takeBack(error, { managed: plain, supervisor, releases, release, former, ran: running !== null });
  }
  // The new one runs, whatever becomes of old directories: those that it can't remove (a worker that is not root, files of
  // the process) are tried again with the next deploy.
  await releases.tidy().catch((error: unknown) => {
    context.log.warn({ error: messageOf(error) }, "old releases could not be removed");
  });
  context.progress(3, 3, "running");
  const { pid, startedAt, ready } = started;
  return { ...shown(release), previous: former && shown(former), pid, startedAt, ready, availability: "up" };
}

function withReadyTimeout(managed: Managed, readyTimeout: string): Managed {
  const limit = parseDuration(readyTimeout, "readyTimeout");
  return { ...managed, connection: { ...managed.connection, readyTimeout: limit, settle: limit } };
}

function shown({ path, sha256, version }: Release): { version: string | null; sha256: string; release: string } {
  return { version, sha256, release: path };
}

interface Back {
  managed: Managed;
  supervisor: Supervisor;
  releases: Releases;
  release: Release;
  former: Release | null;
  /** Something ran before. */
  ran: boolean;
}

/** @returns the error of the deploy: what was wrong, and what runs now. */
async function takeBack(
  error: unknown,
  { managed, supervisor, releases, release, former, ran }: Back,
): Promise<unknown> {
  const aborted = managed.signal.aborted;
  // The execution's own signal may be what ended it: the way back has a time of its own.
  const back = { ...managed, signal: AbortSignal.timeout(BACK_LIMIT) };
  const reason = { code: error instanceof OperationError ? error.code : "failed", message: messageOf(error) };
  const runs = ran ? (former ? nameOf(former) : "what it ran before") : null;
  const failed = `${managed.name} could not be brought to ${nameOf(release)}: ${reason.message.replace(/\.$/, "")}.`;
  try {
    await supervisor.stop(back, back.connection.stopTimeout);
    releases.point(former);
    if (ran) await supervisor.start(former ? inRelease(back, former) : { ...back, release: null });
  } catch (second) {
    return new OperationError({
      code: "rollback_failed",
      message: `${failed} Nor did it get back to ${runs ?? "being stopped"}: ${messageOf(second)}`,
      hint: `Look at its log, ${managed.logFile} on the worker, and deploy a version that works.`,
      details: { [ROLLED_BACK]: false, reason, running: null },
      cause: second,
    });
  }
  if (aborted) return error;
  return new OperationError({
    code: "deploy_failed",
    message: `${failed} ${runs === null ? "It is stopped, as it was before." : `It runs ${runs} again.`}`,
    hint: `Its log is ${managed.logFile} on the worker.`,
    details: { [ROLLED_BACK]: true, reason, running: ran && former ? shown(former) : null },
    cause: error,
  });
}

function nameOf({ version, sha256 }: Release): string {
  return version === null ? `the content ${sha256.slice(0, 12)}` : `version ${version}`;
}
