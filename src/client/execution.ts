/**
 * The awaitable handle of one invocation. It composes promises and does not extend one: a subclass of Promise would be
 * constructed again by every `then`, and would have to start its wait before anyone asked for it.
 */
import type { Json } from "../core/json.ts";
import type { Entry, EntryEvent } from "../domain/entry.ts";
import { layerPollPolicies, parsePollPolicy, type PollPolicy, type PollPolicyInput } from "../domain/poll-policy.ts";
import { isTerminal, type Status } from "../domain/status.ts";
import { captureCallSite } from "./call-site.ts";
import { atCallSite, errorOfEntry, pollLimitReached } from "./errors.ts";
import { Course, type CourseInit, type Waited } from "./execution-course.ts";
import { followEvents, followOutput, lastOutputOf, type OutputOptions } from "./output.ts";
import { SeenEntry } from "./seen-entry.ts";

export interface CancelOptions {
  /** End the entry without its worker's answer. */
  force?: boolean;
  /** Shown in the history. */
  reason?: string;
}

/**
 * One invocation of an operation. Being thenable, an async function that returns one waits for the work: return
 * `{ execution }` or `execution.id` instead.
 */
export interface Execution<R = Json> extends PromiseLike<R> {
  /** The audit entry's id; undefined until it is filed. */
  readonly id: number | undefined;
  /** As last read; undefined until it is filed. */
  readonly status: Status | undefined;
  /** The entry as filed. Rejects with what refused the call; then nothing was filed. */
  readonly submitted: Promise<Entry>;
  /** "web-1 restart" */
  readonly subject: string;
  /** The script's line that made the call, e.g. "deploy.ts:12:7". */
  readonly location: string | undefined;
  /**
   * The entry when it ended, whatever its status.
   * @param poll settings above those of the call.
   * @throws PollLimitReached when the policy's limit came first and `onLimit` is "throw"; the wait can be repeated.
   */
  outcome(poll?: PollPolicyInput): Promise<Entry>;
  /** Asks the server to cancel it. @throws WilcoError `already_ended`. */
  cancel(options?: CancelOptions): Promise<Entry>;
  /** Files the same call anew, as an entry that names this one. */
  retry(): Execution<R>;
  /** The lines it writes, from the first, live or after the fact. */
  output(options?: OutputOptions): AsyncGenerator<string, void, undefined>;
  /** Every audit event, from the first, live or after the fact. */
  events(): AsyncGenerator<EntryEvent, void, undefined>;
  /** Lets go of it: its failure does not fail the script. @returns the entry as filed. */
  detach(): Promise<Entry>;
  catch<T = never>(onRejected?: ((reason: unknown) => T | PromiseLike<T>) | null): Promise<R | T>;
  finally(onFinally?: (() => void) | null): Promise<R>;
  /** "web-1 restart (entry 1042, running)" */
  toString(): string;
}

export function startExecution<R = Json>(init: CourseInit): Execution<R> {
  return new ExecutionHandle<R>(init);
}

/** A class, and not a closure for each method: a handle of 16 closures weighs 1.9 KB, of a class 60 bytes. */
class ExecutionHandle<R> implements Execution<R> {
  readonly #init: CourseInit;
  readonly #course: Course;
  #failure: Promise<unknown> | undefined;

  constructor(init: CourseInit) {
    this.#init = init;
    this.#course = new Course(init, this);
    init.tracker?.started(this);
  }

  get id(): number | undefined {
    return this.#course.seen?.id;
  }

  get status(): Status | undefined {
    return this.#course.seen?.status;
  }

  get submitted(): Promise<Entry> {
    return this.#course.submitted;
  }

  get subject(): string {
    return this.#init.subject;
  }

  get location(): string | undefined {
    return this.#init.site.location;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- being awaitable is what it is for
  then<T = R, F = never>(
    onFulfilled?: ((value: R) => T | PromiseLike<T>) | null,
    onRejected?: ((reason: unknown) => F | PromiseLike<F>) | null,
  ): Promise<T | F> {
    this.#init.tracker?.observed(this);
    return this.#result().then(onFulfilled, onRejected);
  }

  catch<T = never>(onRejected?: ((reason: unknown) => T | PromiseLike<T>) | null): Promise<R | T> {
    return this.then(null, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<R> {
    return this.then(undefined).finally(onFinally);
  }

  async outcome(poll?: PollPolicyInput): Promise<Entry> {
    this.#init.tracker?.observed(this);
    if (poll === undefined) return this.#settled(await this.#course.waited(), this.#init.poll).entry;
    const policy = layerPollPolicies(parsePollPolicy(poll), this.#init.poll);
    return this.#settled(await this.#course.follow(policy), policy).entry;
  }

  async cancel(options: CancelOptions = {}): Promise<Entry> {
    const { id } = await this.submitted;
    const entry = await this.#init.port.cancel(id, options).catch((error: unknown) => {
      throw this.#course.rejection(error);
    });
    this.#course.learn(SeenEntry.of(entry));
    return entry;
  }

  retry(): Execution<R> {
    return startExecution<R>({
      ...this.#init,
      run: undefined,
      file: async () => this.#init.port.retry((await this.submitted).id),
      site: captureCallSite(this.retry),
    });
  }

  async *output(options: OutputOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* followOutput(this.#init.port, (await this.submitted).id, options);
  }

  async *events(): AsyncGenerator<EntryEvent, void, undefined> {
    yield* followEvents(this.#init.port, (await this.submitted).id);
  }

  detach(): Promise<Entry> {
    this.#init.tracker?.detached(this);
    return this.submitted;
  }

  toJSON(): { subject: string; id: number | undefined; status: Status | undefined } {
    return { subject: this.subject, id: this.id, status: this.status };
  }

  toString(): string {
    const { seen } = this.#course;
    return `${this.subject} (${seen ? `entry ${seen.id}, ${seen.status}` : "being filed"})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Execution { ${this.toString()} }`;
  }

  async #result(): Promise<R> {
    const seen = this.#settled(await this.#course.waited(), this.#init.poll);
    if (seen.status === "succeeded") return seen.result as R;
    // onLimit "return": the entry as it stands, which is what that setting asks for.
    if (!isTerminal(seen.status)) return seen.entry as R;
    this.#failure ??= this.#failureOf(seen.entry);
    throw await this.#failure;
  }

  #settled({ seen, ended, looks }: Waited, policy: PollPolicy): SeenEntry {
    if (ended || policy.onLimit === "return") return seen;
    throw atCallSite(pollLimitReached(seen.entry, looks, policy), this.#init.site);
  }

  async #failureOf(entry: Entry): Promise<unknown> {
    let lastOutput = "";
    // Before a first claim there is no output to ask for.
    if (entry.attempt > 0) {
      // The operation's failure is the news; that its output can't be read now must not take its place.
      lastOutput = await lastOutputOf(this.#init.port, entry.id, entry.lastEvent).catch(() => "");
    }
    return atCallSite(errorOfEntry(entry, lastOutput), this.#init.site);
  }
}
