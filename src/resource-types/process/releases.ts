/**
 * Releases of a managed process on disk: each deploy in a directory of its own, a link `current` to the one that counts,
 * and beside it what is known of them, so that a worker that comes after one that died knows which was verified last.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ContentRef } from "../../domain/content.ts";
import type { Exec } from "../exec.ts";
import { onOwnDisk } from "../own-disk.ts";
import { archiveKind, unpack } from "../unpack.ts";

export interface Release {
  /** Absolute. */
  path: string;
  sha256: string;
  /** As the deploy called it, or null. */
  version: string | null;
  entry: number;
}

export interface Placing {
  entry: number;
  attempt: number;
  version: string | null;
  /** null = by its name. */
  unpack: boolean | null;
  /** Leading directories of an archive's names that are left out. */
  strip: number;
  exec: Exec;
}

interface Known {
  /** Verified: it got ready. */
  current: Release | null;
}

/** Directories besides the current one that are kept, for people to look at. */
const KEPT = 3;

export type Releases = ReturnType<typeof createReleases>;

export function createReleases(directory: string) {
  const stateFile = join(directory, "deployment.json");
  const link = join(directory, "current");
  const releases = join(directory, "releases");

  function known(): Known {
    try {
      return JSON.parse(readFileSync(stateFile, "utf8")) as Known;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { current: null };
      throw error;
    }
  }

  /** The one that was verified last, or null when nothing was deployed. */
  function current(): Release | null {
    const { current: release } = known();
    return release !== null && existsSync(release.path) ? release : null;
  }

  /** Puts the content into a directory of its own. Nothing of it is there unless all is. @throws OperationError. */
  async function place(file: string, content: ContentRef, how: Placing): Promise<Release> {
    const path = join(releases, `${how.entry}-${how.attempt}-${content.sha256.slice(0, 12)}`);
    const incoming = `${path}.incoming`;
    onOwnDisk(releases, () => mkdirSync(releases, { recursive: true, mode: 0o755 }));
    await rm(incoming, { recursive: true, force: true });
    await rm(path, { recursive: true, force: true });
    try {
      await mkdir(incoming, { mode: 0o755 });
      const kind = archiveKind(content.name);
      if (how.unpack ?? kind !== null) {
        await unpack({ archive: file, name: content.name, into: incoming, strip: how.strip, exec: how.exec });
      } else await copyFile(file, join(incoming, content.name));
      await rename(incoming, path);
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
    return { path, sha256: content.sha256, version: how.version, entry: how.entry };
  }

  /** The link says where it is; a reader sees the old one or the new one. */
  function point(release: Release | null): void {
    onOwnDisk(link, () => {
      if (release === null) return rmSync(link, { force: true });
      const beside = `${link}.new`;
      rmSync(beside, { force: true });
      symlinkSync(join("releases", basename(release.path)), beside);
      renameSync(beside, link);
    });
  }

  /** It got ready. */
  function confirm(release: Release): void {
    const beside = `${stateFile}.new`;
    onOwnDisk(stateFile, () => {
      writeFileSync(beside, JSON.stringify({ current: release } satisfies Known, null, 2));
      renameSync(beside, stateFile);
    });
  }

  /** Old directories go; what was deployed can be retrieved from the server. */
  async function tidy(): Promise<void> {
    const kept = current()?.path;
    const names = await readdir(releases).catch(() => []);
    const others = await Promise.all(
      names.map(async (name) => {
        const path = join(releases, name);
        return { path, at: (await stat(path)).mtimeMs };
      }),
    );
    const old = others.filter(({ path }) => path !== kept).toSorted((a, b) => b.at - a.at);
    for (const { path } of old.slice(KEPT)) await rm(path, { recursive: true, force: true });
  }

  return { current, place, point, confirm, tidy };
}
