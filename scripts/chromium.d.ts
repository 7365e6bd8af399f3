import type { Browser } from 'playwright-core'

export declare function checkChromium (): Promise<void>
export declare function launchChromium (more?: string[], fontconfig?: string): Promise<Browser>
export declare function ownFontOnly (): Promise<string>
