/* What cameras and screens show in the gallery: drawn, and always the same. */

type Paint = (context: CanvasRenderingContext2D) => void

/** A stream of one picture. */
export function streamOf (paint: Paint): MediaStream {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 })
  const context = canvas.getContext('2d')!
  const stream = canvas.captureStream()
  paint(context)
  // Whoever looks later gets a picture, too.
  setInterval(() => { paint(context) }, 100)
  return stream
}

/** A head and shoulders before a wall. */
export function person (wall: string, clothes: string, skin: string): Paint {
  return context => {
    context.fillStyle = wall
    context.fillRect(0, 0, 1280, 720)
    context.fillStyle = clothes
    context.beginPath()
    context.ellipse(640, 760, 330, 290, 0, 0, 2 * Math.PI)
    context.fill()
    context.fillStyle = skin
    context.beginPath()
    context.ellipse(640, 320, 130, 165, 0, 0, 2 * Math.PI)
    context.fill()
  }
}

/** A text with a heading, as on a screen that is shared. */
export const writing: Paint = context => {
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, 1280, 720)
  context.fillStyle = '#404a58'
  context.fillRect(100, 80, 560, 44)
  context.fillStyle = '#aab2bd'
  for (let y = 180; y < 640; y += 44) context.fillRect(100, y, y % 5 === 0 ? 620 : 1_040, 16)
}
