// oxlint-disable-next-line typescript/triple-slash-reference -- an ambient module, which no import names
/// <reference path="../../types/wilco.d.ts" />
/**
 * types/wilco.d.ts is written by hand. Here the compiler compares it with what a script really gets: a member that is
 * missing on one side, or has another type, makes `npm run types` fail at the line below that names it.
 */
import { readFileSync } from "node:fs";
import type * as declared from "wilco";
import { describe, expect, it } from "vitest";
import type * as client from "../../src/index.ts";
import type * as callOptions from "../../src/client/call-options.ts";
import type * as groups from "../../src/client/group-proxy.ts";
import type * as requestOptions from "../../src/client/request-options.ts";
import type * as request from "../../src/domain/request.ts";
import type * as errors from "../../src/client/errors.ts";
import type { ErrorCode as RealErrorCode } from "../../src/core/errors.ts";
import type { EventType as RealEventType } from "../../src/domain/entry.ts";
import type { TerminalStatus as RealTerminalStatus } from "../../src/domain/status.ts";
import type * as api from "../../src/sandbox/guest/api.ts";
import type * as accessCalls from "../../src/sandbox/guest/access-calls.ts";
import type * as args from "../../src/sandbox/guest/args.ts";
import { runScript } from "../sandbox/world.ts";

/** The names of both, and for each its type there and back; or what differs. */
type Differences<Declared, Real> =
  | { [K in Exclude<keyof Real, keyof Declared>]: ["not declared", K] }[Exclude<keyof Real, keyof Declared>]
  | { [K in Exclude<keyof Declared, keyof Real>]: ["not there", K] }[Exclude<keyof Declared, keyof Real>]
  | {
      [K in keyof Declared & keyof Real]-?: Compatible<Declared[K], Real[K]> extends true ? never : ["differs", K];
    }[keyof Declared & keyof Real];
/** Either can stand where the other is expected. */
type Compatible<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Fails to compile, with the difference in its message, when there is one. */
function same<_Difference extends never>(): void {}

/** Types that `any` makes the same: whoever writes a script may look into results without asserting their type. */
type Loose<T, K extends keyof T> = Omit<T, K> & { [N in K]: unknown };

