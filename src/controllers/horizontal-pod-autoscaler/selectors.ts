import { type CompiledLabelSelector, type Labels, namespaceOf, type ObjectKey } from "../../model/index.ts";

/** Which pods each autoscaler of a namespace was last seen to select: two that select one pod both stop. */
export class SelectorRegistry {
  readonly #known = new Map<ObjectKey, CompiledLabelSelector | undefined>();
  /** By the first pair that a selector demands, `key=value`; "" for selectors that demand none. */
  readonly #byPair = new Map<string, Set<ObjectKey>>();

  /** To questions asked again; nothing once a selector has changed. */
  #answers = new WeakMap<ReadonlySet<Labels>, readonly ObjectKey[]>();
  /** The same of single pods. */
  #answersOfPods = new WeakMap<NonNullable<Labels>, readonly ObjectKey[]>();
  /** Known autoscalers whose selector is not. */
  readonly #awaited = new Set<ObjectKey>();

  /** An autoscaler exists; it selects nothing until its first sync has come to its selector. */
  add(key: ObjectKey): void {
    if (this.#known.has(key)) return;
    this.#known.set(key, undefined);
    this.#awaited.add(key);
  }

  /** Whether an autoscaler of the namespace has not come to its selector yet. */
  awaitsSome(namespace: string): boolean {
    for (const key of this.#awaited) if (namespaceOf(key) === namespace) return true;
    return false;
  }

  /** Only for an autoscaler that still exists. */
  put(key: ObjectKey, selector: CompiledLabelSelector): void {
    if (!this.#known.has(key) || this.#known.get(key) === selector) return;
    this.remove(key);
    this.#known.set(key, selector);
    this.#forgetAnswers();
    const pair = pairOf(key, selector);
    const keys = this.#byPair.get(pair);
    if (keys === undefined) this.#byPair.set(pair, new Set([key]));
    else keys.add(key);
  }

  remove(key: ObjectKey): void {
    const selector = this.#known.get(key);
    this.#known.delete(key);
    this.#awaited.delete(key);
    if (selector === undefined) return;
    this.#forgetAnswers();
    this.#byPair.get(pairOf(key, selector))?.delete(key);
  }

  /** Autoscalers of a namespace that select one of these label sets, sorted. An equal set of labels costs nothing again. */
  selecting(namespace: string, labelSets: ReadonlySet<Labels>): readonly ObjectKey[] {
    const known = this.#answers.get(labelSets);
    if (known !== undefined) return known;
    const found = new Set<ObjectKey>();
    for (const labels of labelSets) for (const key of this.selectingPod(namespace, labels)) found.add(key);
    const answer = [...found].sort();
    this.#answers.set(labelSets, answer);
    return answer;
  }

  /** Autoscalers of a namespace that select pods with these labels, sorted. */
  selectingPod(namespace: string, labels: Labels): readonly ObjectKey[] {
    const known = labels && this.#answersOfPods.get(labels);
    if (known !== undefined) return known;
    const answer: ObjectKey[] = [];
    this.#collect(`${namespace}/`, labels, answer);
    for (const name in labels) this.#collect(`${namespace}/${name}=${labels[name]}`, labels, answer);
    answer.sort();
    if (labels !== undefined) this.#answersOfPods.set(labels, answer);
    return answer;
  }

  #collect(pair: string, labels: Labels, found: ObjectKey[]): void {
    for (const key of this.#byPair.get(pair) ?? []) if (this.#known.get(key)!.matches(labels)) found.push(key);
  }

  #forgetAnswers(): void {
    this.#answers = new WeakMap();
    this.#answersOfPods = new WeakMap();
  }
}

function pairOf(key: ObjectKey, selector: CompiledLabelSelector): string {
  const namespace = namespaceOf(key);
  const demanded = selector.requirements.find(({ operator, values }) => isEquality(operator) && values.length === 1);
  return demanded === undefined ? `${namespace}/` : `${namespace}/${demanded.key}=${demanded.values[0]}`;
}

function isEquality(operator: string): boolean {
  return operator === "=" || operator === "==" || operator === "in";
}
