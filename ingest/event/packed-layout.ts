/**
 * The bytes of a log record of TokenEvents:
 *
 *     u8 0xf5, u8 version 1
 *     u32 bytes of the shapes, the shapes as JSON: a list of lists of field names
 *     objects, one after the other, each an event
 *
 * An object is a u16, the number of its shape, and then the value of each field of the shape. A value is a tag (u8) and what the
 * table below says; a tag below `TEXTS` is itself the number of a text told before. Texts and shared objects are numbered as they
 * come, from 0. Numbers are little-endian. Nothing of one record refers to another.
 */
export const PACKED = 0xf5; // No byte of UTF-8, so no text begins with it.
export const PACKED_VERSION = 1;
export const HEAD_BYTES = 6;

/** How many texts have a tag of their own. */
export const TEXTS = 200;
/** Of shapes, of texts and of shared objects; what comes after is told anew each time. */
export const NUMBERS_MAX = 0x1_0000;

export const tags = {
  /** u16 number of a text. */
  text: 200,
  /** u8 length, ASCII. The short ones of each pair are one less than the long ones. */
  newText: 201,
  /** u32 bytes, UTF-8. */
  newLongText: 202,
  /** As the two above, of texts that get no number: each event has its own. */
  ownText: 203,
  ownLongText: 204,
  /** An object follows. */
  object: 205,
  /** u16 number of a shared object. */
  shared: 206,
  /** u32 bytes, UTF-8: JSON of an object that many events hold. */
  newShared: 207,
  u8: 208,
  u16: 209,
  u32: 210,
  f64: 211,
  true: 212,
  false: 213,
  /** u16 count, then the values. */
  list: 214,
  /** u32 bytes, UTF-8: JSON of a value for which there is no tag, such as a text with half a surrogate pair. */
  json: 215,
} as const;
