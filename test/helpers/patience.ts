/**
 * How long a wait may take, in milliseconds. What the tests wait for comes within a second or two, but not on a machine
 * that is busy with something else; only a wait in vain takes this long.
 */
export const patience = 120_000
