/** Which side of a call this page is. */
export type Role = 'host' | 'guest'
