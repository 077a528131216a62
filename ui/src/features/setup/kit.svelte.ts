import type { EnrolOutcome } from "../../platform/backend";

/** The recovery words between the moment they are made and the moment they are proven kept. In memory only. */
export const kit = $state<{ outcome: EnrolOutcome | null }>({ outcome: null });
