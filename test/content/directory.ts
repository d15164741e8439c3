import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A directory for the tests of a whole file; removed after what they registered for their end. */
export function ownDirectory(): { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "wilco-test-"));
  afterAll(() => rm(path, { recursive: true, force: true, maxRetries: 5 }));
  return { path };
}
