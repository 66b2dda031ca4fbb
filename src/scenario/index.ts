export type { Action, ComputeResources, DrainOptions, PatchText } from "./action.ts";
export { admitManifests, simulatedKinds } from "./admit-manifests.ts";
export { assumedBehavior, Behaviors } from "./behaviors.ts";
export { type Complaint, complaintText, ScenarioError } from "./complaint.ts";
export { type Comparison, type Expectation, holds } from "./expectation.ts";
export { scenarioJsonSchema } from "./json-schema.ts";
export { type Manifests, readManifests, readManifestText } from "./manifests.ts";
export {
  type OpenbPolicy,
  openbConfiguration,
  openbNode,
  openbPodSpec,
  openbPolicies,
  typicalMix,
} from "./openb/objects.ts";
export { openbReplayFiles } from "./openb/scenario-files.ts";
export { type OpenbNode, type OpenbPod, parseOpenbNodes, parseOpenbPods } from "./openb/trace.ts";
export { readOverlaid, withFaults } from "./overlay.ts";
export type { PolicyChoice } from "./policy.ts";
export { parseScenario, readScenario } from "./read-scenario.ts";
export type { DeclaredPrices, PartialBehavior, Scenario, TracedPod, WorkloadBehavior } from "./scenario.ts";
export { parseInstant } from "./scenario-clock.ts";
export { type ClusterAutoscalerFlags, type ControllerManagerFlags, scenarioSchema } from "./scenario-schema.ts";
export { offsetMinutesAt, type ZoneOffset, zoneIn } from "./time-zones.ts";
