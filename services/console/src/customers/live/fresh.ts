/** What was loaded as the stream began need not be loaded again. */
const freshFor = 1_000;

export const isFresh = (state: { dataUpdatedAt: number } | undefined) => state !== undefined && Date.now() - state.dataUpdatedAt < freshFor;
