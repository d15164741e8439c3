/** Asks a person for a server when none is named: a URL, or a local server as the other choice. */
import type { Context } from "./context.ts";

/** @returns the context with the server named; undefined when the person left. */
export async function askForServer(context: Context, why: string): Promise<Context | undefined> {
  const { cancel, isCancel, log, password, select, text } = await import("@clack/prompts");
  const { output } = context;
  log.info(why);
  const choice = await select({
    message: "Which server?",
    // Enter alone must not start anything.
    initialValue: "url",
    options: [
      { value: "url", label: "One that runs: I have its URL" },
      { value: "local", label: "A new local one, in the background", hint: "wilco up" },
    ],
  });
  if (isCancel(choice)) return gone();
  if (choice === "local") {
    const { upCommand } = await import("./commands/up.ts");
    const exit = await upCommand(context, { worker: true, slots: "16", scripts: "8" });
    return exit === 0 ? context : undefined;
  }
  const url = await text({
    message: "Its URL",
    placeholder: "https://wilco.example.com",
    validate: (typed) =>
      /^https?:\/\/[^\s/]+/.test(typed ?? "") ? undefined : "Write http://HOST:PORT or https://HOST:PORT.",
  });
  if (isCancel(url)) return gone();
  const server = { ...context, flags: { ...context.flags, server: url } };
  if (context.env["WILCO_TOKEN"] || context.flags.tokenFile !== undefined) return server;
  const token = await password({ message: "Your token for it (it is not shown)" });
  if (isCancel(token)) return gone();
  output.notice(`Keep both with: wilco login ${url}`);
  return { ...server, env: { ...context.env, WILCO_TOKEN: token.trim() } };

  function gone(): undefined {
    cancel("No server, no shell. Name one with --server URL, or start one with: wilco up");
    return undefined;
  }
}
