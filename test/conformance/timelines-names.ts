import { controllerOf, type KubeObject, keyOf } from "../../src/model/index.ts";

/** The recordings' stable names: the n-th ReplicaSet of a Deployment, the n-th pod of a ReplicaSet, and so on. */
export class StableNames {
  readonly #byUid = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #real = new Map<string, string>();
  readonly #byKey = new Map<string, string>();

  note(object: KubeObject): void {
    const { uid, name } = object.metadata;
    const stable = this.#stable(object);
    this.#byUid.set(uid, stable);
    this.#byKey.set(`${object.kind}/${keyOf(object)}`, stable);
    if (stable === name) return;
    this.#real.set(stable, name);
  }

  #stable(object: KubeObject): string {
    const owner = controllerOf(object);
    const { name } = object.metadata;
    if (owner === undefined) return name;
    const above = this.#byUid.get(owner.uid) ?? owner.name;
    switch (object.kind) {
      case "ReplicaSet":
        return this.#next(`${above}-rs#`);
      case "ControllerRevision":
        return this.#next(`${above}-cr#`);
      case "Job":
        return this.#next(`${above}-job#`);
      case "EndpointSlice":
        return this.#next(`${above}-es#`);
      case "Pod":
        return owner.kind === "StatefulSet" ? name : this.#next(`${above}/pod#`);
      default:
        return name;
    }
  }

  #next(prefix: string): string {
    const count = (this.#counts.get(prefix) ?? 0) + 1;
    this.#counts.set(prefix, count);
    return `${prefix}${count}`;
  }

  of(object: KubeObject): string {
    return this.#byUid.get(object.metadata.uid) ?? object.metadata.name;
  }

  ofKey(kind: string, key: string): string {
    return this.#byKey.get(`${kind}/${key}`) ?? key.slice(key.indexOf("/") + 1);
  }

  real(stable: string): string {
    return this.#real.get(stable) ?? stable;
  }

  /** Real names within a text become stable ones, longest first. */
  inText(text: string): string {
    let result = text;
    for (const [stable, real] of [...this.#real].sort((a, b) => b[1].length - a[1].length)) {
      if (result.includes(real)) result = result.split(real).join(stable);
    }
    return result;
  }
}
