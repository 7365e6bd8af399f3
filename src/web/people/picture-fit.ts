export interface Size { width: number, height: number }

/** The whole picture with empty edges, or the whole frame with a picture that is cut. */
export type Fit = 'fit' | 'fill'

/** How much of a picture may be cut off without being asked for. */
const MAX_CUT = 0.5

/** How a picture is put into its frame if the person has not chosen. */
export function naturalFit (picture: Size, frame: Size): Fit {
  const [a, b] = [picture.width * frame.height, frame.width * picture.height]
  // Nothing is known yet about a picture without a size.
  if (a === 0 || b === 0) return 'fill'
  return 1 - Math.min(a / b, b / a) > MAX_CUT ? 'fit' : 'fill'
}
