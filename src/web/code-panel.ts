import { element, showText } from './dom.js'
import { peopleIn, type Person, type State } from './state.js'
import { codesText, comparison, nameOf, spokenCode } from './texts.js'

/** The codes of the call, one with each person, and the line that asks people to compare them. */
export class CodePanel {
  readonly #panel = element<HTMLDetailsElement>('code')
  readonly #list = element('codes')
  /** whose code is to be compared next */
  #next: string | undefined
  #shown = ''

  constructor (private readonly compared: (id: string) => void) {
    element('matches').addEventListener('click', () => {
      if (this.#next !== undefined) compared(this.#next)
      this.#focus()
    })
  }

  show (state: State): void {
    const people = peopleIn(state)
    const [first] = people
    this.#panel.hidden = first === undefined
    const several = people.length > 1
    element('code-word').textContent = several ? 'Codes' : 'Code'
    element('digits').textContent = several ? codesText(people) : spokenCode(first?.code ?? '')
    element('compared').hidden = first === undefined || people.some(({ compared }) => !compared)
    element('code-meaning').textContent = several
      ? 'There is a code for each two people. Read each aloud with its person. If you both have the same digits, nobody is between you. If not, leave the call.'
      : 'Read these digits aloud to each other. If they match, nobody is in the middle. If not, leave the call.'
    this.#showList(several ? people : [])
    const next = comparison(state)
    this.#next = next?.id
    element('compare').hidden = next === undefined
    showText(element('compare-text'), next?.text)
  }

  #showList (people: readonly Person[]): void {
    const news = JSON.stringify(people)
    if (news === this.#shown) return
    this.#shown = news
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
      button.onclick = () => { this.compared(person.id) }
      item.append(button)
      if (person.codeChanged) item.append(note('New: compare again'))
    }
    return item
  }

  #focus (): void {
    this.#panel.querySelector('summary')?.focus()
  }
}

function note (text: string): HTMLElement {
  const note = document.createElement('span')
  note.className = 'note'
  note.textContent = text
  return note
}
