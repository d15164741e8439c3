/**
 * `--allow-operation` and `--allow-resource`: a port that submits, retries and cancels only what they allow. What a call
 * says of its resource comes from the guest and is not believed; the server is asked. Look-ups and the history are left
 * alone: what a script may see is its token's matter.
 */
import type { Call, ClientPort, LookupPort, RequestCall, RollbackCall } from "../client/port.ts";
import { DEPLOY } from "../domain/capabilities.ts";
import type { EntryResource } from "../domain/entry.ts";
import { operationAllowed } from "../domain/operation-pattern.ts";
import { MAX_TASKS } from "../domain/request.ts";
import type { Resource } from "../domain/resource.ts";
import { notPermitted, type Permissions } from "./permissions.ts";

export interface GuardOptions {
  port: ClientPort;
  lookup: LookupPort;
  permissions: Permissions;
  /** ms; only differences count. Default performance.now. */
  now?: () => number;
}

/** For how long what the selectors found is taken as it was, ms. Labels change seldom, submits come by the thousand. */
const SELECTED_FOR = 5_000;

export function guardCalls({ port, lookup, permissions, now = () => performance.now() }: GuardOptions): ClientPort {
  const { operations, resources } = permissions;
  if (operations === undefined && resources === undefined) return port;
  const known = new Map<number, Promise<EntryResource>>();
  let selected: { at: number; ids: Promise<ReadonlySet<number>> } | undefined;
  /** Calls are filed in the order they were made, whatever their checks wait for. */
  let before: Promise<unknown> = Promise.resolve();

  function resourceOf(id: number): Promise<EntryResource> {
    let found = known.get(id);
    if (!found) {
      found = Promise.resolve(lookup.resource(id));
      known.set(id, found);
      found.catch(() => known.delete(id));
    }
    return found;
  }

  async function selectedIds(selectors: readonly string[]): Promise<ReadonlySet<number>> {
    const lists: Resource[][] = await Promise.all(selectors.map(async (selector) => lookup.resources(selector)));
    return new Set(lists.flat().map(({ id }) => id));
  }

  async function isSelected(id: number, selectors: readonly string[]): Promise<boolean> {
    if (selected === undefined || now() - selected.at > SELECTED_FOR) {
      selected = { at: now(), ids: selectedIds(selectors) };
      selected.ids.catch(() => (selected = undefined));
    }
    return (await selected.ids).has(id);
  }

  /** @throws WilcoError `not_permitted`. */
  async function check(verb: string, operation: string, resource: EntryResource): Promise<void> {
    if (operations !== undefined && !operationAllowed(operations, resource.type, operation)) {
      throw notPermitted(`To ${verb} ${operation} of ${resource.name}`, "operations", `${resource.type}.${operation}`);
    }
    if (resources !== undefined && !(await isSelected(resource.id, resources))) {
      throw notPermitted(`To ${verb} ${operation} of ${resource.name}`, "resources", resource.name);
    }
  }

  /** Its members now, each checked; those and no others are submitted, whatever the group is a moment later. */
  async function checkedGroup(call: RequestCall): Promise<RequestCall> {
    const members = await lookup.resources(`group=${call.group}`);
    for (const member of members) await check("submit", call.operation, member);
    return { ...call, members: members.map(({ id }) => id) };
  }

  async function checked(call: Call | RequestCall): Promise<Call | RequestCall> {
    if ("group" in call) return checkedGroup(call);
    const { id, name, type } = await resourceOf(call.resource);
    await check("submit", call.operation, { id, name, type });
    return { ...call, resourceName: name, type };
  }

  /** What a roll-back files is a deploy. */
  async function checkedRollback(call: RollbackCall): Promise<RollbackCall> {
    const { id, name, type } = await resourceOf(call.resource);
    await check("submit", DEPLOY, { id, name, type });
    return { ...call, resourceName: name, type };
  }

  async function inTurn<T>(own: Promise<T>): Promise<T> {
    const turn = before.then(() => own);
    // A refused call holds up none of those after it.
    before = turn.catch(() => {});
    return turn;
  }

  async function checkEntry(verb: string, id: number): Promise<void> {
    const { resource, operation, kind } = await port.entry(id);
    if (kind === "request") return checkRequest(verb, id);
    if (resource === null || operation === null) throw notPermitted(`To ${verb} a ${kind}`, "operations", "*");
    await check(verb, operation, resource);
  }

  /** A request is what its tasks are. */
  async function checkRequest(verb: string, id: number): Promise<void> {
    const tasks = await port.entries({ parent: id, limit: MAX_TASKS });
    for (const { resource, operation } of tasks) {
      if (resource === null || operation === null) throw notPermitted(`To ${verb} a request`, "operations", "*");
      await check(verb, operation, resource);
    }
  }

  return {
    ...port,
    submit: async (call) => port.submit(await inTurn(checked(call))),
    rollBack: async (call) => port.rollBack(await inTurn(checkedRollback(call))),
    async retry(id) {
      await checkEntry("retry", id);
      return port.retry(id);
    },
    async cancel(id, options) {
      await checkEntry("cancel", id);
      return port.cancel(id, options);
    },
  };
}
