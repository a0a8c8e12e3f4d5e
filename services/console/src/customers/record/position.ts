// Where the browser says that it is. What it gives is asked for anew each time: a check-in is of now.

export interface Position {
  latitude: number;
  longitude: number;
  accuracyMeters: number;
}

export type LocateFault = "denied" | "unavailable" | "timeout" | "unsupported";

export class NotLocated extends Error {
  override readonly name = "NotLocated";
  readonly fault: LocateFault;

  constructor(fault: LocateFault) {
    super(fault);
    this.fault = fault;
  }
}

/** By `GeolocationPositionError.code`. */
const faults: Readonly<Record<number, LocateFault>> = { 1: "denied", 2: "unavailable", 3: "timeout" };

const furthest = 100_000;

export function locate(): Promise<Position> {
  return new Promise((resolve, reject) => {
    // Pages without TLS have none, whatever the types say.
    if (!("geolocation" in navigator)) return reject(new NotLocated("unsupported"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve(rounded(coords)),
      ({ code }) => reject(new NotLocated(faults[code] ?? "unavailable")),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 0 },
    );
  });
}

/** A metre is exact enough. */
export function rounded({ latitude, longitude, accuracy }: Pick<GeolocationCoordinates, "latitude" | "longitude" | "accuracy">): Position {
  const degrees = (value: number) => Math.round(value * 100_000) / 100_000;
  return { latitude: degrees(latitude), longitude: degrees(longitude), accuracyMeters: Math.min(furthest, Math.round(accuracy)) };
}
