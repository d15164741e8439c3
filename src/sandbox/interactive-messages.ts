/** The messages between the main thread and the thread of a session that is typed line by line. */
import type { LineStart } from "./guest/interactive.ts";
import type { StartMessage, WirePolicy } from "./guest/wire.ts";
import type { FromThread, SettlementChunk } from "./messages.ts";

export type ToInteractive =
  | { type: "open"; root: string; start: Omit<StartMessage, "entry"> }
  | { type: "evaluate"; number: number; source: string }
  | { type: "settle"; chunks: SettlementChunk[] }
  /** End the line, and whatever earlier lines left running in the VM. */
  | { type: "interrupt" }
  | { type: "poll"; policy: WirePolicy }
  | { type: "last"; number: number }
  | { type: "variables"; number: number };

/** The name of a line in stacks. */
export function lineName(number: number): string {
  return `line#${number}`;
}

export type FromInteractive =
  /** The VM is there. */
  | { type: "ready" }
  | Extract<FromThread, { type: "posts" | "lookup" | "end" }>
  /** The interrupt is done with; not usable: the VM still has work that can't be stopped. */
  | { type: "interrupted"; usable: boolean }
  /** The line does not compile: unfinished, or wrong at that place. */
  | { type: "uncompiled"; number: number; unfinished: boolean; message: string; line: number; column: number }
  /** The line computed for longer than it may. */
  | { type: "limit"; number: number };

export type { LineStart };
