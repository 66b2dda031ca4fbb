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
        return patch(action, (object) => withSpec(object, { replicas: action.replicas }));
      case "rollout-restart":
        return patch(action, (object) => restarted(object, this.#process.clock.time(this.#process.nowUs)));
      case "set-image":
        return patch(action, (object) => withImage(object, action.container, action.image));
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
  change: (object: KubeObject) => KubeObject,
): Task<ApiReply> {
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

function withSpec(object: KubeObject, fields: object): KubeObject {
  const { spec } = object as KubeObject & { spec: object };
  return { ...object, spec: { ...spec, ...fields } } as KubeObject;
}

interface Templated extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly name: string; readonly image?: string }[] };
    };
  };
}

function restarted(object: KubeObject, time: string): KubeObject {
  const { template } = (object as Templated).spec;
  const annotations = { ...template.metadata?.annotations, "kubectl.kubernetes.io/restartedAt": time };
  return withSpec(object, { template: { ...template, metadata: { ...template.metadata, annotations } } });
}

function withImage(object: KubeObject, name: string | undefined, image: string): KubeObject {
  const { template } = (object as Templated).spec;
  const wanted = name ?? template.spec.containers[0]?.name;
  const containers = template.spec.containers.map((container) =>
    container.name === wanted ? { ...container, image } : container,
  );
  return withSpec(object, { template: { ...template, spec: { ...template.spec, containers } } });
}

function* cordon(name: string, on: boolean): Task<void> {
  const change = (node: Node): Node => {
    const { unschedulable: _, ...spec } = node.spec;
    return { ...node, spec: on ? { ...spec, unschedulable: true } : spec };
  };
  yield* callApi(client, { verb: "patch", kind: "Node", key: objectKey(undefined, name), part: "main", change });
}
