/** Values as the shell prints them: described as in the sandbox, then written. */
import { describeValue } from "../../src/sandbox/guest/describe-value.ts";
import type { WriterOptions } from "../../src/shell/ports.ts";
import { createWriter } from "../../src/shell/inspector/writer.ts";

export const NOW = Date.parse("2026-01-02T03:04:05.000Z");

export interface ShownOptions extends Partial<Omit<WriterOptions, "columns">> {
  width?: number;
}

export function shown(value: unknown, { width = 80, color = false, ...options }: ShownOptions = {}): string {
  return createWriter({ columns: () => width, color, utc: true, now: () => NOW, ...options })(describeValue(value));
}

/** Joined, for texts of several lines. */
export function lines(...text: string[]): string {
  return text.join("\n");
}
