import type { Size } from './picture-fit.js'

/** The number of columns that makes these pictures largest, if the frame is divided into cells of equal size. */
export function columnsFor (pictures: readonly Size[], frame: Size): number {
  const areas = pictures.map((_, index) => {
    const columns = index + 1
    const [width, height] = [frame.width / columns, frame.height / Math.ceil(pictures.length / columns)]
    return pictures.reduce((sum, picture) => {
      // Nothing is known yet about a picture without a size.
      const ratio = picture.height === 0 ? 16 / 9 : picture.width / picture.height
      return sum + Math.min(width, height * ratio) * Math.min(height, width / ratio)
    }, 0)
  })
  return Math.max(1, areas.indexOf(Math.max(...areas)) + 1)
}
