import { type Change, type Controller, callApi, type Outcome, type Task, type View } from "../client/index.ts";
import { keyOf, type Namespace, nameOf, type ObjectKey, objectKey, type ServiceAccount } from "../model/index.ts";

const client = "service-account-controller";

/** serviceaccount-controller of kube-controller-manager v1.36: every namespace has an account `default`. */
export const serviceAccountController: Controller<undefined> = {
  name: client,
  workers: 1,
  memory: () => undefined,
  watches: [
    { kind: "Namespace", keys: ({ after }: Change<Namespace>) => (after === undefined ? [] : [keyOf(after)]) },
    {
      kind: "ServiceAccount",
      keys: ({ before, after }: Change<ServiceAccount>) =>
        after === undefined ? [objectKey(undefined, before!.metadata.namespace ?? "")] : [],
    },
  ],
  reconcile,
};

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const namespace = view.get("Namespace", key);
  if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return "done";
  if (view.get("ServiceAccount", objectKey(nameOf(key), "default")) !== undefined) return "done";
  const metadata = { name: "default", namespace: nameOf(key) };
  const reply = yield* callApi(client, {
    verb: "create",
    object: { apiVersion: "v1", kind: "ServiceAccount", metadata },
  });
  return reply.ok || reply.error.reason === "AlreadyExists" ? "done" : { retry: reply.error };
}
