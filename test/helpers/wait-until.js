import { setTimeout as pause } from 'node:timers/promises';
/** Long enough for a busy machine: reaching it is a failure, never a measure. */
export const DEADLINE = 60_000;
/** Waits for a condition that nothing announces; fails loudly when it does not come. */
export async function waitUntil(isMet, what, deadline = DEADLINE) {
    const end = performance.now() + deadline;
    while (!isMet()) {
        if (performance.now() > end)
            throw new Error(`waited ${deadline} ms in vain for ${what()}`);
        await pause(10);
    }
}
//# sourceMappingURL=wait-until.js.map