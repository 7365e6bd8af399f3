#!/usr/bin/env node
import { oldestNode } from '../manifest.js'
import { isOlder } from './old-node.js'

// Before anything else is loaded, which would fail with an error that does not say why.
if (isOlder(process.versions.node, oldestNode)) {
  process.stderr.write(`signalbox: needs Node ${oldestNode} or later, and this is ${process.versions.node}\n`)
  process.exit(1)
}
await import('./main.js')
