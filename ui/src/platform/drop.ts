import { getCurrentWebview } from "@tauri-apps/api/webview";

/** What is happening to files above the window. */
export type FileDrop = { kind: "over" } | { kind: "left" } | { kind: "dropped"; paths: string[] };

/** Hears of files dragged onto the window. Only paths pass: the page never reads a file itself. */
export function onFileDrop(hear: (drop: FileDrop) => void): () => void {
  const listening = getCurrentWebview().onDragDropEvent(({ payload }) => {
    if (payload.type === "drop") hear({ kind: "dropped", paths: payload.paths });
    else hear({ kind: payload.type === "leave" ? "left" : "over" });
  });
  return () => void listening.then((stop) => stop());
}
