/** What is sent. */
export type MediaKind = 'audio' | 'video'

/** What a device does. */
export type DeviceKind = MediaKind | 'speaker'
