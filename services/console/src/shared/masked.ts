/** Services replace parts of what a role sees masked by asterisks. */
export const isMasked = (value: unknown): boolean => typeof value === "string" && value.includes("*");
