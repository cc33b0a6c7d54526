import type { Status, Verdict } from '@headgate/core'

/** Pages name colours by what they mean; this is where each gets its two shades. All text meets 4.5:1 on its ground. */
const palette = {
  ground: ['#ffffff', '#14171c'],
  raised: ['#f6f7f9', '#1c2027'],
  line: ['#dde1e7', '#343b46'],
  ink: ['#1b1f26', '#e6e9ee'],
  muted: ['#5a6472', '#a3adbb'],
  link: ['#0b5cad', '#82b8f5'],
  pass: ['#1a6b3c', '#6fcf97'],
  warn: ['#8a5300', '#f0b35b'],
  fail: ['#b3261e', '#ff9b93'],
  unsure: ['#55508c', '#b9b2f5'],
  'series-1': ['#2f6fb0', '#7fb2e8'],
  'series-2': ['#c2611f', '#f0a26a'],
  'series-3': ['#3d8461', '#83cfa8'],
  'series-4': ['#8a5a9e', '#cfa3e0'],
  'series-5': ['#7d6f2a', '#d6c67a'],
  'series-6': ['#5f6b7a', '#aab6c6'],
} as const satisfies Readonly<Record<string, readonly [light: string, dark: string]>>

export type Colour = keyof typeof palette

const names = Object.keys(palette) as Colour[]

/** A colour that charts can be drawn with before it is known which scheme they are seen in. */
export function placeholder(colour: Colour): string {
  return `#0f00${names.indexOf(colour).toString(16).padStart(2, '0')}`
}

/** Puts the page's variables where placeholders were drawn as fill or stroke. */
export function withVariables(svg: string): string {
  return svg.replace(/\b(fill|stroke)="#0f00([0-9a-f]{2})"/g, (whole, property: string, index: string) => {
    const name = names[Number.parseInt(index, 16)]
    return name === undefined ? whole : `${property}="var(--${name})"`
  })
}

/** `--ink: …;` for every colour in one scheme. */
export function variables(scheme: 'light' | 'dark'): string {
  return names.map((name) => `--${name}:${palette[name][scheme === 'light' ? 0 : 1]};`).join('')
}

export function colourOf(status: Status | Verdict): Colour {
  return status === 'pass' || status === 'warn' || status === 'fail' ? status : 'unsure'
}
