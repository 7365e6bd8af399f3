import type { RemotePage } from '../call/remote-page.js'
import { peopleIn, type State } from '../call/state.js'
import type { Sent } from '../media/local-media.js'
import type { Preferences } from '../storage/preferences.js'
import { element } from '../ui/dom.js'
import { PersonTile } from './person-tile.js'
import { PictureView } from './picture-view.js'

/** Everybody else in the call: one fills the stage, several share it. */
export class PeopleView {
  readonly #area = element('people')
  readonly #unmute = element('unmute')
  readonly #tiles = new Map<string, PersonTile>()
  readonly #picture: PictureView

  constructor (preferences: Preferences, private readonly announce: (text: string) => void) {
    this.#picture = new PictureView(preferences, this.#area, () => [...this.#tiles.values()])
    this.#unmute.addEventListener('click', () => { for (const tile of this.tiles) this.#play(tile) })
  }

  get tiles (): readonly PersonTile[] { return [...this.#tiles.values()] }

  show (state: State): void {
    const people = peopleIn(state)
    for (const person of people) this.#tiles.get(person.id)?.show(person, people.length === 1)
    this.#arrange()
  }

  /** Shows somebody's media, or that they are gone. */
  connectedTo (id: string, remotePage: RemotePage | undefined): void {
    let tile = this.#tiles.get(id)
    if (remotePage === undefined) {
      tile?.remove()
      this.#tiles.delete(id)
    } else {
      if (tile === undefined) {
        tile = new PersonTile(this.announce, () => { this.#arrange() })
        this.#tiles.set(id, tile)
        this.#area.append(tile.element)
      }
      tile.connectedTo(remotePage)
      this.#play(tile)
    }
    this.#arrange()
  }

  sends (id: string, sent: Sent): void {
    this.#tiles.get(id)?.sends(sent)
  }

  /** The call is over. */
  leave (): void {
    this.#picture.leave()
  }

  #arrange (): void {
    const { tiles } = this
    this.#showUnmute()
    this.#area.dataset['count'] = String(tiles.length)
    // Text that somebody shares needs room.
    const screen = tiles.length > 1 ? tiles.find(({ shown }) => shown === 'screen') : undefined
    this.#area.classList.toggle('presenting', screen !== undefined)
    for (const tile of tiles) tile.element.classList.toggle('large', tile === screen)
    this.#picture.show()
  }

  /** Browsers may block sound until the person interacts with the page. Others may take their time: nobody waits for them. */
  #play (tile: PersonTile): void {
    void tile.play().then(() => { this.#showUnmute() })
  }

  #showUnmute (): void {
    this.#unmute.parentElement!.hidden = !this.tiles.some(({ blocked }) => blocked)
  }
}
