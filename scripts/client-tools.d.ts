export function tlaTools (): string
