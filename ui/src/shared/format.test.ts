import { describe, expect, it } from "vitest";
import * as format from "./format";

const plain = (text: string) => text.replace(/\u00a0/g, " ");

describe("numbers", () => {
  it("are written in Brazilian form", () => {
    expect(format.number(1234.56, 2)).toBe("1.234,56");
    expect(plain(format.money(123456))).toBe("R$ 1.234,56");
    expect(format.bytes(999)).toBe("999 B");
    expect(format.bytes(3_400_000)).toBe("3,4 MB");
    expect(format.bytes(34_000_000)).toBe("34 MB");
    expect(format.micros(84)).toBe("84 µs");
    expect(format.micros(1234)).toBe("1,23 ms");
    expect(format.micros(3_400_000)).toBe("3,4 s");
  });

  it("keep a bad tail visible in percentages", () => {
    expect(format.percent(0.9987)).toBe("99,87 %");
    expect(format.percent(0.0004)).toBe("0,04 %");
    expect(format.percent(0)).toBe("0 %");
    expect(format.percent(1)).toBe("100 %");
    expect(format.percent(0.5)).toBe("50 %");
  });
});

describe("days and times", () => {
  it("read what people type and write one form", () => {
    for (const typed of ["22/11/2026", "22112026", "22.11.26", "22-11-2026"]) {
      expect(format.parseDay(typed), typed).toBe("2026-11-22");
    }
    expect(format.parseDay("1/2/85")).toBe("1985-02-01");
    for (const wrong of ["31/02/2026", "00/01/2026", "2026", "", "ab"])
      expect(format.parseDay(wrong), wrong).toBeNull();
    expect(format.day("2026-11-22")).toBe("22/11/2026");
    for (const typed of ["14:05", "14h05", "1405", "14.05"]) expect(format.parseClock(typed), typed).toBe(845);
    expect(format.parseClock("9")).toBe(540);
    expect(format.parseClock("14h")).toBe(840);
    for (const wrong of ["25:00", "14:60", "", "x"]) expect(format.parseClock(wrong), wrong).toBeNull();
    expect(format.clock(845)).toBe("14:05");
  });

  it("walk the calendar across months, years and weeks", () => {
    expect(format.addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(format.addDays("2024-03-01", -1)).toBe("2024-02-29");
    expect(format.mondayOf("2026-11-22")).toBe("2026-11-16");
    expect(format.mondayOf("2026-11-23")).toBe("2026-11-23");
  });

  it("show instants in the clinic's zone", () => {
    format.setZone("America/Sao_Paulo");
    expect(format.instant(Date.UTC(2026, 10, 23, 17, 5))).toBe("23/11/2026 14:05");
    format.setZone("America/Manaus");
    expect(format.timeOf(Date.UTC(2026, 10, 23, 17, 5))).toBe("13:05");
    format.setZone(null);
  });
});

describe("Brazilian documents", () => {
  it("are punctuated while typed", () => {
    expect(format.cpfAsTyped("5299")).toBe("529.9");
    expect(format.cpfAsTyped("52998224725")).toBe("529.982.247-25");
    expect(format.cpfAsTyped("529.982.247-25xx")).toBe("529.982.247-25");
    expect(format.phoneAsTyped("11912345678")).toBe("(11) 91234-5678");
    expect(format.phoneAsTyped("1132345678")).toBe("(11) 3234-5678");
    expect(format.phoneAsTyped("+351 912")).toBe("+351 912");
  });

  it("are checked by their digits", () => {
    expect(format.cpfFits("529.982.247-25")).toBe(true);
    expect(format.cpfFits("529.982.247-26")).toBe(false);
    expect(format.cpfFits("111.111.111-11")).toBe(false);
    expect(format.cpfFits("529")).toBe(false);
  });
});

describe("search", () => {
  it("forgets accents and capitals", () => {
    expect(format.plain("Érica Conceição")).toBe("erica conceicao");
  });
});

describe("names", () => {
  it("give the first name prominence and skip particles in initials", () => {
    expect(format.firstName("Ana Beatriz de Souza")).toBe("Ana");
    expect(format.initials("Ana Beatriz de Souza")).toBe("AS");
    expect(format.initials("Cher")).toBe("C");
  });
});
