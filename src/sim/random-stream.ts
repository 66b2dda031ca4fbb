import seedrandom from "seedrandom";

/** Numbers in [0, 1), drawn in order. */
export type RandomStream = () => number;

/** Gives every owner a stream of its own. Handed out by `simulate.ts`; the seed stays there. */
export type RandomStreams = (name: string) => RandomStream;

/** A stream of its own for every name, so a new draw in one component shifts no other component's luck. */
export function randomStreams(seed: string): RandomStreams {
  return (name) => seedrandom.alea(`${seed}/${name}`);
}
