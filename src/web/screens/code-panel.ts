import { hasCode, peopleIn, type Person, type State } from '../call/state.js'
import { codesText, comparison, nameOf, spokenCode, type Comparison } from '../call/texts.js'
import { element } from '../ui/dom.js'
import { setUpPopup } from '../ui/popup.js'

/** How long a code that has taken another's place cannot be confirmed, in ms: the person may have meant the one before. */
const SETTLED_AFTER = 1_000

/** The codes of the call, one with each person, and the line that asks people to compare them. */
export class CodePanel {
  readonly #panel = element<HTMLDetailsElement>('code')
  readonly #list = element('codes')
  /** which code is to be compared next, and with whom */
  #next: Comparison | undefined
  /** the code that was last to be compared, and since when it has been */
  #asked: { code: string, since: number } | undefined
  #shown = ''
  /** when the open list last changed */
  #changed = -Infinity

  constructor (private readonly compared: (id: string) => void) {
    setUpPopup(this.#panel)
    element('matches').addEventListener('click', ({ timeStamp }) => {
      if (this.#next === undefined || timeStamp < this.#asked!.since + SETTLED_AFTER) return
      compared(this.#next.id)
      this.#focus()
    })
  }

  show (state: State): void {
    const everyone = peopleIn(state)
    const people = everyone.filter(hasCode)
    const [first] = people
    this.#panel.hidden = first === undefined
    const several = everyone.length > 1
    element('code-word').textContent = several ? 'Codes' : 'Code'
    element('digits').textContent = several ? codesText(people) : spokenCode(first?.code ?? '')
    element('compared').hidden = first === undefined || people.some(({ compared }) => !compared)
    element('code-meaning').textContent = several
      ? 'You share a different code with each person. Compare the digits aloud. If they match, nobody is in the middle. If not, leave the call.'
      : 'Compare these digits aloud. If they match, nobody is in the middle. If not, leave the call.'
    this.#showList(several ? people : [])
    const next = comparison(state)
    this.#next = next
    if (next !== undefined && next.code !== this.#asked?.code) this.#asked = { code: next.code, since: this.#asked === undefined ? -Infinity : performance.now() }
    element('compare').hidden = next === undefined
    if (next !== undefined) showDigits(element('compare-text'), next)
  }

  #showList (people: readonly Person[]): void {
    const news = JSON.stringify(people)
    if (news === this.#shown) return
    this.#shown = news
    if (this.#panel.open) this.#changed = performance.now()
    const focused = this.#list.contains(document.activeElement)
    this.#list.replaceChildren(...people.map(person => this.#itemOf(person)))
    if (focused) this.#focus()
  }

  #itemOf (person: Person): HTMLElement {
    const item = document.createElement('li')
    const name = document.createElement('bdi')
    const digits = document.createElement('span')
    name.textContent = nameOf(person, false)
    digits.textContent = spokenCode(person.code)
    item.append(name, digits)
    if (person.compared) {
      item.append(note('Compared ✓'))
    } else {
      const button = document.createElement('button')
      button.type = 'button'
      button.className = 'button small'
      button.textContent = 'They match'
      button.setAttribute('aria-label', `They match, ${name.textContent}`)
      button.onclick = ({ timeStamp }) => { if (timeStamp >= this.#changed + SETTLED_AFTER) this.compared(person.id) }
      item.append(button)
      if (person.codeChanged) item.append(note('New: compare again'))
    }
    return item
  }

  #focus (): void {
    this.#panel.querySelector('summary')?.focus()
  }
}

/** Shows what to compare with its digits emphasized. */
function showDigits (target: HTMLElement, { text, before, digits, after }: Comparison): void {
  if (target.textContent === text) return
  const strong = document.createElement('strong')
  strong.textContent = digits
  target.replaceChildren(before, strong, after)
}

function note (text: string): HTMLElement {
  const note = document.createElement('span')
  note.className = 'note'
  note.textContent = text
  return note
}
