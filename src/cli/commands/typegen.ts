/** `wilco typegen`: the server's resource types and names as a types file for editors and `wilco check`. */
import { relative } from "node:path";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { openRemote } from "../remote.ts";
import { readLiveTypes, TYPES_FILE, writeTypesFile } from "../types-file.ts";

export interface TypegenFlags {
  out?: string;
  anyName?: boolean;
}

export async function typegenCommand(context: Context, flags: TypegenFlags): Promise<number> {
  const { out = TYPES_FILE } = flags;
  const { output } = context;
  const { api } = await openRemote(context);
  const live = await readLiveTypes(api, flags.anyName === true);
  if (out === "-") {
    output.write(live.text);
    return EXIT.succeeded;
  }
  const path = context.path(out);
  writeTypesFile(path, live.text);
  output.notice(`${relative(context.cwd, path)}: ${live.types} resource types, ${live.resources} resources.`);
  return EXIT.succeeded;
}
