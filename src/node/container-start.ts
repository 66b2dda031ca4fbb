import type { Container } from "../model/index.ts";
import type { StartFailure } from "./container-statuses.ts";
import { stopContainer } from "./container-stop.ts";
import { goDuration } from "./go-duration-text.ts";
import type { PodMachine } from "./pod-machine.ts";
import { lastOf, type PodSeen, RuntimeContainer, type RuntimeSandbox } from "./runtime-pod.ts";
import { missingEnvironment } from "./volume-sources.ts";
import type { Steps } from "./work.ts";

/** A failure of a start; `retryUs` where the wait's end is known. */
export interface StartRefused extends StartFailure {
  readonly retryUs?: number;
}

/** kuberuntime's `doBackOff` and `startContainer`. Answers what failed. */
export function* startContainer(
  machine: PodMachine,
  seen: PodSeen,
  spec: Container,
  sandbox: RuntimeSandbox,
): Steps<StartRefused | undefined> {
  const waits = backOff(machine, seen, spec);
  if (waits !== undefined) return waits;
  const { pod, held, runtime, host, images, api } = machine;
  const tell = (type: "Normal" | "Warning", reason: string, message: string): void =>
    machine.containerEvent(spec, type, reason, message);
  const fail = (reason: string, message: string): StartRefused => {
    tell("Warning", "Failed", `Error: ${message}`);
    return { reason, message };
  };
  const noImage = yield* images.ensure(pod, spec, tell);
  if (noImage !== undefined) {
    tell("Warning", "Failed", `Error: ${noImage.reason}`);
    return noImage;
  }
  const invalid = missingEnvironment(spec, pod, api) ?? rootless(spec, pod);
  if (invalid !== undefined) return fail("CreateContainerConfigError", invalid);
  const last = lastOf(seen, spec.name);
  const attempt = last === undefined ? 0 : last.attempt + 1;
  const created = yield* runtime.create(pod, held, spec, sandbox, attempt);
  if (!(created instanceof RuntimeContainer)) return fail("CreateContainerError", created.error);
  tell("Normal", "Created", "Container created");
  const broken = yield* runtime.start(created);
  if (broken !== undefined) return fail("RunContainerError", broken);
  tell("Normal", "Started", "Container started");
  if (spec.lifecycle?.postStart === undefined) return undefined;
  const { sleep } = spec.lifecycle.postStart;
  if (sleep !== undefined) {
    yield machine.nowUs() + sleep.seconds * 1_000_000; // Whether the container is still there or not.
    return undefined;
  }
  const { tookUs, error } = host.hook(created, "postStart");
  const overUs = machine.nowUs() + tookUs;
  yield { signal: created.exit, notAfterUs: overUs };
  if (error === undefined && machine.nowUs() >= overUs) return undefined;
  tell("Warning", "FailedPostStartHook", "PostStartHook failed");
  yield* stopContainer(machine, created.seen, spec, { message: "FailedPostStartHook", reason: "other" });
  const { name, namespace, uid } = pod.metadata;
  const command = (spec.lifecycle.postStart.exec?.command ?? []).join(" ");
  const words = `Exec lifecycle hook ([${command}]) for Container "${spec.name}" in Pod "${name}_${namespace}(${uid})"`;
  return {
    reason: "PostStartHookError",
    message: `${words} failed - error: ${error ?? `command '${command}' exited with 137: , message: ""`}`,
  };
}

function backOff(machine: PodMachine, seen: PodSeen, spec: Container): StartRefused | undefined {
  const { name } = spec;
  const { pod, crashLoops } = machine;
  const nowUs = machine.nowUs();
  const last = seen.containers.find((container) => container.name === name && container.state === "exited");
  if (last === undefined) return undefined;
  const { uid, namespace } = pod.metadata;
  const key = `${uid}/${name}/${spec.image}`; // Another image is another container.
  const allowedUs = crashLoops.allowedUs(key, last.finishedUs, machine.sweptUs());
  if (allowedUs <= nowUs) {
    crashLoops.next(key, last.finishedUs, nowUs);
    return undefined;
  }
  const podText = `${pod.metadata.name}_${namespace}(${uid})`;
  machine.containerEvent(spec, "Warning", "BackOff", `Back-off restarting failed container ${name} in pod ${podText}`);
  const message = `back-off ${goDuration(crashLoops.delayUs(key))} restarting failed container=${name} pod=${podText}`;
  return { reason: "CrashLoopBackOff", message, retryUs: allowedUs };
}

/** `runAsNonRoot` with an image that runs as root. */
function rootless({ name, securityContext }: Container, { spec, metadata }: PodMachine["pod"]): string | undefined {
  const nonRoot = securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot;
  const user = securityContext?.runAsUser ?? spec.securityContext?.runAsUser;
  if (nonRoot !== true || (user !== undefined && user !== 0)) return undefined;
  const about = `(pod: "${metadata.name}_${metadata.namespace}(${metadata.uid})", container: ${name})`;
  return user === 0
    ? `container's runAsUser breaks non-root policy ${about}`
    : `container has runAsNonRoot and image will run as root ${about}`;
}
