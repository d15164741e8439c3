/** `login`, `logout`, `profiles`: which server and as whom. */
import type { Command } from "commander";
import { declare, flagsOf, type Runner } from "./declare.ts";

export function declareProfiles(program: Command, runner: Runner): void {
  const commands = () => import("../commands/login.ts");
  declare(program, "login [url]", "keep a server and a token as a profile (--profile NAME; default its host)").action(
    (url: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).loginCommand(context, url)),
  );
  declare(program, "logout", "forget the token of a profile (--profile NAME; default the current one)").action(
    (_flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).logoutCommand(context)),
  );
  const profiles = program.command("profiles").description("servers that are known by name");
  declare(profiles, "list", "list profiles, without their tokens").action((_flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await commands()).listProfiles(context)),
  );
  declare(profiles, "use <name>", "make it the current one").action((name: string, _flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await commands()).useProfile(context, name)),
  );
  declare(profiles, "remove <name>", "forget a profile").action((name: string, _flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await commands()).removeProfile(context, name)),
  );
}
