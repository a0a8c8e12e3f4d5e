import { afterEach, describe, expect, it, vi } from "vitest";
import { locate, NotLocated, rounded } from "./position";

function browserAnswers(answer: (found: PositionCallback, failed: PositionErrorCallback) => void) {
  vi.stubGlobal("navigator", { geolocation: { getCurrentPosition: answer } });
}

const failure = () => locate().catch((fault: unknown) => (fault instanceof NotLocated ? fault.fault : fault));

describe("a position", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is exact to a metre, and never further off than the service takes", () => {
    expect(rounded({ latitude: 30.2741512345, longitude: -120.1551477, accuracy: 12.4 })).toEqual({ latitude: 30.27415, longitude: -120.15515, accuracyMeters: 12 });
    expect(rounded({ latitude: 0, longitude: 0, accuracy: 2_000_000 }).accuracyMeters).toBe(100_000);
  });

  it("says why there is none", async () => {
    for (const [code, fault] of [[1, "denied"], [2, "unavailable"], [3, "timeout"], [9, "unavailable"]] as const) {
      browserAnswers((_, failed) => failed({ code } as GeolocationPositionError));
      expect(await failure()).toBe(fault);
    }
    vi.stubGlobal("navigator", {});
    expect(await failure()).toBe("unsupported");
  });
});
