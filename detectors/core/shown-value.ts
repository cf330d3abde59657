/** Parts that no source tells leave gaps between the others, as the service in `GET  /v1/orders`. */
export const shownValue = (text: string): string => text.trim().replace(/ {2,}/g, ' ').slice(0, 120);
