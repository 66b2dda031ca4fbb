import { type Draft, produce } from "immer";
import type { ApiReply } from "./apiserver/index.ts";
import { all, callApi, Process, type Surroundings, type Task, waitUntil } from "./client/index.ts";
import { controllerOf, type KubeObject, keyOf, type Node, objectKey, type Pod } from "./model/index.ts";
import type { Action } from "./scenario/index.ts";
import { handler, phase } from "./sim/index.ts";

const client = "kubectl";
/** kubectl drain comes back to a refused eviction after this. */
const evictionRetryUs = 5_000_000;

/** The people of a scenario: they do with kubectl what its `actions` say. */
export class People {
  readonly #process: Process;

  constructor(surroundings: Surroundings, actions: readonly Action[], done: (action: Action) => void) {
    this.#process = new Process(surroundings, { name: client, limits: () => ({ perSecond: 50, burst: 300 }) });
    const act = handler<Action>("kubectl", (action) => {
      done(action);
      this.#process.run(this.#perform(action), () => undefined);
    });
    for (const action of actions) surroundings.loop.schedule(action.atUs, phase.api, act, action);
  }

  #perform(action: Action): Task<unknown> {
    switch (action.do) {
      case "scale":
        return patch(action, (draft) => {
          draft.spec.replicas = action.replicas;
        });
      case "rollout-restart":
        return patch(action, (draft) => {
          const { template } = draft.spec;
          const restartedAt = this.#process.clock.time(this.#process.nowUs);
          const annotations = { ...template.metadata?.annotations, "kubectl.kubernetes.io/restartedAt": restartedAt };
          template.metadata = { ...template.metadata, annotations };
        });
      case "set-image":
        return patch(action, (draft) => {
          const { containers } = draft.spec.template.spec;
          const container =
            action.container === undefined ? containers[0] : containers.find(({ name }) => name === action.container);
          if (container !== undefined) container.image = action.image;
        });
      case "delete":
        return callApi(client, {
          verb: "delete",
          kind: action.kind,
          key: action.key,
          options: { propagationPolicy: "Background" },
        });
      case "apply":
        return applyAll(action.objects);
      case "cordon":
        return cordon(action.node, action.on);
      case "drain":
        return this.#drain(action.node);
    }
  }

  /** Cordons, then evicts all pods but those of DaemonSets, side by side; a refused eviction is tried again (kubectl drain). */
  *#drain(node: string): Task<void> {
    yield* cordon(node, true);
    const pods = [...this.#process.surroundings.api.store.list("Pod")].filter(
      (pod) => pod.spec.nodeName === node && controllerOf(pod)?.kind !== "DaemonSet",
    );
    yield* all(pods.map((pod) => this.#evict(pod)));
  }

  *#evict(pod: Pod): Task<void> {
    for (;;) {
      const reply = yield* callApi(client, { verb: "evict", key: keyOf(pod) });
      if (reply.ok || reply.error.code !== 429) return;
      yield* waitUntil(this.#process.nowUs + evictionRetryUs);
    }
  }
}

function* patch(
  { kind, key }: Extract<Action, { kind: unknown }>,
  recipe: (draft: Draft<Workload>) => void,
): Task<ApiReply> {
  const change = (stored: KubeObject): KubeObject => edited(stored, recipe);
  return yield* callApi(client, { verb: "patch", kind, key, part: "main", change });
}

function* applyAll(objects: Extract<Action, { do: "apply" }>["objects"]): Task<void> {
  for (const object of objects) {
    const reply = yield* callApi(client, { verb: "create", object });
    if (reply.ok || reply.error.reason !== "AlreadyExists") continue;
    const key = keyOf(object);
    const change = (stored: KubeObject): KubeObject => ({
      ...stored,
      ...(object.spec !== undefined && { spec: merged(stored, object.spec) }),
    });
    yield* callApi(client, { verb: "patch", kind: object.kind, key, part: "main", change });
  }
}

/** Fields that the file names win; what it does not name stays, so that an autoscaler keeps its replicas. */
function merged(stored: KubeObject, spec: unknown): unknown {
  const { spec: live } = stored as KubeObject & { spec?: object };
  return { ...live, ...(spec as object) };
}

/** The parts of workloads that people change. */
interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly name: string; readonly image?: string }[] };
    };
  };
}

/** A change as a recipe: what it does not touch stays shared with the stored object. */
function edited(object: KubeObject, recipe: (draft: Draft<Workload>) => void): KubeObject {
  return produce(object as Workload, (draft) => {
    recipe(draft);
  });
}

function* cordon(name: string, on: boolean): Task<void> {
  const change = (node: Node): Node =>
    produce(node, (draft) => {
      if (on) draft.spec.unschedulable = true;
      else delete draft.spec.unschedulable;
    });
  yield* callApi(client, { verb: "patch", kind: "Node", key: objectKey(undefined, name), part: "main", change });
}
