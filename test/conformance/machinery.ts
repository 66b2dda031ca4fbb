import type { Area } from "./area.ts";
import { validation } from "./machinery-validation.ts";
import { admission, rbac } from "./machinery-admission.ts";
import { conversations } from "./machinery-conversations.ts";
import { cron } from "./machinery-cron.ts";
import { defaulting } from "./machinery-defaulting.ts";
import { age, rolling, templateHash } from "./machinery-controllers.ts";
import { events } from "./machinery-events.ts";
import { crashLoop, eviction, podPhases } from "./machinery-kubelet.ts";
import { names } from "./machinery-names.ts";
import { patches } from "./machinery-patches.ts";
import { replayLines } from "./machinery-replay.ts";
import { podResources } from "./machinery-pod-resources.ts";
import { printers } from "./machinery-printers.ts";
import { quantity } from "./machinery-quantity.ts";
import { strictDecoding } from "./machinery-strict-decoding.ts";
import { selectors } from "./machinery-selectors.ts";

/** Small rules of API machinery; /work/shared/conformance/machinery/README.md describes each group. */
export const machinery: Area = {
  name: "machinery",
  *replay(recordings) {
    yield* quantity(recordings);
    yield* selectors(recordings);
    yield* names(recordings);
    yield* podResources(recordings);
    yield* age(recordings);
    yield* rolling(recordings);
    yield* templateHash(recordings);
    yield* cron(recordings);
    yield* defaulting(recordings);
    yield* patches(recordings);
    yield* admission(recordings);
    yield* rbac(recordings);
    yield* validation(recordings);
    yield* podPhases(recordings);
    yield* crashLoop(recordings);
    yield* eviction(recordings);
    yield* events(recordings);
    yield* printers(recordings);
    yield* strictDecoding(recordings);
    yield* conversations(recordings);
    yield* replayLines(recordings, "server-side-apply", () => "not modelled");
  },
};
