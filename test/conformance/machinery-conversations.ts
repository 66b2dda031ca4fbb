import { type ApiReply, ApiServer, type DeleteOptions, type NewObject, Store } from "../../src/apiserver/index.ts";
import { type KubeObject, kindInfos, type ObjectKey, objectKey, WallClock } from "../../src/model/index.ts";
import { EventLoop } from "../../src/sim/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { partOf, patchAs } from "./timelines-actions.ts";

interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly user?: string;
}

interface Step {
  readonly request?: HttpRequest;
  readonly response?: { readonly code: number; readonly body: unknown };
  readonly note?: string;
}

interface Conversation {
  readonly id: string;
  readonly steps: readonly Step[];
}

/** Where a request goes. */
interface Target {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const group = "api-conversations";
const kindOfPlural = new Map(Object.entries(kindInfos).map(([kind, { plural, group: own }]) => [`${own}/${plural}`, kind]));
/** What is HTTP's or the front's alone, and no part of a run: users, lists, tables, dry runs, other paths. */
const frontOnly = new Set(["api-rbac", "api-custom-resources", "api-paths-and-methods"]);

/** Whole conversations with a running kube-apiserver, request by request, as far as they concern single objects. */
export function* conversations(recordings: Recordings): Iterable<CaseResult> {
  for (const conversation of recordings.lines<Conversation>(`${group}.jsonl`)) {
    if (!frontOnly.has(conversation.id)) yield* replay(conversation);
  }
}

function* replay({ id, steps }: Conversation): Iterable<CaseResult> {
  const loop = new EventLoop();
  const api = new ApiServer(new Store(loop, new WallClock(1_772_442_000_000_000)), id);
  const names = new Names();
  const namespaces = new Set<string>();
  for (const [index, { request, response, note = "" }] of steps.entries()) {
    const target = request && targetOf(request);
    if (target === undefined || response === undefined) continue;
    if (target.namespace !== undefined && !namespaces.has(target.namespace)) {
      namespaces.add(target.namespace);
      api.handle({ verb: "create", object: { apiVersion: "v1", kind: "Namespace", metadata: { name: target.namespace } } });
    }
    loop.step(1, loop.nowUs + 1_000_000);
    const reply = send(api, request!, target, names);
    if (reply === undefined || note.includes("race") || isTable(response.body)) continue;
    const difference = differenceOf(response, reply, names);
    const result = { group, id: `${id}/${index + 1}` };
    yield difference === undefined ? result : { ...result, difference };
  }
}

const isTable = (body: unknown): boolean => (body as KubeObject | undefined)?.kind === "Table";

function targetOf({ path, user }: HttpRequest): Target | undefined {
  if (user !== undefined || path.includes("?")) return undefined;
  const parts = path.split("/").slice(1);
  const [, apiGroup] = parts[0] === "api" ? ["", ""] : parts;
  const rest = parts.slice(parts[0] === "api" ? 2 : 3);
  const namespaced = rest[0] === "namespaces" && rest.length > 2;
  const [plural, name, subresource] = namespaced ? rest.slice(2) : rest;
  const kind = kindOfPlural.get(`${apiGroup}/${plural}`);
  return kind === undefined ? undefined : { kind, namespace: namespaced ? rest[1] : undefined, name, subresource };
}

/** `undefined`: there is no such request in a run. */
function send(api: ApiServer, { method, body, contentType = "" }: HttpRequest, target: Target, names: Names): ApiReply | undefined {
  const { kind, namespace, name, subresource } = target;
  const key = objectKey(namespace, name ?? "");
  const sent = names.resolved(body) as NewObject & { target?: { name: string } };
  const inPlace = (): NewObject => ({ ...sent, metadata: { ...sent.metadata, ...(namespace !== undefined && { namespace }) } });
  switch (`${method} ${subresource ?? ""}`) {
    case "POST ":
      return name === undefined ? api.handle({ verb: "create", object: inPlace() }) : undefined;
    case "POST binding":
      return api.handle({ verb: "bind", key, uid: storedUid(api, kind, key), node: sent.target!.name });
    case "POST eviction":
      return api.handle({ verb: "evict", key });
    case "GET ":
      return name === undefined ? undefined : api.handle({ verb: "get", kind, key });
    case "PUT ":
    case "PUT status": {
      const next = inPlace() as KubeObject;
      const part = partOf(subresource);
      // Who updates a Lease has to say which; the recorder's own copies of that lost it.
      if (kind === "Lease") return undefined;
      if (next.metadata.resourceVersion !== undefined) return api.handle({ verb: "update", next, part });
      const change = (stored: KubeObject): KubeObject => ({ ...next, metadata: { ...stored.metadata, ...next.metadata } });
      return api.handle({ verb: "patch", kind, key, part, change: change as never });
    }
    case "DELETE ":
      return name === undefined ? undefined : api.handle({ verb: "delete", kind, key, options: (body ?? {}) as DeleteOptions });
    case "PATCH ":
    case "PATCH status":
    case "PATCH resize": {
      const patchType = /strategic/.test(contentType) ? "strategic" : /json-patch/.test(contentType) ? "json" : "merge";
      const action = { atMs: 0, do: "patch", kind, patchType, patch: sent, ...(subresource !== undefined && { subresource }) } as const;
      return patchAs(api, action, key);
    }
    default:
      return undefined;
  }
}

function storedUid(api: ApiServer, kind: string, key: ObjectKey): never {
  return api.store.get(kind, key)?.metadata.uid as never;
}

function differenceOf({ code, body }: NonNullable<Step["response"]>, reply: ApiReply, names: Names): string | undefined {
  if (!reply.ok) {
    const { message, reason, causes } = reply.error;
    const { details, ...status } = body as { message?: string; reason?: string; details?: { causes?: unknown } };
    const got = { code: reply.error.code, message: untilGo(message), reason, causes };
    const wanted = { code, message: untilGo(status.message ?? ""), reason: status.reason, causes: details?.causes };
    return firstDifference(cut(wanted), names.recorded(cut(got), cut(wanted)));
  }
  if (code >= 300) return `expected ${code} ${(body as { message?: string }).message}, got ${JSON.stringify(reply.object).slice(0, 200)}`;
  // Success alone is said of what is gone or bound.
  if ((body as KubeObject).kind === "Status") return undefined;
  return firstDifference(withoutNulls(body), names.recorded(JSON.parse(JSON.stringify(reply.object)), body));
}

/** Go writes some times that are not set as `null`. */
const withoutNulls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, part) => (part === null ? undefined : part));

