/** `wilco/testing`: the test kit for resource types, without a server and with any test runner. */
export { readType } from "./testing/read-type.ts";
export { testResourceType } from "./testing/test-resource-type.ts";
export type { LogLine, ProgressLine, TestCall, TestOutcome, TestRun } from "./testing/test-call.ts";
