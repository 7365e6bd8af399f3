/** What is sent. */
export const MEDIA_KINDS = ['audio', 'video'] as const

export type MediaKind = typeof MEDIA_KINDS[number]

/** What a device does. */
export const DEVICE_KINDS = [...MEDIA_KINDS, 'speaker'] as const

export type DeviceKind = typeof DEVICE_KINDS[number]
