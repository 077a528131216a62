import { beforeAll, describe, expect, it, vi } from "vitest";
import { speak, t, tCode } from "./i18n.svelte";

beforeAll(() => vi.stubGlobal("document", { documentElement: {} }));

describe("t", () => {
  it("counts nothing, one and many", () => {
    speak("pt-BR", "paciente");
    expect([0, 1, 2].map((count) => t("agenda.count", { count }))).toEqual(["0 horários", "1 horário", "2 horários"]);
    speak("en", "paciente");
    expect([0, 1, 2].map((count) => t("today.noShow", { count }))).toEqual(["0 no-shows", "1 no-show", "2 no-shows"]);
  });

  it("says what the clinic calls the people it treats", () => {
    speak("pt-BR", "cliente");
    expect(t("nav.clients")).toBe("Clientes");
    speak("en", "cliente");
    expect(t("nav.clients")).toBe("Clients");
    speak("pt-BR", "paciente");
    expect(t("nav.clients")).toBe("Pacientes");
  });

  it("falls back for a code it has no words for", () => {
    speak("pt-BR", "paciente");
    expect(tCode("refused", "slot_taken", "refused.unknown")).toBe("Esse horário já está ocupado.");
    expect(tCode("refused", "brand_new", "refused.unknown")).toContain("brand_new");
    expect(tCode("photo.view", "oblique-42", { text: "oblique-42" })).toBe("oblique-42");
  });
});
