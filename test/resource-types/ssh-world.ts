/** A host over SSH as a resource: a server of its own, and operations on it. */
import { onTestFinished } from "vitest";
import { hostType } from "../../src/resource-types/host.ts";
import { type Call, callOperation } from "./context.ts";
import { type SshServerOptions, startSshServer } from "./ssh-server.ts";

export async function openHost(options: SshServerOptions = { password: "sesame" }, more: Record<string, unknown> = {}) {
  const server = await startSshServer(options);
  const connection = server.connection(more);
  const call = (operation: string, parameters: Record<string, unknown> = {}, extra: Partial<Call> = {}) =>
    callOperation(hostType, { operation, parameters, connection, ...extra });
  onTestFinished(() => hostType.close!());
  return { server, connection, call };
}

export const failure = (error: unknown) => error as { code: string; message: string; hint?: string; source: string };
