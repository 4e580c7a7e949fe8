import { z } from 'zod';

/** Schemas that several resources share. Query values arrive as text; each helper reads one kind of it. */

/** RFC 3339 in UTC with milliseconds. */
export const timestamp = z.iso.datetime();

export const queryBoolean = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .pipe(z.boolean());

const numberText = z
  .string()
  .regex(/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/, 'Invalid input: expected a number')
  .transform(Number);

export const queryNumber = numberText.pipe(z.number());

export const queryInteger = (min: number, max: number) => numberText.pipe(z.int().min(min).max(max));

/** A query parameter that may be given several times. */
export const queryList = <T extends z.ZodType<unknown, string>>(item: T) =>
  z.union([z.string().transform((one) => [one]), z.array(z.string())]).pipe(z.array(item));

/** `page` from 1, `per_page` from 1 to `maxPerPage`, default 20. A page past the end is empty. */
export const paging = (maxPerPage = 100) => ({
  page: queryInteger(1, 1_000_000_000).default(1),
  per_page: queryInteger(1, maxPerPage).default(20),
});

export const direction = z.enum(['asc', 'desc']);

export const noQuery = z.object({});

/** An http or https URL. Whether it may be reached is decided when it is used. */
export const httpUrl = z.string().refine(
  (text) => {
    const url = URL.parse(text);
    return url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  },
  { message: 'Invalid input: expected an http or https URL' },
);
