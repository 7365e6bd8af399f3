/** `result` is what `npm run bench -- performance` writes. */
export declare function charts (result: unknown): Map<string, string>
export declare function withFigures (page: string, result: unknown): string
