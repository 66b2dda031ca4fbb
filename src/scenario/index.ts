export type { Action } from "./action.ts";
export { admitManifests, simulatedKinds } from "./admit-manifests.ts";
export { assumedBehavior, Behaviors } from "./behaviors.ts";
export { type Complaint, complaintText, ScenarioError } from "./complaint.ts";
export { type Comparison, type Expectation, holds } from "./expectation.ts";
export { type Manifests, readManifests, readManifestText } from "./manifests.ts";
export { parseScenario, readScenario } from "./read-scenario.ts";
export type { PartialBehavior, Scenario, WorkloadBehavior } from "./scenario.ts";
export { type ClusterAutoscalerFlags, type ControllerManagerFlags, scenarioSchema } from "./scenario-schema.ts";
