import { element } from '../ui/dom.js'

/** The whole page as a place to drop files. */
export class FileDrop {
  enabled = false
  readonly #target = element('drop')

  /** @param trouble why nothing can be dropped now; undefined if it can */
  constructor (private readonly trouble: () => string | undefined, private readonly dropped: (files: File[]) => void) {
    addEventListener('dragenter', event => { if (this.#concerns(event)) this.#show(true) })
    addEventListener('dragover', event => {
      if (!this.#concerns(event)) return
      // Otherwise the browser would leave the call and open the file.
      event.preventDefault()
      event.dataTransfer.dropEffect = this.trouble() === undefined ? 'copy' : 'none'
    })
    this.#target.addEventListener('dragleave', () => { this.#show(false) })
    addEventListener('drop', event => {
      this.#show(false)
      if (!this.#concerns(event)) return
      event.preventDefault()
      this.dropped(filesIn(event.dataTransfer))
    })
  }

  #concerns (event: DragEvent): event is DragEvent & { dataTransfer: DataTransfer } {
    return this.enabled && event.dataTransfer?.types.includes('Files') === true
  }

  #show (shown: boolean): void {
    this.#target.hidden = !shown
    this.#target.textContent = this.trouble() ?? 'Drop files to send them'
  }
}

/** Folders are left out: they have nothing to read. */
function filesIn (data: DataTransfer): File[] {
  return [...data.items].filter(item => item.kind === 'file' && item.webkitGetAsEntry?.()?.isDirectory !== true)
    .map(item => item.getAsFile()).filter(file => file !== null)
}
