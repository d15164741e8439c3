import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Lock {
  packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
}
const files = ["package-lock.json", "bench/package-lock.json"];

function read(file: string): Lock {
  return JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")) as Lock;
}

test.each(files)(
  "%s has every package for every platform, so that npm ci takes it (tools/complete-lock.mjs)",
  (file) => {
    const lock = read(file);
    const names = new Set(Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)));
    const wanted = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(wanted.filter((name) => !names.has(name))).toEqual([]);
  },
);

test.each(files)("%s has no addresses, so that any registry serves it", (file) => {
  expect(Object.entries(read(file).packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
});
