/**
 * Scripts that end by themselves and leave their VM as it was need none of their own, which is most of what a run costs:
 * each is typed as a line, and all of a theme run as the modules of one script.
 */
import type { HostileCase } from "./case.ts";

export function isPeaceful({ ends, line = "value", spoils, files }: HostileCase): boolean {
  return ends === "completed" && line === "value" && !spoils && !files;
}

export function oneAfterTheOther(cases: readonly HostileCase[]): HostileCase {
  const files = Object.fromEntries(cases.map(({ script }, index) => [`case-${index}.js`, script]));
  const script = `
    for (let index = 0; index < ${cases.length}; index++) {
      console.log("\\n=== begin " + index);
      await import("./case-" + index + ".js");
      console.log("\\n=== end " + index);
    }`;
  return { name: "runs them all", script, ends: "completed", files };
}

/** What the script at that place printed; undefined when it did not come to its end. */
export function partOf(output: string, index: number): string | undefined {
  const begin = output.indexOf(`\n=== begin ${index}\n`);
  const end = output.indexOf(`\n=== end ${index}\n`);
  return begin < 0 || end < begin ? undefined : output.slice(begin, end);
}
