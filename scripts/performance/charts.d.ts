export interface Bar {
  label: string
  value: number
  text: string
  ours: boolean
}
export declare function barChart (chart: { title: string, note: string, bars: Bar[] }): string
export declare function described (chart: string): string
