export * from "./behavior.ts";
export * from "./bill.ts";
export { cpuLeftFor, cpuWithinReach } from "./cpu-shares.ts";
export { Machine, type MachineSpec, type MachineType, spotNoticeUs } from "./machine.ts";
export { oomVictim } from "./oom-victim.ts";
export { controlPlane, Links, outside, type Place } from "./place.ts";
export { type Endpoint, fateAt, type RouteDomain, Routes, sharedDomain } from "./routes.ts";
export { type ContainerLimits, type NewRunningPod, RunningContainer, RunningPod } from "./running-pod.ts";
export { World, type WorldChange } from "./world.ts";
