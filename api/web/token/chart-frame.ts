/** Pixels left of the plot, where the names of the lanes stand, and right of it; chart and lanes share one time axis. */
export const GUTTER_PX = 190;
export const MARGIN_PX = 18;
