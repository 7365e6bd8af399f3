import type { Test } from 'tap'
import type { Browser as Chromium, BrowserContextOptions } from 'playwright-core'
import type { Browser as Firefox, ElementHandle } from 'puppeteer-core'
import { person } from './chromium.js'
import { patience } from './patience.js'

/** A tab of one person, in either browser: what the two drivers have in common. Selectors are of CSS. */
export interface Tab {
  /** what the page threw */
  readonly problems: string[]
  goto (url: string): Promise<unknown>
  reload (): Promise<unknown>
  evaluate<R, A> (work: (argument: A) => R | Promise<R>, argument: A): Promise<R>
  evaluate<R> (work: string | (() => R | Promise<R>)): Promise<R>
  /** waits until this holds in the page */
  until<A> (holds: (argument: A) => unknown, argument: A): Promise<unknown>
  /** once it can be clicked */
  click (selector: string): Promise<void>
  fill (selector: string, text: string): Promise<void>
  press (key: 'Enter' | 'Escape'): Promise<void>
  upload (selector: string, path: string): Promise<void>
}

/** Opens a tab of a new person. `before` runs in each of its pages before anything of the page does. */
export type Open = (t: Test, before?: () => void) => Promise<Tab>

export function tabsOfChromium (browser: Chromium, options: BrowserContextOptions = {}): Open {
  return async (t, before) => {
    const context = await person(t, browser, options)
    context.setDefaultTimeout(patience)
    const page = await context.newPage()
    const problems: string[] = []
    page.on('pageerror', error => { problems.push(String(error)) })
    if (before !== undefined) await page.addInitScript(before)
    return {
      problems,
      goto: url => page.goto(url),
      reload: () => page.reload(),
      evaluate: (work: any, argument?: any) => page.evaluate<any, any>(work, argument),
      // waitForFunction would take the promise of an async function for true.
      async until (holds: any, argument: any) {
        const end = Date.now() + patience
        let cause: unknown
        // An error may only be that of a page that was left meanwhile.
        while (!await page.evaluate<any, any>(holds, argument).catch(error => { cause = error })) {
          if (Date.now() > end) throw new Error(`This did not become true: ${holds}`, { cause })
          await page.waitForTimeout(50)
        }
      },
      click: selector => page.click(selector),
      fill: (selector, text) => page.fill(selector, text),
      press: key => page.keyboard.press(key),
      upload: (selector, path) => page.setInputFiles(selector, path)
    }
  }
}

export function tabsOfFirefox (browser: Firefox): Open {
  return async (t, before) => {
    const context = await browser.createBrowserContext()
    t.teardown(async () => { await context.close() })
    // In a window of its own: a tab behind another one is not seen, and draws no pictures.
    const page = await context.newPage({ type: 'window' })
    page.setDefaultTimeout(patience)
    const problems: string[] = []
    page.on('pageerror', error => { problems.push(String(error)) })
    if (before !== undefined) await page.evaluateOnNewDocument(before)
    return {
      problems,
      goto: url => page.goto(url),
      reload: () => page.reload(),
      evaluate: (work: any, argument?: any) => page.evaluate(work, argument),
      until: (holds: any, argument: any) => page.waitForFunction(holds, {}, argument),
      click: selector => page.locator(selector).click(),
      fill: (selector, text) => page.locator(selector).fill(text),
      press: key => page.keyboard.press(key),
      upload: async (selector, path) => { await (await page.$(selector) as ElementHandle<HTMLInputElement>).uploadFile(path) }
    }
  }
}

export async function reaches (tab: Tab, ...states: string[]): Promise<void> {
  await tab.until(states => states.includes(document.body.dataset['state']!), states)
}

/** Waits until the page shows this text there. */
export async function shows (tab: Tab, selector: string, text: string): Promise<void> {
  await tab.until(([selector, text]) => {
    const found = [...document.querySelectorAll<HTMLElement>(selector!)]
    return found.some(element => element.checkVisibility() && element.innerText.includes(text!))
  }, [selector, text])
}

/** The SHA-256 of each file that the page has received and keeps. */
export async function storedHashes (tab: Tab): Promise<string[]> {
  return await tab.evaluate(async () => {
    const found: string[] = []
    for await (const folder of (await navigator.storage.getDirectory()).values()) {
      for await (const file of (folder as FileSystemDirectoryHandle).values()) {
        const digest = await crypto.subtle.digest('SHA-256', await (await (file as FileSystemFileHandle).getFile()).arrayBuffer())
        found.push(Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join(''))
      }
    }
    return found
  })
}
