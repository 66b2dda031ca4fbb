import { callApi, Process, type Surroundings, type Task } from "../client/index.ts";
import type { CloudCall, CloudProvider } from "../cloud/index.ts";
import { type KubeObject, type Node, objectKey } from "../model/index.ts";
import type { Action, Scenario } from "../scenario/index.ts";
import { handler, phase } from "../sim/index.ts";
import { Appliances } from "./apply.ts";
import { cordon, drain, evictSome } from "./drain.ts";
import { client, edit, type Refusal, refusalOf } from "./kubectl.ts";
import { patched } from "./patch.ts";
import { resizePods } from "./resize.ts";
import { pauseRollout, restartRollout, undoRollout } from "./rollout.ts";
import { upgrade } from "./upgrade.ts";

/** Who hears what people do, and what kubectl answered when it refused. */
type Listener = (action: Action, refusal?: string) => void;

/** The people of a scenario: they do with kubectl what its `actions` say, each on their own. */
export class People {
  readonly #process: Process;
  readonly #appliances: Appliances;

  constructor(surroundings: Surroundings, { actions, objects }: Scenario, cloud: CloudProvider, listener: Listener) {
    this.#process = new Process(surroundings, {
      name: client,
      limits: () => ({ perSecond: 50, burst: 300 }),
      provider: (call, reply) => cloud.handle(call as CloudCall, reply),
    });
    this.#appliances = new Appliances(objects);
    const act = handler<Action>("kubectl", (action) => {
      listener(action);
      this.#process.run(this.#perform(action), (refusal) => {
        if (refusal !== undefined) listener(action, refusal);
      });
    });
    for (const action of actions) surroundings.loop.schedule(action.atUs, phase.api, act, action);
  }

  *#perform(action: Action): Task<Refusal> {
    switch (action.do) {
      case "scale":
        return yield* edit(action, (draft: Scalable) => {
          draft.spec.replicas = action.replicas;
        });
      case "rollout-restart":
        return yield* restartRollout(action, this.#process.clock.time(this.#process.nowUs));
      case "rollout-pause":
        return yield* pauseRollout(action, true);
      case "rollout-resume":
        return yield* pauseRollout(action, false);
      case "rollout-undo":
        return yield* undoRollout(action, this.#process.surroundings.api.store, action.toRevision);
      case "set-image":
        return yield* edit(action, (draft: Templated) => {
          const { containers } = draft.spec.template.spec;
          const container =
            action.container === undefined ? containers[0] : containers.find(({ name }) => name === action.container);
          if (container !== undefined) container.image = action.image;
        });
      case "patch":
        return yield* patched(action, action);
      case "label":
        return yield* edit(action, (draft: KubeObject & { metadata: { labels?: Record<string, string> } }) => {
          const labels = { ...draft.metadata.labels };
          for (const [name, value] of Object.entries(action.labels)) {
            if (value === null) delete labels[name];
            else labels[name] = value;
          }
          draft.metadata.labels = labels;
        });
      case "taint":
        return yield* edit({ kind: "Node", key: objectKey(undefined, action.node) }, (draft: TaintedNode) => {
          const { key, effect } = action.taint;
          const others = (draft.spec.taints ?? []).filter((taint) => taint.key !== key || taint.effect !== effect);
          draft.spec.taints = action.remove ? others : [...others, action.taint];
        });
      case "delete": {
        const { kind, key, propagationPolicy, gracePeriodSeconds } = action;
        const options = { propagationPolicy, ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }) };
        return refusalOf(yield* callApi(client, { verb: "delete", kind, key, options }));
      }
      case "apply":
        return yield* this.#appliances.apply(action.objects);
      case "cordon":
        return yield* cordon(action.node, action.on);
      case "drain":
        return yield* drain(this.#process, action.node, action);
      case "evict":
        return yield* evictSome(this.#process, action, action.count);
      case "resize":
        return yield* resizePods(this.#process, action, action);
      case "upgrade":
        return yield* upgrade(this.#process, action);
    }
  }
}

interface Scalable extends KubeObject {
  spec: { replicas?: number };
}

interface Templated extends KubeObject {
  readonly spec: { readonly template: { readonly spec: { readonly containers: { name: string; image?: string }[] } } };
}

type TaintedNode = Node & { spec: { taints?: Node["spec"]["taints"] } };
