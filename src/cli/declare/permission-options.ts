/** The flags that allow a script, or what is typed in the shell, more than the wilco API: apart from what reads them. */
import type { Command } from "commander";
import { collect } from "./declare.ts";

export function addPermissionOptions(command: Command): Command {
  return command
    .option("--allow-env <name>", "let the script read this variable; repeatable, as those below", collect)
    .option("--allow-read <dir>", "let it read files below this directory", collect)
    .option("--allow-net <host[:port]>", "let it send HTTP requests there", collect)
    .option("--allow-operation <pattern>", 'let it submit these operations only: restart, "process.*"', collect)
    .option("--allow-resource <selector>", "let it change resources that this selects only", collect);
}
