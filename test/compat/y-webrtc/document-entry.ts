import { WebrtcProvider } from 'y-webrtc'
import { Doc } from 'yjs'

// The unmodified packages, as an application bundles them.
Object.assign(window, { Doc, WebrtcProvider })
