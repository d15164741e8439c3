/** Colours for terminals; chalk is loaded only where one will see them. */
import type { Status } from "../../domain/status.ts";

export interface Colours {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const same = (text: string) => text;
export const NO_COLOURS: Colours = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

export async function loadColours(): Promise<Colours> {
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  return {
    bold: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    red: (text) => chalk.red(text),
    green: (text) => chalk.green(text),
    yellow: (text) => chalk.yellow(text),
    cyan: (text) => chalk.cyan(text),
  };
}

export function colourOfStatus(colours: Colours, status: Status): string {
  switch (status) {
    case "succeeded":
      return colours.green(status);
    case "failed":
    case "timed_out":
    case "lost":
      return colours.red(status);
    case "canceled":
    case "canceling":
      return colours.yellow(status);
    case "running":
      return colours.cyan(status);
    case "scheduled":
    case "blocked":
    case "queued":
      return colours.dim(status);
  }
}
