import { PNG } from 'pngjs'

const GAP = 4

/** Puts pictures beside each other, each with its top at the top. */
export function contactSheet (pictures: Buffer[]): PNG {
  const images = pictures.map(picture => PNG.sync.read(picture))
  const sheet = new PNG({
    width: images.reduce((sum, { width }) => sum + width + GAP, -GAP),
    height: Math.max(...images.map(({ height }) => height))
  })
  let left = 0
  for (const image of images) {
    PNG.bitblt(image, sheet, 0, 0, image.width, image.height, left, 0)
    left += image.width + GAP
  }
  toGrey(sheet)
  return sheet
}

/** Leaves 16 steps of grey, so that the file is small. */
function toGrey ({ data }: PNG): void {
  for (let at = 0; at < data.length; at += 4) {
    const light = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!
    data.fill(Math.round(light / 17) * 17, at, at + 3)
    data[at + 3] = 255
  }
}

export function encode (sheet: PNG): Buffer {
  return PNG.sync.write(sheet, { colorType: 0, inputColorType: 6, deflateLevel: 9 })
}
