import type { AppError, EngineEvent } from "./bindings";
import { commands, events } from "./bindings";

export type * from "./bindings";

type Commands = typeof commands;
type Data<R> = R extends { status: "ok"; data: infer D } ? D : never;

/** Every command of the engine, answering with its data and throwing a {@link Failure}. */
export type Backend = {
  [Name in keyof Commands]: Commands[Name] extends (...args: infer Args) => Promise<infer Answer>
    ? (...args: Args) => Promise<Data<Answer>>
    : never;
};

/** What the engine or the bridge to it refused, with the stable code that the words on screen are chosen by. */
export class Failure extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(error: AppError) {
    super(error.message);
    this.name = "Failure";
    this.code = error.code;
    this.retryable = error.retryable;
  }

  /** Any thrown value as a failure: the bridge itself may break, and says so with a plain error or text. */
  static from(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new Failure({ code: "bridge", message, retryable: true });
  }
}

const failed = new Set<(failure: Failure) => void>();

/** Hears of every failure, so that a lock noticed by any command closes the screen. */
export function onFailure(hear: (failure: Failure) => void): () => void {
  failed.add(hear);
  return () => failed.delete(hear);
}

function answering(run: (...args: never[]) => Promise<unknown>) {
  return async (...args: never[]): Promise<unknown> => {
    try {
      const answer = (await run(...args)) as { status: "ok"; data: unknown } | { status: "error"; error: AppError };
      if (answer.status === "ok") return answer.data;
      throw new Failure(answer.error);
    } catch (thrown) {
      const failure = Failure.from(thrown);
      for (const hear of failed) hear(failure);
      throw failure;
    }
  };
}

/** The one way from the screens to the engine. */
export const backend = Object.fromEntries(
  Object.entries(commands).map(([name, run]) => [name, answering(run as (...args: never[]) => Promise<unknown>)]),
) as Backend;

/** Hears what the engine says without being asked. */
export function onEngineEvent(hear: (event: EngineEvent) => void): void {
  void events.engineNotice.listen((notice) => hear(notice.payload));
}
