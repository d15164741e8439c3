/** The texts of modules for the engine, and what is known of those that could not be had. */
import type { LoadedModule } from "./engine.ts";
import { LoadError, type LoadProblem } from "./load-error.ts";
import type { Loader } from "./loader.ts";

export interface ModuleSource {
  load: (name: string) => LoadedModule;
  /** Of an error that `load` gave to the engine, found by its message: more than the engine can carry. */
  problemOf: (message: string) => LoadProblem | undefined;
}

export function createModuleSource(loader: Loader): ModuleSource {
  const problems = new Map<string, LoadProblem>();
  return {
    load(name) {
      try {
        return { source: loader.load(name) };
      } catch (error) {
        const known = loadErrorOf(error, name);
        problems.set(known.message, known.problem);
        return { error: { name: known.name, message: known.message } };
      }
    },
    problemOf: (message) => problems.get(message),
  };
}

/** The error itself, or of anything else only its code: a system error has a path of this machine in its message. */
export function loadErrorOf(error: unknown, file: string): LoadError {
  if (error instanceof LoadError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  const hint = typeof code === "string" ? `The system says ${code}.` : undefined;
  return new LoadError({ code: "script_invalid", message: `${file} can't be read`, hint });
}
