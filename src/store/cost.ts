/**
 * What things cost against a store's total cap, in bytes: the text itself and a flat
 * part for the record around it, set above what memory (measured by the bench) and disk take.
 */
export const BOX_COST = 512
export const MESSAGE_COST = 64
export const KEY_COST = 256

/** The caps where the user sets none. */
export const MEMORY_CAP = 256 * 1024 * 1024
export const DISK_CAP = 4 * 1024 * 1024 * 1024
