/* One state of the call page, named by the query of the URL; after that, the colour scheme, if it is not the browser's. */
import { isOpen } from '../../src/web/call/state.js'
import { scenes } from './scenes.js'
import { Stage } from './stage.js'

const [name = '', scheme] = location.search.slice(1).split('&')
const scene = scenes[name]
if (scene === undefined) throw new Error(`The gallery has no scene ${name}`)
const { state, devices, first, then } = scene
if (scheme !== undefined) useColours(scheme)
localStorage.clear()
sessionStorage.clear()
const stage = new Stage({ name: 'ready', role: state.role }, devices)
await first?.(stage)
stage.page.show(state)
if (isOpen(state) && devices !== undefined) await stage.open()
await then?.(stage)
await stage.settle()
// So that nothing looks as if it were pointed at or typed in.
if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
document.body.dataset['scene'] = name

function useColours (scheme: string): void {
  document.documentElement.style.colorScheme = scheme
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (rule instanceof CSSMediaRule && rule.conditionText.includes('color-scheme')) rule.media.mediaText = scheme === 'dark' ? 'all' : 'not all'
    }
  }
}
