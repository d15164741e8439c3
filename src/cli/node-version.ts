/** Imported before anything is known about the Node it runs on: plain code only, no imports. */

/** The oldest Node that wilco runs on, as in "engines" of package.json. */
const OLDEST = [22, 18] as const;

/** What to tell somebody whose Node is too old, in two lines without a line feed at the end; undefined when it is not. */
export function refuseOldNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return (
    `error: wilco needs Node ${OLDEST.join(".")} or later, and this is Node ${version}.\n` +
    "  Install a later one (https://nodejs.org), or start it with a later one by its path: /path/to/node …/wilco/dist/cli/bin.js."
  );
}
