export const longDate = (time: string): string =>
  new Intl.DateTimeFormat(undefined, { dateStyle: 'long' }).format(Date.parse(time));

export const shortMoment = (time: string): string =>
  new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' }).format(Date.parse(time));
