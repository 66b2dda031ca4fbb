/** seatrial as a library: run scenarios, and bring controllers, scheduler plugins, scaling policies and invariants of your own. */
export type { ApiReply, ApiRequest, NewObject } from "./apiserver/index.ts";
export { type Decision, definePolicy, type Order, type Policy, type Seen } from "./autoscaler/index.ts";
export { type Checked, type Checker, defineInvariant, type Invariant } from "./checkers/index.ts";
export {
  all,
  type Change,
  type Controller,
  callApi,
  Expectations,
  inSlowStartBatches,
  type Outcome,
  recordEvent,
  type Task,
  type View,
  type Watch,
  waitUntil,
} from "./client/index.ts";
export { type Comparison, compare, explore, inProcess, plan, workerThreads } from "./experiment/index.ts";
export { defineController, type Extension } from "./extension.ts";
export type * from "./model/index.ts";
export { type RunResult, renderCsv, renderHtml, renderJunit, renderMarkdown, renderTerminal } from "./report/index.ts";
export { parseScenario, readScenario, type Scenario, ScenarioError, scenarioJsonSchema } from "./scenario/index.ts";
export {
  CycleState,
  definePlugin,
  failure,
  type NodeInfo,
  type Plugin,
  type PluginDefinition,
  type PluginHandle,
  type PodInfo,
  type StateData,
  type Status,
  schedulerClient,
  skip,
  unresolvable,
  unschedulable,
  type WaitingPod,
} from "./scheduler/index.ts";
export { Simulation, type SimulationOptions, simulate } from "./simulate.ts";
