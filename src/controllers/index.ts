export { deploymentController } from "./deployment/reconcile.ts";
export { endpointSliceController } from "./endpoint-slice/reconcile.ts";
export { replicaSetController } from "./replica-set/reconcile.ts";
