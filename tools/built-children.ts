/**
 * For test runs after a build: what code under test starts from a file of its own (the sandbox's thread, the processes of
 * handlers) is the built one, as a user has it. From its source it has hundreds of files to load, each time: a third of
 * what a script costs.
 */
import { existsSync } from "node:fs";
import type { Plugin } from "vitest/config";

/** The files that start them, and what they start. */
const STARTERS: Record<string, string> = {
  "src/sandbox/start-thread.ts": "sandbox/thread",
  "src/worker/start-handler-process.ts": "worker/handlers/main",
};

/** @param root of the repository, absolute. */
export function builtChildren(root: string): Plugin {
  return {
    name: "built-children",
    enforce: "pre",
    transform(code, id) {
      const started = id.startsWith(`${root}/`) ? STARTERS[id.slice(root.length + 1)] : undefined;
      if (started === undefined) return undefined;
      const source = `../${started}.\${extension}`;
      if (!code.includes(source))
        throw new Error(`${id} does not start ${source} any more: see tools/built-children.ts.`);
      if (!existsSync(`${root}/dist/${started}.js`))
        throw new Error(`dist/${started}.js is missing: run "npm run build".`);
      return code.replace(source, `../../dist/${started}.js`);
    },
  };
}
