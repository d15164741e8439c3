/** Starts one PostgreSQL for the whole run and tells the tests its URL. Ends with the run, however that ends. */
import type { TestProject } from "vitest/node";
import { startPostgres } from "../../tools/postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Of the maintenance database, as superuser. Tests take databases of their own: see engines.ts. */
    postgresUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  project.provide("postgresUrl", server.url);
  return () => server.stop();
}
