/** The course of one invocation: filed or refused, followed to its end, with promises made only for those who ask. */
import { WilcoError } from "../core/errors.ts";
import type { Entry } from "../domain/entry.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import { isTerminal } from "../domain/status.ts";
import type { CallSite } from "./call-site.ts";
import { atCallSite, interrupted } from "./errors.ts";
import type { Execution } from "./execution.ts";
import type { ExecutionTracker } from "./execution-tracker.ts";
import type { Call, ClientPort, RequestCall, Run, RunListener } from "./port.ts";
import { SeenEntry } from "./seen-entry.ts";

interface CourseBase {
  port: ClientPort;
  subject: string;
  poll: PollPolicy;
  site: CallSite;
  tracker: ExecutionTracker | undefined;
}

/** Either is filed at once, in the call's own tick. */
export type CourseInit = FiledCourse | (CourseBase & Followed);
export type FiledCourse = CourseBase & Filed;

interface Filed {
  file: () => Promise<Entry>;
  run?: undefined;
}

/** By a port that can follow what it files. */
interface Followed {
  run: Call | RequestCall;
}

/** Files it and no more. */
export function fileOnly(init: CourseInit): Promise<Entry> {
  return init.run ? init.port.submit(init.run) : init.file();
}

export interface Waited {
  seen: SeenEntry;
  /** False when the poll policy's limit or waitTimeout came first. */
  ended: boolean;
  looks: number;
}

interface Waiter<T> {
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

export class Course implements RunListener {
  readonly #init: CourseInit;
  readonly #execution: Execution<unknown>;
  /** As filed, and as seen last. */
  #filed: SeenEntry | undefined;
  #seen: SeenEntry | undefined;
  #refusal: { error: unknown } | undefined;
  #filing: Promise<Entry> | undefined;
  #onFiled: Waiter<Entry> | undefined;
  readonly #run: Run | undefined;
  /** The wait by the call's own policy, shared by all who ask; dropped when it ended without an end of the entry. */
  #wait: Promise<Waited> | undefined;
  #onEnded: Waiter<Waited> | undefined;

  constructor(init: CourseInit, execution: Execution<unknown>) {
    this.#init = init;
    this.#execution = execution;
    if (init.run) this.#run = init.port.run!(init.run, this);
    else
      init.file().then(
        (entry) => this.filed(SeenEntry.of(entry)),
        (error: unknown) => this.failed(error),
      );
  }

  get seen(): SeenEntry | undefined {
    return this.#seen;
  }

  /** The entry as filed. */
  get submitted(): Promise<Entry> {
    if (this.#filing) return this.#filing;
    this.#filing = new Promise((resolve, reject) => {
      if (this.#filed) resolve(this.#filed.entry);
      else if (this.#refusal) reject(this.#refusal.error);
      else this.#onFiled = { resolve, reject };
    });
    // The script that never looks hears of a refusal from the tracker, not from the process's last resort.
    this.#filing.catch(() => {});
    return this.#filing;
  }

  /** The wait by the call's own policy. */
  waited(): Promise<Waited> {
    this.#wait ??= this.#run && !this.#refusal ? this.#followed(this.#run) : this.#again();
    return this.#wait;
  }

  /** A wait by another policy. */
  async follow(policy: PollPolicy): Promise<Waited> {
    const { id } = await this.submitted;
    const known = this.#seen!;
    if (isTerminal(known.status)) return { seen: known, ended: true, looks: 0 };
    try {
      const { entry, ended, looks } = await this.#init.port.wait(id, policy);
      const seen = SeenEntry.of(entry);
      this.learn(seen);
      return { seen, ended, looks };
    } catch (error) {
      throw this.rejection(error);
    }
  }

  /** Answers may come in another order than they were made: the newest event counts. */
  learn(seen: SeenEntry): void {
    if (!this.#seen || seen.lastEvent >= this.#seen.lastEvent) this.#seen = seen;
    if (isTerminal(seen.status)) this.#over();
  }

  /** An error as whoever asks gets it: at the script's own line. */
  rejection(error: unknown): unknown {
    const { subject, site } = this.#init;
    const code = error instanceof WilcoError ? error.code : undefined;
    return atCallSite(code === "interrupted" ? interrupted(subject, this.#seen?.entry, error) : error, site);
  }

  filed(seen: SeenEntry): void {
    this.#filed = seen;
    this.learn(seen);
    this.#onFiled?.resolve(seen.entry);
    this.#onFiled = undefined;
  }

  followed(seen: SeenEntry, ended: boolean, looks: number): void {
    if (!ended) this.#wait = undefined;
    this.learn(seen);
    this.#onEnded?.resolve({ seen, ended, looks });
    this.#onEnded = undefined;
  }

  failed(cause: unknown): void {
    const error = this.rejection(cause);
    if (this.#filed) this.#wait = undefined;
    else {
      this.#refusal = { error };
      this.#over();
    }
    this.#onFiled?.reject(error);
    this.#onEnded?.reject(error);
    this.#onFiled = this.#onEnded = undefined;
  }

  /** It was refused, or is known to have ended. */
  #over(): void {
    this.#init.tracker?.ended(this.#execution);
  }

  #followed(run: Run): Promise<Waited> {
    const seen = this.#seen;
    if (seen && isTerminal(seen.status)) return Promise.resolve({ seen, ended: true, looks: 0 });
    return new Promise((resolve, reject) => {
      this.#onEnded = { resolve, reject };
      run.follow(this.#init.poll);
    });
  }

  #again(): Promise<Waited> {
    return this.follow(this.#init.poll).then(
      (result) => {
        if (!result.ended) this.#wait = undefined;
        return result;
      },
      (error: unknown) => {
        this.#wait = undefined;
        throw error;
      },
    );
  }
}
