/**
 * Adds to the two package-lock.json files the packages for other platforms that npm has left out, and takes addresses out of them. Run
 * it after every change of dependencies.
 *
 * npm drops an optional dependency from the lock when the registry at hand does not have it, or when node_modules was
 * there already (npm/cli issue 4828); `npm ci` then refuses the lock as out of step, on every platform. An entry with
 * name, version and platform is enough for it: it installs the package only where the platform is right.
 */
import { readFileSync, writeFileSync } from "node:fs";

const LOCKS = ["../package-lock.json", "../bench/package-lock.json"].map((path) => new URL(path, import.meta.url));

/** "@oxlint/binding-linux-arm64-musl" → "linux-arm64-musl": names of platform packages end in the platform. */
const platformIn = (name) =>
  /(?:^|[-/])((?:aix|android|darwin|freebsd|linux|openharmony|win32|windows)[-\w]*)$/.exec(name)?.[1];
const nameOf = (path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

for (const file of LOCKS) {
  const lock = JSON.parse(readFileSync(file, "utf8"));
  const { packages } = lock;
  const known = new Map();
  for (const [path, entry] of Object.entries(packages)) {
    if (entry.os !== undefined) known.set(platformIn(nameOf(path)), { os: entry.os, cpu: entry.cpu, libc: entry.libc });
  }

  for (const entry of Object.values(packages)) {
    delete entry.resolved;
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (Object.keys(packages).some((path) => nameOf(path) === name)) continue;
      const platform = platformIn(name);
      if (platform === undefined)
        throw new Error(`${name} is missing from the lock and its name does not say a platform`);
      const [os, cpu] = platform.split("-");
      const limits = known.get(platform) ?? { os: [os], cpu: [cpu] };
      packages[`node_modules/${name}`] = { version, ...limits, dev: entry.dev, license: entry.license, optional: true };
      console.log(`added ${name} ${version}`);
    }
  }
  lock.packages = Object.fromEntries(Object.entries(packages).toSorted(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
