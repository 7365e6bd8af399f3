/* The gallery: every scene in frames of several sizes. */
import { scenes } from './scenes.js'
import { sizes } from './sizes.js'

const dark = document.querySelector<HTMLInputElement>('#dark')!
const list = document.querySelector('main')!

function show (): void {
  list.replaceChildren(...Object.keys(scenes).map(sectionOf))
}

function sectionOf (name: string): HTMLElement {
  const section = document.createElement('section')
  const heading = document.createElement('h2')
  const link = document.createElement('a')
  const frames = document.createElement('div')
  link.href = `frame.html?${name}&${dark.checked ? 'dark' : 'light'}`
  link.textContent = name
  heading.append(link)
  for (const [size, { width, height }] of Object.entries(sizes)) {
    frames.append(Object.assign(document.createElement('iframe'), { width, height, loading: 'lazy', src: link.href, title: `${name}, ${size}` }))
  }
  section.append(heading, frames)
  return section
}

dark.addEventListener('change', show)
show()
