/** `There is no POST /v1/entry. Did you mean /v1/entries?` */
import { WilcoError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import type { Route } from "./route.ts";

export function createUnknownPath(routes: readonly Route[]): (method: string, url: string) => WilcoError {
  const paths = [...new Set(routes.map(({ path }) => path))];
  const patterns = paths.map((path) => ({ path, pattern: new RegExp(`^${path.replace(/:[a-z]+/g, "[^/]+")}/?$`) }));
  return (method, url) => {
    const path = url.split("?", 1)[0]!.slice(0, 200);
    const known = patterns.find(({ pattern }) => pattern.test(path));
    if (known) {
      const methods = routes.filter((route) => route.path === known.path).map((route) => route.method);
      return unknown(`${path} can't be asked with ${method}`, `It takes ${[...new Set(methods)].join(", ")}.`);
    }
    const near = nearest(path, paths);
    return unknown(
      `There is no ${method} ${path}`,
      near === undefined ? "GET /v1/openapi.json lists what there is." : `Did you mean ${near}?`,
    );
  };
}

function unknown(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "unknown_route", message, hint });
}
