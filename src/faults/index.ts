export type { Fault, MachineSelector } from "./fault.ts";
export { Faults, type Injury } from "./faults.ts";
