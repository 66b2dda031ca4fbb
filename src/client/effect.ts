import type { ApiError, ApiReply, ApiRequest } from "../apiserver/index.ts";
import type { KubeObject } from "../model/index.ts";

/** A call to the cloud provider's API. What there is to call is the provider's: see `src/cloud`. */
export interface ProviderCall {
  readonly operation: string;
}

/** Everything that a component can ask of the world outside its own memory. The runtime carries it out in virtual time. */
export type Effect =
  | { readonly do: "api"; readonly client: string; readonly request: ApiRequest }
  | { readonly do: "provider"; readonly call: ProviderCall }
  /** Side by side; goes on when the last has ended, with the results in order. */
  | { readonly do: "all"; readonly tasks: readonly Task<unknown>[] }
  /** Goes on at once; the spawned task lives as long as the process. */
  | { readonly do: "spawn"; readonly task: Task<void> }
  | { readonly do: "wait"; readonly untilUs: number }
  /** Goes on at once; the recorder writes the event through the client, spending its tokens. */
  | {
      readonly do: "event";
      readonly client: string;
      readonly about: KubeObject;
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };

/** A piece of work that yields what it needs and is resumed with the answer. Each yield is a point where it may be struck. */
export type Task<Result> = Generator<Effect, Result, unknown>;

/** Asks the API server through a client of this name. */
export function* callApi(client: string, request: ApiRequest): Task<ApiReply> {
  return (yield { do: "api", client, request }) as ApiReply;
}

/** Asks the provider; its reply is typed where the call is made. */
export function* callProvider<Reply>(call: ProviderCall): Task<Reply> {
  return (yield { do: "provider", call }) as Reply;
}

/** Runs tasks side by side and waits for all. */
export function* all<Result>(tasks: readonly Task<Result>[]): Task<Result[]> {
  return (yield { do: "all", tasks }) as Result[];
}

export function* waitUntil(untilUs: number): Task<void> {
  yield { do: "wait", untilUs };
}

export function* recordEvent(
  client: string,
  about: KubeObject,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
): Task<void> {
  yield { do: "event", client, about, type, reason, message };
}

/** Starts with 1 and doubles while nothing fails; the first failure ends it (`slowStartBatch` of kube-controller-manager). */
export function* inSlowStartBatches(
  count: number,
  make: (index: number) => Task<ApiError | undefined>,
): Task<{ readonly succeeded: number; readonly error: ApiError | undefined }> {
  let succeeded = 0;
  for (let size = Math.min(count, 1); size > 0; size = Math.min(2 * size, count - succeeded)) {
    const first = succeeded;
    const errors = yield* all(Array.from({ length: size }, (_, index) => make(first + index)));
    succeeded += errors.filter((error) => error === undefined).length;
    const error = errors.find((found) => found !== undefined);
    if (error !== undefined) return { succeeded, error };
  }
  return { succeeded, error: undefined };
}
