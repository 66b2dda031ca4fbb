import type { Container, Pod } from "../model/index.ts";
import { BackOffs } from "./back-offs.ts";
import { goDuration } from "./go-duration-text.ts";
import type { Host } from "./host.ts";
import { invalidImageName } from "./image-name.ts";
import { ask, type Execution, Signal, type Steps } from "./work.ts";

/** Why an image is not there, as a waiting reason and its message. */
interface ImageFailure {
  readonly reason: string;
  readonly message: string;
}

type Tell = (type: "Normal" | "Warning", reason: string, message: string) => void;

interface ImageManagerOptions {
  readonly execution: Execution;
  readonly host: Host;
  /** Pulls at once: 1 is `serializeImagePulls`, Infinity no bound. */
  readonly parallelPulls: number;
}

/** kubelet's image manager: policy, back-off, and the line of pulls. */
export class ImageManager {
  readonly #options: ImageManagerOptions;
  readonly #backOffs = new BackOffs({ base: 10_000_000, max: 300_000_000, resetAfter: 600_000_000 });
  readonly #errors = new Map<string, string>();
  #pulling = 0;
  readonly #line: Signal[] = [];

  constructor(options: ImageManagerOptions) {
    this.#options = options;
  }

  /** `EnsureImageExists`: answers what keeps the container from being created. */
  *ensure(pod: Pod, { image = "", imagePullPolicy }: Container, tell: Tell): Steps<ImageFailure | undefined> {
    const { host, execution } = this.#options;
    const invalid = invalidImageName(image);
    if (invalid !== undefined) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${invalid}`;
      tell("Warning", "InspectFailed", message);
      return { reason: "InvalidImageName", message };
    }
    yield* ask(execution);
    const present = host.hasImage(image);
    if (present && imagePullPolicy !== "Always") {
      tell("Normal", "Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`);
      return undefined;
    }
    if (!present && imagePullPolicy === "Never") {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      tell("Warning", "ErrImageNeverPull", message);
      return { reason: "ErrImageNeverPull", message };
    }
    const key = `${pod.metadata.uid}_${image}`;
    const { nowUs } = execution.loop;
    const failedUs = this.#backOffs.updatedUs(key);
    if (failedUs !== undefined && nowUs - failedUs <= 600_000_000) {
      if (this.#backOffs.allowedUs(key, failedUs, 0) > nowUs) {
        tell("Normal", "BackOff", `Back-off pulling image "${image}"`);
        return { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}": ${this.#errors.get(key)}` };
      }
    }
    return yield* this.#pull(pod, image, key, tell);
  }

  /** What failed before is forgotten. */
  clear(): void {
    this.#backOffs.clear();
    this.#errors.clear();
  }

  *#pull(pod: Pod, image: string, key: string, tell: Tell): Steps<ImageFailure | undefined> {
    const { host, execution } = this.#options;
    const { loop } = execution;
    tell("Normal", "Pulling", `Pulling image "${image}"`);
    const askedUs = loop.nowUs;
    yield* this.#turn();
    const begunUs = loop.nowUs;
    const error = yield* host.pull(image, pod);
    this.#release();
    if (error !== undefined) {
      tell("Warning", "Failed", `Failed to pull image "${image}": ${error}`);
      this.#backOffs.next(key, loop.nowUs, loop.nowUs);
      const failure = pullFailure(image, error);
      this.#errors.set(key, `${failure.reason}: ${failure.message}`);
      return failure;
    }
    host.pulled(image, pod);
    this.#errors.delete(key);
    const [own, all] = [goDuration(loop.nowUs - begunUs), goDuration(loop.nowUs - askedUs)];
    const size = host.imageBytes(image, pod);
    const message = `Successfully pulled image "${image}" in ${own} (${all} including waiting). Image size: ${size} bytes.`;
    tell("Normal", "Pulled", message);
    return undefined;
  }

  *#turn(): Steps {
    if (this.#pulling >= this.#options.parallelPulls) {
      const turn = new Signal();
      this.#line.push(turn);
      yield turn;
    } else {
      this.#pulling += 1;
    }
  }

  #release(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#pulling -= 1;
    else next.fire();
  }
}

/** Errors that a runtime names, and what the kubelet makes of them. */
const named = [
  ["RegistryUnavailable", "the registry is unavailable"],
  ["SignatureValidationFailed", "the signature validation failed"],
] as const;

function pullFailure(image: string, error: string): ImageFailure {
  for (const [reason, words] of named) {
    if (error.startsWith(reason))
      return { reason, message: `image pull failed for ${image} because ${words}${error.slice(reason.length)}` };
  }
  return { reason: "ErrImagePull", message: error };
}
