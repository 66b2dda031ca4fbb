/** How the process ends. */
export const exitCode = { held: 0, failed: 1, badInput: 2, ownBug: 3 } as const;
