/** What an entry's card shows of its operation's output. */
import { lastOutputOf } from "../../client/output.ts";
import type { ClientPort } from "../../client/port.ts";
import type { ValueDescription } from "../../sandbox/guest/value-description.ts";

/**
 * An entry with the last lines that its operation wrote, read from the server; any other value as it is.
 * @param bound ms after which the entry is shown without them. Default 500.
 */
export async function withLastOutput(
  value: ValueDescription,
  port: Pick<ClientPort, "events">,
  bound = 500,
): Promise<ValueDescription> {
  // Before a first claim there is no output to ask for.
  if (value.kind !== "entry" || value.entry.attempt === 0) return value;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(""), bound);
  });
  // The entry was asked for, and is here; that its output can't be read now must not take its place.
  const read = lastOutputOf(port, value.entry.id, value.entry.lastEvent).catch(() => "");
  const lastOutput = await Promise.race([read, late]);
  clearTimeout(timer);
  return { ...value, lastOutput };
}