/** Struct diffs follow a line break; they are Go's. */
const untilGo = (text: string): string => text.split("\n")[0]!;
const cut = (value: object): unknown =>
  JSON.parse(JSON.stringify(value), (_key, part) => (typeof part === "string" ? untilGo(part) : part));

/** Recorded names of what cannot repeat (`UID1`, `RV2`, `TIME`, `XXXXX`), and what stands for them here. */
class Names {
  readonly #ours = new Map<string, string>();
  readonly #recorded = new Map<string, string>();

  /** What is sent, with our values. */
  resolved(value: unknown): unknown {
    if (value === undefined) return undefined;
    return JSON.parse(JSON.stringify(value), (_key, part) => (typeof part === "string" ? (this.#ours.get(part) ?? part) : part));
  }

  /** What we answered, with the recorded names where they stand for it. */
  recorded(actual: unknown, expected: unknown): unknown {
    if (typeof actual === "string" && typeof expected === "string") return this.#named(actual, expected);
    if (typeof actual !== "object" || typeof expected !== "object" || actual === null || expected === null) return actual;
    if (Array.isArray(actual)) return actual.map((item, index) => this.recorded(item, (expected as unknown[])[index]));
    return Object.fromEntries(
      Object.entries(actual).map(([key, item]) => [key, this.recorded(item, (expected as Record<string, unknown>)[key])]),
    );
  }

  #named(actual: string, expected: string): string {
    if (expected === "TIME") return /^\d{4}-\d\d-\d\dT/.test(actual) ? "TIME" : actual;
    if (expected.includes("XXXXX")) {
      const parts = expected.split("XXXXX").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      return new RegExp(`^${parts.join("[a-z0-9]{5}")}$`).test(actual) ? expected : actual;
    }
    if (!/^(UID|RV)\d+$/.test(expected)) return actual;
    if (!this.#ours.has(expected) && !this.#recorded.has(actual)) {
      this.#ours.set(expected, actual);
      this.#recorded.set(actual, expected);
    }
    return this.#recorded.get(actual) ?? actual;
  }
}