describe("the declared script API", () => {
  it("has the members of the real one, with their types", () => {
    same<Differences<declared.CallOptions, client.CallOptions>>();
    same<Differences<declared.PollPolicyInput, client.PollPolicyInput>>();
    same<Differences<declared.CancelOptions, client.CancelOptions>>();
    same<Differences<declared.OutputOptions, client.OutputOptions>>();
    same<Differences<declared.Entry, client.Entry>>();
    same<Differences<declared.EntryError, client.EntryError>>();
    same<Differences<declared.EntryEvent, client.EntryEvent>>();
    type Found<H extends { find: (...query: never) => unknown }> = keyof Awaited<ReturnType<H["find"]>>;
    same<Exclude<Found<client.History>, Found<declared.History>>>();
    same<Differences<Omit<declared.History, "find">, Omit<client.History, "find">>>();
    same<Differences<declared.UpdateOptions, client.UpdateOptions>>();
    same<Differences<declared.RollbackOptions, client.RollbackOptions>>();
    same<Differences<declared.DeploymentsQuery, client.DeploymentsQuery>>();
    same<Differences<declared.Deployment, client.Deployment>>();
    same<Exclude<keyof declared.ResourceConfiguration, keyof client.ResourceConfiguration>>();
    same<Exclude<keyof client.ResourceConfiguration, keyof declared.ResourceConfiguration>>();
    same<Exclude<keyof declared.ConfigurationVersion, keyof client.ConfigurationVersion>>();
    same<Exclude<keyof client.ConfigurationVersion, keyof declared.ConfigurationVersion>>();
    same<Differences<Loose<declared.ConfigurationUpdated, "changes">, Loose<client.ConfigurationUpdated, "changes">>>();
    same<Differences<Loose<declared.DriftReport, "differences">, Loose<client.DriftReport, "differences">>>();
    same<Exclude<keyof declared.EntryTree, keyof client.EntryTree>>();
    same<Exclude<keyof client.EntryTree, keyof declared.EntryTree>>();
    same<Differences<declared.EntryHandle, client.EntryHandle>>();
    same<Differences<declared.Execution<string>, client.Execution<string>>>();
    // Stricter than the real one, which says at run time which statuses and kinds there are.
    same<Differences<Loose<declared.HistoryQuery, "status" | "kind">, Loose<client.HistoryQuery, "status" | "kind">>>();
    same<declared.HistoryQuery extends client.HistoryQuery ? never : "HistoryQuery">();
    same<Differences<declared.SelectorQuery, client.SelectorQuery>>();
    same<Differences<declared.ResourceList<number>, client.ResourceList<number>>>();
    same<Exclude<keyof declared.ResourceMembers, keyof client.ResourceMembers>>();
    same<Exclude<keyof client.ResourceMembers, keyof declared.ResourceMembers>>();
    same<Differences<declared.RequestOptions, requestOptions.RequestOptions>>();
    same<Differences<declared.RequestResult, request.RequestResult>>();
    same<Exclude<keyof declared.GroupMembers, keyof groups.GroupMembers>>();
    same<Exclude<keyof groups.GroupMembers, keyof declared.GroupMembers>>();
    same<
      Compatible<declared.TargetsFailed["targets"], errors.TargetsFailed["targets"]> extends true ? never : "targets"
    >();
    same<Differences<declared.ExecutionErrorInit, errors.ExecutionErrorInit>>();
    same<Differences<declared.FetchOptions, accessCalls.FetchOptions>>();
    type Response = Awaited<ReturnType<typeof api.fetch>>;
    same<Differences<Omit<declared.FetchResponse, "headers">, Omit<Response, "headers">>>();
    same<Response["headers"] extends declared.FetchHeaders ? never : "FetchHeaders">();
    same<Exclude<keyof declared.ScriptConsole, keyof typeof api.console>>();
    same<typeof api.console extends declared.ScriptConsole ? never : "ScriptConsole">();
    same<ReturnType<typeof api.chart> extends declared.Chart ? never : "Chart">();
    same<Differences<declared.ScriptArguments, args.ScriptArguments>>();
    same<Compatible<declared.Status, client.Status> extends true ? never : "Status">();
    same<Compatible<declared.TerminalStatus, RealTerminalStatus> extends true ? never : "TerminalStatus">();
    same<Compatible<declared.EntryKind, client.EntryKind> extends true ? never : "EntryKind">();
    same<Compatible<declared.EventType, RealEventType> extends true ? never : "EventType">();
    same<Compatible<declared.Availability, client.Availability> extends true ? never : "Availability">();
    same<Compatible<declared.ErrorCode, RealErrorCode> extends true ? never : "ErrorCode">();
    same<Compatible<declared.ArgumentKind, args.ArgumentKind> extends true ? never : "ArgumentKind">();
    same<Compatible<declared.DependencyInput, callOptions.DependencyInput> extends true ? never : "DependencyInput">();
    // The module as a whole: look-ups are typed by the server's names, and what is thrown has looser details.
    type Apart = "resource" | "resources" | "group" | "fetch" | "console" | "history" | "chart" | keyof Classes;
    type Classes = {
      [K in keyof typeof api as (typeof api)[K] extends abstract new (...init: never) => unknown ? K : never]: K;
    };
    same<Differences<Omit<typeof declared, Apart>, Omit<typeof api, Apart>>>();
    same<Exclude<keyof typeof api, keyof typeof declared>>();
    same<Exclude<keyof typeof declared, keyof typeof api>>();
    same<Differences<Loose<declared.WilcoError, "details">, Loose<client.WilcoError, "details">>>();
    same<Differences<Loose<declared.ExecutionError, "details">, Loose<client.ExecutionError, "details">>>();
    same<Differences<declared.AssertionFailed, api.AssertionFailed>>();
    same<Differences<declared.AccessFailed, api.AccessFailed>>();
    expect(true).toBe(true);
  });

  it("declares the values that the module exports when a script runs, and no others", async () => {
    const ran = await runScript(`import * as wilco from "wilco"; console.log(Object.keys(wilco).join());`);
    const text = readFileSync(new URL("../../types/wilco.d.ts", import.meta.url), "utf8");
    const names = [...text.matchAll(/^ {2}export (?:const|function|class) (\w+)/gm)].map((match) => match[1]!);
    expect(ran.stdout.trim().split(",").toSorted()).toEqual([...new Set(names)].toSorted());
  });

  it("declares the globals that the sandbox adds to the language, and no others", async () => {
    const ran = await runScript("console.log(Object.getOwnPropertyNames(globalThis).join());");
    const text = readFileSync(new URL("../../types/globals.d.ts", import.meta.url), "utf8");
    const names = [...text.matchAll(/^declare (?:const|function|class) (\w+)/gm)].map((match) => match[1]!);
    const all = ran.stdout.trim().split(",");
    // In the order of their making: the language's own, then those that the guest adds.
    const added = all.slice(all.indexOf("console"));
    expect(added.toSorted()).toEqual([...new Set(names)].toSorted());
  });
});
