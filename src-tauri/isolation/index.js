// Every message of the interface passes here before it reaches the engine. Only the engine's own commands and event
// subscriptions may pass: a script that found its way into the page cannot reach anything else.
window.__TAURI_ISOLATION_HOOK__ = (payload) => {
  const command = payload?.cmd;
  const own = typeof command === "string" && /^[a-z_]+$/.test(command);
  const event = command === "plugin:event|listen" || command === "plugin:event|unlisten";
  const title = command === "plugin:window|set_title";
  return own || event || title ? payload : { ...payload, cmd: "refused" };
};
