export type { CallLimits } from "./call-budget.ts";
export { type CloudDelays, defaultCloudDelays } from "./delays.ts";
export { machineTypes, plainMachineType } from "./machine-types.ts";
export type { NodePool, WarmPool } from "./node-pool.ts";
export { CloudProvider } from "./provider.ts";
export type * from "./provider-calls.ts";
export { templateNode } from "./template-node.ts";
