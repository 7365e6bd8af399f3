import { encode } from 'uqr'

const SVG = 'http://www.w3.org/2000/svg'

/** Renders text as a QR code (ISO/IEC 18004), with the quiet zone that scanners need, as an SVG with a single path. */
export function qrCode (text: string, label: string): SVGSVGElement {
  const { data, size } = encode(text, { border: 4 })
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`)
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', label)
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', darkRuns(data))
  svg.append(path)
  return svg
}

/** Path data with one rectangle for each run of dark modules in a row. */
export function darkRuns (rows: boolean[][]): string {
  let path = ''
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue
      const from = x
      while (row[x + 1]) x++
      const width = x + 1 - from
      path += `M${from} ${y}h${width}v1h-${width}z`
    }
  })
  return path
}
