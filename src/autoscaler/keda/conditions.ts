import type { ScaledObjectCondition } from "./scaled-object.ts";

export const ready: ScaledObjectCondition = {
  type: "Ready",
  status: "True",
  reason: "ScaledObjectReady",
  message: "ScaledObject is defined correctly and is ready for scaling",
};
export const someTriggersFail: ScaledObjectCondition = {
  type: "Ready",
  status: "Unknown",
  reason: "PartialTriggerError",
  message: "Some triggers defined in ScaledObject are not working correctly",
};
export const triggersFail: ScaledObjectCondition = {
  type: "Ready",
  status: "False",
  reason: "TriggerError",
  message: "Triggers defined in ScaledObject are not working correctly",
};
export const scalerActive: ScaledObjectCondition = {
  type: "Active",
  status: "True",
  reason: "ScalerActive",
  message: "Scaling is performed because triggers are active",
};
export const scalerNotActive: ScaledObjectCondition = {
  type: "Active",
  status: "False",
  reason: "ScalerNotActive",
  message: "Scaling is not performed because triggers are not active",
};
export const scalerCooldown: ScaledObjectCondition = {
  type: "Active",
  status: "False",
  reason: "ScalerCooldown",
  message: "Scaler cooling down because triggers are not active",
};
export const fallbackExists: ScaledObjectCondition = {
  type: "Fallback",
  status: "True",
  reason: "FallbackExists",
  message: "At least one trigger is falling back on this scaled object",
};
export const noFallback: ScaledObjectCondition = {
  type: "Fallback",
  status: "False",
  reason: "NoFallbackFound",
  message: "No fallbacks are active on this scaled object",
};
export const paused: ScaledObjectCondition = {
  type: "Paused",
  status: "True",
  reason: "ScaledObjectPaused",
  message: "ScaledObject is paused",
};
export const unpaused: ScaledObjectCondition = {
  type: "Paused",
  status: "False",
  reason: "ScaledObjectUnpaused",
  message: "pause annotation removed for ScaledObject",
};
