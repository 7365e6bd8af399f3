// Puts the generated types of the contract beside the client's own: the compiler prints no declaration files.
import { copyFile } from 'node:fs/promises'

const generated = new URL('../generated/typescript/', import.meta.url)
const built = new URL('../clients/typescript/dist/', import.meta.url)
for (const name of ['schema.d.ts', 'error-codes.d.ts']) await copyFile(new URL(name, generated), new URL(name, built))
