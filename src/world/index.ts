export * from "./behavior.ts";
export * from "./bill.ts";
export { cpuWithinReach } from "./cpu-shares.ts";
export { Machine, type MachineSpec, type MachineType } from "./machine.ts";
export { controlPlane, Links, outside, type Place } from "./place.ts";
export { type Endpoint, fateAt, type RouteDomain, Routes, sharedDomain } from "./routes.ts";
export { type ContainerLimits, RunningContainer, RunningPod } from "./running-pod.ts";
export { type NewRunningPod, World, type WorldChange } from "./world.ts";
