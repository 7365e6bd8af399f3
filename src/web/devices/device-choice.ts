import type { State } from '../call/state.js'
import { isOpen } from '../call/state.js'
import { DEVICE_KINDS, type DeviceKind } from '../media/device-kind.js'
import type { Devices } from '../media/devices.js'
import type { LocalMedia } from '../media/local-media.js'
import { canChooseSpeaker } from '../media/speaker.js'
import type { Preferences } from '../storage/preferences.js'
import { setUpDialog } from '../ui/dialog.js'
import { element } from '../ui/dom.js'
import { deviceName } from './device-texts.js'

/** Where people choose their devices: on the start screen, and during a call in a dialog. */
export class DeviceChoice {
  readonly #form = element('device-choice')
  readonly #dialog = element<HTMLDialogElement>('settings')

  /** @param chosen called after the person has chosen a device */
  constructor (
    private readonly devices: Devices,
    private readonly media: LocalMedia,
    private readonly preferences: Preferences,
    chosen: (kind: DeviceKind) => void
  ) {
    for (const kind of DEVICE_KINDS) {
      const select = selectOf(kind)
      select.addEventListener('change', () => {
        const { value: id } = select
        // Not the text in the list: it may lack the number of the model.
        const { label = '' } = devices.of(kind).find(({ deviceId }) => deviceId === id) ?? {}
        preferences.update({ devices: { ...preferences.data.devices, [kind]: { id, label } } })
        chosen(kind)
      })
    }
    const chime = element<HTMLInputElement>('chime')
    chime.checked = preferences.data.chime
    chime.addEventListener('change', () => { preferences.update({ chime: chime.checked }) })
    setUpDialog(this.#dialog, element('settings-open'), element('settings-close'))
    element<HTMLDetailsElement>('start-choice').open = matchMedia('(min-width: 60rem)').matches
  }

  show (state: State): void {
    const place = isOpen(state) ? this.#dialog : element('start-choice')
    if (this.#form.parentElement !== place) place.append(this.#form)
    if (!isOpen(state)) this.#dialog.close()
  }

  /** Shows the devices there are, and which are in use. */
  update (): void {
    for (const kind of DEVICE_KINDS) {
      const select = selectOf(kind)
      const devices = kind === 'speaker' && !canChooseSpeaker ? [] : this.devices.of(kind)
      select.parentElement!.hidden = devices.length === 0
      const options = devices.map(({ label, deviceId }) => new Option(deviceName(label), deviceId))
      if (kind === 'speaker' && !devices.some(({ deviceId }) => deviceId === 'default')) options.unshift(new Option('Default', ''))
      // A list that is open is left alone if it is right.
      if (!same(options, [...select.options])) select.replaceChildren(...options)
      const inUse = kind === 'speaker' ? undefined : this.media.track(kind)?.getSettings().deviceId
      select.value = inUse ?? this.devices.idOf(kind, this.preferences.data.devices[kind])
      if (select.selectedIndex === -1) select.selectedIndex = 0
    }
    element('start-choice').hidden = DEVICE_KINDS.every(kind => selectOf(kind).parentElement!.hidden)
  }
}

function selectOf (kind: DeviceKind): HTMLSelectElement {
  return element<HTMLSelectElement>(`choose-${kind}`)
}

function same (a: HTMLOptionElement[], b: HTMLOptionElement[]): boolean {
  return a.length === b.length && a.every(({ value, text }, index) => value === b[index]?.value && text === b[index]?.text)
}
